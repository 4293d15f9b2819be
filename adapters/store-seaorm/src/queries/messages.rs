//! Messages.

use hexmtp_domain::{MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    DeletionRecord, Direction, MessageFilter, MessageQuery, MessageRecord, StoreError,
};
use sea_orm::{
    ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::{not_yet, record, records};
use crate::SqliteStore;
use crate::convert::limit;
use crate::entity::message::{Column, Entity};
use crate::error::from_db;

fn select(filter: &MessageFilter) -> Select<Entity> {
    let mut query = Entity::find();
    if !filter.groups.is_empty() {
        query = query.filter(Column::GroupId.is_in(filter.groups.iter().map(|id| id.to_vec())));
    }
    if let Some(bound) = filter.sent_after {
        query = query.filter(Column::SentAt.gt(bound.as_nanos()));
    }
    if let Some(bound) = filter.sent_before {
        query = query.filter(Column::SentAt.lt(bound.as_nanos()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(Column::Kind.eq(kind.to_stored()));
    }
    if let Some(delivery) = filter.delivery {
        query = query.filter(Column::Delivery.eq(delivery.to_stored()));
    }
    query
}

/// By time, then by the place in the log (those without one come last), then in the order of storing. The number
/// counts before its originator, because the originators of the v3 API number the messages of a group in one row
/// (PROTOCOL.md 5.2).
fn in_order(query: Select<Entity>, direction: Direction) -> Select<Entity> {
    let order = match direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    query
        .order_by(Column::SentAt, order.clone())
        .order_by(Column::SequenceId.is_null(), order.clone())
        .order_by(Column::SequenceId, order.clone())
        .order_by(Column::Originator, order.clone())
        .order_by(Column::Ordinal, order)
}

#[port]
impl MessageQuery for SqliteStore {
    async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        let query = Entity::find().filter(Column::Id.eq(id.to_vec()));
        record(query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
        let query = in_order(select(filter), filter.direction).limit(filter.limit.map(limit));
        records(query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Option<MessageRecord>>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push(self.message(*id).await?);
        }
        Ok(found)
    }

    async fn deletions_of(&self, _: &[MessageId]) -> Result<Vec<DeletionRecord>, StoreError> {
        Err(not_yet())
    }

    async fn expired_messages(&self, _: Timestamp, _: usize) -> Result<Vec<MessageId>, StoreError> {
        Err(not_yet())
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(not_yet())
    }

    async fn count_messages(&self, filter: &MessageFilter) -> Result<u64, StoreError> {
        select(filter).count(self.reader()?).await.map_err(from_db)
    }
}
