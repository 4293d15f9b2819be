//! How far logs were worked through.

use std::collections::BTreeMap;

use hexmtp_domain::{Cursor, Topic, VectorClock};
use hexmtp_ports::store::{CutoverRecord, DeferredWelcome, StoreError, SyncProgress, Watermark};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{BATCH, Writer};
use crate::convert::from_sequence;
use crate::entity::{cursor, cutover, deferred_welcome, sync_progress, watermark};
use crate::error::from_db;

/// What replaces a stored number only by a larger one.
fn only_forward<C, E>(key: Vec<C>, entity: E, number: C) -> OnConflict
where
    C: IntoIden + Copy + 'static,
    E: IntoIden,
{
    let forward = Expr::col(("excluded", number)).gt(Expr::col((entity, number)));
    OnConflict::columns(key).update_column(number).action_and_where(forward).to_owned()
}

/// Moves cursors forward, never back.
pub(super) async fn advance(
    writer: &Writer<'_>,
    clocks: BTreeMap<Topic, VectorClock>,
) -> Result<(), StoreError> {
    use cursor::{ActiveModel, Column, Entity};
    let mut rows = Vec::new();
    for (topic, clock) in clocks {
        for cursor in clock.iter() {
            rows.push(ActiveModel {
                installation: Set(writer.tenant.id),
                topic: Set(topic.to_bytes()),
                originator: Set(cursor.originator.0.into()),
                sequence_id: Set(from_sequence(cursor.sequence_id)?),
            });
        }
    }
    let key = vec![Column::Installation, Column::Topic, Column::Originator];
    let forward = only_forward(key, Entity, Column::SequenceId);
    for rows in rows.chunks(BATCH) {
        let insert = Entity::insert_many(rows.to_vec()).on_conflict(forward.clone());
        insert.exec_without_returning(writer.transaction).await.map_err(from_db)?;
    }
    Ok(())
}

/// Moves a watermark forward, never back.
pub(super) async fn advance_watermark(
    writer: &Writer<'_>,
    mark: Watermark,
    to: u64,
) -> Result<(), StoreError> {
    use watermark::{Column, Entity};
    let key = vec![Column::Installation, Column::Kind, Column::GroupId];
    let insert = Entity::insert(watermark::to_row(writer.tenant, mark, to)?);
    writer.insert(insert.on_conflict(only_forward(key, Entity, Column::Reached))).await.map(drop)
}

pub(super) async fn defer_welcome(writer: &Writer<'_>, record: DeferredWelcome) -> Result<(), StoreError> {
    use deferred_welcome::{Column, Entity};
    let key = [Column::Installation, Column::Originator, Column::SequenceId];
    let insert = Entity::insert(deferred_welcome::to_row(writer.tenant, record)?);
    writer.insert(insert.on_conflict(OnConflict::columns(key).do_nothing().to_owned())).await.map(drop)
}

pub(super) async fn forget_deferred_welcome(writer: &Writer<'_>, cursor: Cursor) -> Result<(), StoreError> {
    use deferred_welcome::{Column, Entity};
    let delete = writer
        .tenant
        .delete::<Entity>()
        .filter(Column::Originator.eq(i64::from(cursor.originator.0)))
        .filter(Column::SequenceId.eq(from_sequence(cursor.sequence_id)?));
    delete.exec(writer.transaction).await.map(drop).map_err(from_db)
}

pub(super) async fn put_cutover(writer: &Writer<'_>, record: &CutoverRecord) -> Result<(), StoreError> {
    use cutover::{Column, Entity};
    let replace = OnConflict::column(Column::Installation)
        .update_columns([Column::AnnouncedFor, Column::CheckedAt, Column::Moved])
        .to_owned();
    let insert = Entity::insert(cutover::to_row(writer.tenant, record)).on_conflict(replace);
    writer.insert(insert).await.map(drop)
}

pub(super) async fn put_sync_progress(writer: &Writer<'_>, record: &SyncProgress) -> Result<(), StoreError> {
    use sync_progress::{Column, Entity};
    let replace = OnConflict::columns([Column::Installation, Column::MessageId])
        .update_columns([Column::Attempts, Column::State])
        .to_owned();
    let insert = Entity::insert(sync_progress::to_row(writer.tenant, record)).on_conflict(replace);
    writer.insert(insert).await.map(drop)
}
