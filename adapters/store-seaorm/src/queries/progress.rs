//! How far logs were read.

use hexmtp_domain::{Cursor, Topic, VectorClock};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CutoverRecord, DeferredWelcome, IcedEnvelope, ProgressQuery, StoreError, Watermark,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{not_yet, records};
use crate::SqliteStore;
use crate::convert::cursor as to_cursor;
use crate::entity::{cursor, deferred_welcome};
use crate::error::from_db;

#[port]
impl ProgressQuery for SqliteStore {
    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError> {
        let query = deferred_welcome::Entity::find()
            .order_by_asc(deferred_welcome::Column::Originator)
            .order_by_asc(deferred_welcome::Column::SequenceId);
        records(query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError> {
        let query = cursor::Entity::find().filter(cursor::Column::Topic.eq(topic.to_bytes()));
        let rows = query.all(self.reader()?).await.map_err(from_db)?;
        rows.into_iter()
            .map(|row| to_cursor("cursors.sequence_id", row.originator, row.sequence_id))
            .collect()
    }

    async fn cursors(&self, topics: &[Topic]) -> Result<Vec<VectorClock>, StoreError> {
        let mut clocks = Vec::with_capacity(topics.len());
        for topic in topics {
            clocks.push(self.cursor(*topic).await?);
        }
        Ok(clocks)
    }

    async fn watermark(&self, _: Watermark) -> Result<u64, StoreError> {
        Err(not_yet())
    }

    async fn iced(&self, _: Topic) -> Result<Vec<IcedEnvelope>, StoreError> {
        Err(not_yet())
    }

    async fn iced_behind(&self, _: Topic, _: Cursor) -> Result<Vec<IcedEnvelope>, StoreError> {
        Err(not_yet())
    }

    async fn cutover(&self) -> Result<Option<CutoverRecord>, StoreError> {
        Err(not_yet())
    }
}
