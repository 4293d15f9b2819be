//! How far logs were read, and what waits.

use std::collections::BTreeMap;

use hexmtp_domain::{Cursor, Topic, VectorClock};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CutoverRecord, DeferredWelcome, IcedEnvelope, ProgressQuery, StoreError, Watermark,
};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::BATCH;
use crate::SqliteStore;
use crate::convert::{cursor as to_cursor, from_u64, to_u64};
use crate::entity::{cursor, cutover, deferred_welcome, iced, iced_dependency, watermark};
use crate::error::from_db;
use crate::tenant::{record, records};

#[port]
impl ProgressQuery for SqliteStore {
    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError> {
        let mut clocks = self.cursors(&[topic]).await?;
        Ok(clocks.pop().unwrap_or_default())
    }

    async fn cursors(&self, topics: &[Topic]) -> Result<Vec<VectorClock>, StoreError> {
        let reader = self.reader()?;
        let mut clocks: BTreeMap<Vec<u8>, VectorClock> = BTreeMap::new();
        for topics in topics.chunks(BATCH) {
            let query = self.tenant().find::<cursor::Entity>();
            let query =
                query.filter(cursor::Column::Topic.is_in(topics.iter().map(|topic| topic.to_bytes())));
            for row in query.all(reader).await.map_err(from_db)? {
                let cursor = to_cursor("cursors.sequence_id", row.originator, row.sequence_id)?;
                clocks.entry(row.topic).or_default().advance(cursor);
            }
        }
        Ok(topics.iter().map(|topic| clocks.get(&topic.to_bytes()).cloned().unwrap_or_default()).collect())
    }

    async fn watermark(&self, mark: Watermark) -> Result<u64, StoreError> {
        let key = (self.tenant().id, watermark::kind_number(mark), mark.group_id().to_vec());
        let found = watermark::Entity::find_by_id(key).one(self.reader()?).await.map_err(from_db)?;
        found.map_or(Ok(0), |row| to_u64("watermarks.reached", row.reached))
    }

    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError> {
        use deferred_welcome::{Column, Entity};
        let query = self.tenant().find::<Entity>();
        let query = query.order_by_asc(Column::Originator).order_by_asc(Column::SequenceId);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn iced(&self, topic: Topic) -> Result<Vec<IcedEnvelope>, StoreError> {
        use iced::{Column, Entity};
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::Topic.eq(topic.to_bytes()))
            .order_by_asc(Column::Originator)
            .order_by_asc(Column::SequenceId);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn iced_behind(&self, topic: Topic, cursor: Cursor) -> Result<Vec<IcedEnvelope>, StoreError> {
        use iced::{Column, Entity};
        use iced_dependency::Column as Needed;
        let reader = self.reader()?;
        let Ok(number) = from_u64(cursor.sequence_id.0) else {
            return Ok(Vec::new());
        };
        let needed = |column| Expr::col((iced_dependency::Entity, column));
        let waiting = Query::select()
            .expr(Expr::val(1))
            .from(iced_dependency::Entity)
            .and_where(needed(Needed::Installation).eq(self.tenant().id))
            .and_where(needed(Needed::Topic).eq(topic.to_bytes()))
            .and_where(needed(Needed::NeededOriginator).eq(i64::from(cursor.originator.0)))
            .and_where(needed(Needed::NeededSequenceId).eq(number))
            .and_where(needed(Needed::Originator).equals((Entity, Column::Originator)))
            .and_where(needed(Needed::SequenceId).equals((Entity, Column::SequenceId)))
            .take();
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::Topic.eq(topic.to_bytes()))
            .filter(Expr::exists(waiting))
            .order_by_asc(Column::Originator)
            .order_by_asc(Column::SequenceId);
        records(self.tenant(), query.all(reader).await.map_err(from_db)?)
    }

    async fn cutover(&self) -> Result<Option<CutoverRecord>, StoreError> {
        let query = cutover::Entity::find_by_id(self.tenant().id);
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }
}
