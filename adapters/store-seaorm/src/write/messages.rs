//! Messages.

use std::collections::BTreeSet;

use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Cursor, GroupId, MessageId, Timestamp};
use hexmtp_ports::store::{DeletionRecord, FeedEvent, MessageRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait};

use super::{BATCH, Writer};
use crate::convert::id as checked;
use crate::entity::deletion;
use crate::entity::message::{ActiveModel, Column, Entity, place, to_row};
use crate::error::from_db;

/// Stores messages in their order and tells of those that are new.
pub(super) async fn insert(writer: &mut Writer<'_>, messages: Vec<MessageRecord>) -> Result<(), StoreError> {
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        let batch: Vec<_> = messages.by_ref().take(BATCH).collect();
        let names: Vec<_> = batch.iter().map(|message| (message.group_id, message.id)).collect();
        let rows =
            batch.into_iter().map(|record| to_row(writer.tenant, writer.counters.next_ordinal(), record));
        let mut insert = Entity::insert_many(rows.collect::<Result<Vec<_>, _>>()?)
            .on_conflict(OnConflict::columns([Column::Installation, Column::Id]).do_nothing().to_owned())
            .into_query();
        insert.returning(Query::returning().column(Column::Id));
        let mut new = BTreeSet::new();
        for row in writer.transaction.query_all(&insert).await.map_err(from_db)? {
            new.insert(row.try_get::<Vec<u8>>("", "id").map_err(from_db)?);
        }
        let stored = names.into_iter().filter(|(_, id)| new.remove(id.as_bytes().as_slice()));
        writer.events.extend(stored.map(|(group_id, id)| FeedEvent::MessageStored { group_id, id }));
    }
    Ok(())
}

/// Settles a message and tells of it; an unknown one is passed over.
pub(super) async fn set_delivery(
    writer: &mut Writer<'_>,
    id: MessageId,
    status: DeliveryStatus,
    published: Option<(Timestamp, Cursor)>,
) -> Result<(), StoreError> {
    let mut change = ActiveModel { delivery: Set(status.to_stored()), ..Default::default() };
    if let Some((sent_at, cursor)) = published {
        let (originator, sequence_id) = place(cursor)?;
        change.sent_at = Set(sent_at.as_nanos());
        change.originator = Set(originator);
        change.sequence_id = Set(sequence_id);
    }
    let update = writer.tenant.update::<Entity>().set(change).filter(Column::Id.eq(id.to_vec()));
    let mut update = update.into_query();
    update.returning(Query::returning().column(Column::GroupId));
    if let Some(group_id) = group_of(writer, &update).await? {
        writer.events.push(FeedEvent::MessageSettled { group_id, id });
    }
    Ok(())
}

/// Removes a message and tells of it; an unknown one is passed over.
pub(super) async fn delete(writer: &mut Writer<'_>, id: MessageId) -> Result<(), StoreError> {
    let mut delete = writer.tenant.delete::<Entity>().filter(Column::Id.eq(id.to_vec())).into_query();
    delete.returning(Query::returning().column(Column::GroupId));
    if let Some(group_id) = group_of(writer, &delete).await? {
        writer.events.push(FeedEvent::MessageDeleted { group_id, id });
    }
    Ok(())
}

/// The group of the message that a statement changed, if it changed one.
async fn group_of(
    writer: &Writer<'_>,
    statement: &impl sea_orm::StatementBuilder,
) -> Result<Option<GroupId>, StoreError> {
    let Some(row) = writer.transaction.query_one(statement).await.map_err(from_db)? else {
        return Ok(None);
    };
    let group_id: Vec<u8> = row.try_get("", "group_id").map_err(from_db)?;
    checked("messages.group_id", GroupId::from_slice(&group_id)).map(Some)
}

/// Stores a request to take a message back and tells of it; one that is stored already is passed over.
pub(super) async fn record_deletion(
    writer: &mut Writer<'_>,
    record: &DeletionRecord,
) -> Result<(), StoreError> {
    let row = deletion::to_row(writer.tenant, writer.counters.next_ordinal(), record);
    let key = [deletion::Column::Installation, deletion::Column::Request];
    let insert = deletion::Entity::insert(row).on_conflict(OnConflict::columns(key).do_nothing().to_owned());
    if writer.insert(insert).await? {
        writer.events.push(FeedEvent::MessageTakenBack { group_id: record.group_id, id: record.target });
    }
    Ok(())
}
