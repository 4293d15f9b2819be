//! How far logs were read, and what waits.

use std::collections::BTreeMap;

use hexmtp_domain::{Cursor, Topic, VectorClock};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CutoverRecord, DeferredWelcome, IcedEnvelope, ProgressQuery, StoreError, Watermark,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, JoinType, Order, QueryFilter, QueryOrder, QuerySelect};

use super::BATCH;
use crate::SqlStore;
use crate::convert::{cursor as to_cursor, from_u64, to_u64};
use crate::entity::{cursor, cutover, deferred_welcome, iced, iced_dependency, watermark};
use crate::error::from_db;
use crate::tenant::{record, records};

#[port]
impl ProgressQuery for SqlStore {
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
        let waiting = [
            needed(Needed::Installation).eq(self.tenant().id),
            needed(Needed::Topic).eq(topic.to_bytes()),
            needed(Needed::NeededOriginator).eq(i64::from(cursor.originator.0)),
            needed(Needed::NeededSequenceId).eq(number),
            needed(Needed::Originator).equals((Entity, Column::Originator)),
            needed(Needed::SequenceId).equals((Entity, Column::SequenceId)),
        ];
        let waiting = waiting.into_iter().fold(Condition::all(), Condition::add);
        let mut query = self.tenant().find::<Entity>().filter(Column::Topic.eq(topic.to_bytes()));
        QuerySelect::query(&mut query)
            .join(JoinType::InnerJoin, iced_dependency::Entity, waiting)
            .order_by((iced_dependency::Entity, Needed::Originator), Order::Asc)
            .order_by((iced_dependency::Entity, Needed::SequenceId), Order::Asc);
        records(self.tenant(), query.all(reader).await.map_err(from_db)?)
    }

    async fn cutover(&self) -> Result<Option<CutoverRecord>, StoreError> {
        let query = cutover::Entity::find_by_id(self.tenant().id);
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }
}
