//! The queries for how far logs were read, and for what waits.

use hexmtp_domain::{Cursor, Topic, VectorClock};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CutoverRecord, DeferredWelcome, IcedEnvelope, ProgressQuery, StoreError, Watermark,
};

use crate::MemoryStore;
use crate::data::Data;

fn cursor(data: &Data, topic: Topic) -> VectorClock {
    data.cursors.get(&topic).cloned().unwrap_or_default()
}

/// The iced envelopes of a topic, in the order of their cursors.
fn iced(data: &Data, topic: Topic) -> impl Iterator<Item = &IcedEnvelope> {
    data.iced.values().filter(move |iced| iced.topic == topic)
}

#[port]
impl ProgressQuery for MemoryStore {
    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError> {
        self.read(|data| cursor(data, topic))
    }

    async fn cursors(&self, topics: &[Topic]) -> Result<Vec<VectorClock>, StoreError> {
        self.read(|data| topics.iter().map(|topic| cursor(data, *topic)).collect())
    }

    async fn watermark(&self, mark: Watermark) -> Result<u64, StoreError> {
        self.read(|data| data.watermarks.get(&mark).copied().unwrap_or_default())
    }

    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError> {
        self.read(|data| data.deferred_welcomes.values().cloned().collect())
    }

    async fn iced(&self, topic: Topic) -> Result<Vec<IcedEnvelope>, StoreError> {
        self.read(|data| iced(data, topic).cloned().collect())
    }

    async fn iced_behind(&self, topic: Topic, cursor: Cursor) -> Result<Vec<IcedEnvelope>, StoreError> {
        self.read(|data| {
            iced(data, topic).filter(|iced| iced.depends_on.contains(&cursor)).cloned().collect()
        })
    }

    async fn cutover(&self) -> Result<Option<CutoverRecord>, StoreError> {
        self.read(|data| data.cutover)
    }
}
