//! The change feed.

use std::collections::VecDeque;

use futures_channel::mpsc;
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::port;
use hexmtp_ports::store::{ChangeFeed, FeedEntry, FeedEvent, FeedPosition, StoreError};

use crate::MemoryStore;

/// The events that were not trimmed. The position of an event is its place among all that there ever were, counted
/// from one.
#[derive(Default)]
pub(crate) struct Feed {
    /// How many events were trimmed.
    trimmed: u64,
    events: VecDeque<FeedEvent>,
}

impl Feed {
    pub(crate) fn push(&mut self, event: FeedEvent) {
        self.events.push_back(event);
    }

    pub(crate) fn len(&self) -> u64 {
        self.events.len() as u64
    }

    pub(crate) fn position(&self) -> FeedPosition {
        FeedPosition(self.trimmed + self.len())
    }

    fn after(&self, position: FeedPosition, limit: usize) -> Result<Vec<FeedEntry>, StoreError> {
        let Some(passed) = position.0.checked_sub(self.trimmed) else {
            return Err(StoreError::PositionGone { oldest: FeedPosition(self.trimmed) });
        };
        let events = self.events.iter().zip(self.trimmed + 1..);
        let events = events.skip(usize::try_from(passed).unwrap_or(usize::MAX)).take(limit);
        Ok(events
            .map(|(event, position)| FeedEntry { position: FeedPosition(position), event: *event })
            .collect())
    }

    /// Drops the events up to a position; one that lies ahead means all of them.
    pub(crate) fn trim(&mut self, up_to: FeedPosition) {
        while self.trimmed < up_to.0 && self.events.pop_front().is_some() {
            self.trimmed += 1;
        }
    }
}

#[port]
impl ChangeFeed for MemoryStore {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        self.read(|data| data.feed.position())
    }

    async fn changes_after(
        &self,
        position: FeedPosition,
        limit: usize,
    ) -> Result<Vec<FeedEntry>, StoreError> {
        self.read(|data| data.feed.after(position, limit))?
    }

    fn wake_ups(&self) -> BoxStream<'static, ()> {
        // One place in the channel is enough: a wake-up that waits there stands for every commit before it is read.
        let (sender, receiver) = mpsc::channel(0);
        self.register(sender);
        Box::pin(receiver)
    }
}
