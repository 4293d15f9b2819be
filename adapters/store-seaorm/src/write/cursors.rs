//! Cursors.

use std::collections::BTreeMap;

use hexmtp_domain::{Topic, VectorClock};
use hexmtp_ports::store::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{DatabaseTransaction, EntityTrait};

use super::BATCH;
use crate::convert::from_sequence;
use crate::entity::cursor::{ActiveModel, Column, Entity};
use crate::error::from_db;

/// Moves cursors forward, never back.
pub(super) async fn advance(
    transaction: &DatabaseTransaction,
    clocks: BTreeMap<Topic, VectorClock>,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (topic, clock) in clocks {
        for cursor in clock.iter() {
            rows.push(ActiveModel {
                topic: Set(topic.to_bytes()),
                originator: Set(cursor.originator.0.into()),
                sequence_id: Set(from_sequence(cursor.sequence_id)?),
            });
        }
    }
    let excluded = Expr::col(("excluded", Column::SequenceId));
    let forward = excluded.gt(Expr::col((Entity, Column::SequenceId)));
    let only_forward = OnConflict::columns([Column::Topic, Column::Originator])
        .update_column(Column::SequenceId)
        .action_and_where(forward)
        .to_owned();
    for rows in rows.chunks(BATCH) {
        Entity::insert_many(rows.to_vec())
            .on_conflict(only_forward.clone())
            .exec_without_returning(transaction)
            .await
            .map_err(from_db)?;
    }
    Ok(())
}
