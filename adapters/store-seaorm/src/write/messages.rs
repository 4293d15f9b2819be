//! Messages.

use std::collections::BTreeSet;

use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Cursor, GroupId, MessageId, Timestamp};
use hexmtp_ports::store::{FeedEvent, MessageRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryTrait};

use super::BATCH;
use crate::convert::{from_sequence, id as checked};
use crate::entity::message::{ActiveModel, Column, Entity, to_row};
use crate::error::from_db;

/// Stores messages in their order and tells of those that are new.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    messages: Vec<MessageRecord>,
    events: &mut Vec<FeedEvent>,
) -> Result<(), StoreError> {
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        let batch: Vec<_> = messages.by_ref().take(BATCH).collect();
        let names: Vec<_> = batch.iter().map(|message| (message.group_id, message.id)).collect();
        let rows = batch.into_iter().map(to_row).collect::<Result<Vec<_>, _>>()?;
        let mut insert = Entity::insert_many(rows)
            .on_conflict(OnConflict::column(Column::Id).do_nothing().to_owned())
            .into_query();
        insert.returning(Query::returning().column(Column::Id));
        let mut new = BTreeSet::new();
        for row in transaction.query_all(&insert).await.map_err(from_db)? {
            new.insert(row.try_get::<Vec<u8>>("", "id").map_err(from_db)?);
        }
        let stored = names.into_iter().filter(|(_, id)| new.remove(id.as_bytes().as_slice()));
        events.extend(stored.map(|(group_id, id)| FeedEvent::MessageStored { group_id, id }));
    }
    Ok(())
}

/// Settles a message and tells of it; an unknown one is passed over.
pub(super) async fn set_delivery(
    transaction: &DatabaseTransaction,
    id: MessageId,
    status: DeliveryStatus,
    published: Option<(Timestamp, Cursor)>,
) -> Result<Option<FeedEvent>, StoreError> {
    let mut change = ActiveModel { delivery: Set(status.to_stored()), ..Default::default() };
    if let Some((sent_at, cursor)) = published {
        change.sent_at = Set(sent_at.as_nanos());
        change.originator = Set(Some(cursor.originator.0.into()));
        change.sequence_id = Set(Some(from_sequence(cursor.sequence_id)?));
    }
    let mut update = Entity::update_many().set(change).filter(Column::Id.eq(id.to_vec())).into_query();
    update.returning(Query::returning().column(Column::GroupId));
    let Some(row) = transaction.query_one(&update).await.map_err(from_db)? else {
        return Ok(None);
    };
    let group_id: Vec<u8> = row.try_get("", "group_id").map_err(from_db)?;
    let group_id = checked("messages.group_id", GroupId::from_slice(&group_id))?;
    Ok(Some(FeedEvent::MessageSettled { group_id, id }))
}
