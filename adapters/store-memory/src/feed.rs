//! The change feed.

use futures_channel::mpsc;
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::port;
use hexmtp_ports::store::{ChangeFeed, FeedEntry, FeedPosition, StoreError};

use crate::MemoryStore;

#[port]
impl ChangeFeed for MemoryStore {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        self.read(|data| data.position())
    }

    async fn changes_after(
        &self,
        position: FeedPosition,
        limit: usize,
    ) -> Result<Vec<FeedEntry>, StoreError> {
        self.read(|data| data.changes_after(position, limit))
    }

    fn wake_ups(&self) -> BoxStream<'static, ()> {
        // One place in the channel is enough: a wake-up that waits there stands for every commit before it is read.
        let (sender, receiver) = mpsc::channel(0);
        self.register(sender);
        Box::pin(receiver)
    }
}
