//! Envelopes that wait for others.

use hexmtp_domain::{Cursor, Topic};
use hexmtp_ports::store::{IcedEnvelope, StoreError};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{BATCH, Writer};
use crate::convert::from_sequence;
use crate::entity::{iced, iced_dependency};
use crate::error::from_db;

/// Stores an envelope with what it waits for; one that is stored already is left as it is.
pub(super) async fn ice(writer: &Writer<'_>, record: IcedEnvelope) -> Result<(), StoreError> {
    use iced::{Column, Entity};
    let dependencies = iced_dependency::to_rows(writer.tenant, &record)?;
    let key = [Column::Installation, Column::Topic, Column::Originator, Column::SequenceId];
    let insert = Entity::insert(iced::to_row(writer.tenant, record)?);
    let insert = insert.on_conflict(OnConflict::columns(key).do_nothing().to_owned());
    if !writer.insert(insert).await? {
        return Ok(());
    }
    for rows in dependencies.chunks(BATCH) {
        let insert = iced_dependency::Entity::insert_many(rows.to_vec());
        insert.exec_without_returning(writer.transaction).await.map_err(from_db)?;
    }
    Ok(())
}

/// Forgets an envelope and what it waits for; an unknown one is passed over.
pub(super) async fn thaw(writer: &Writer<'_>, topic: Topic, cursor: Cursor) -> Result<(), StoreError> {
    let (originator, number) = (i64::from(cursor.originator.0), from_sequence(cursor.sequence_id)?);
    let envelope = writer
        .tenant
        .delete::<iced::Entity>()
        .filter(iced::Column::Topic.eq(topic.to_bytes()))
        .filter(iced::Column::Originator.eq(originator))
        .filter(iced::Column::SequenceId.eq(number));
    if envelope.exec(writer.transaction).await.map_err(from_db)?.rows_affected == 0 {
        return Ok(());
    }
    let dependencies = writer
        .tenant
        .delete::<iced_dependency::Entity>()
        .filter(iced_dependency::Column::Topic.eq(topic.to_bytes()))
        .filter(iced_dependency::Column::Originator.eq(originator))
        .filter(iced_dependency::Column::SequenceId.eq(number));
    dependencies.exec(writer.transaction).await.map(drop).map_err(from_db)
}
