//! New entries of the identity logs, and what they change for lookups.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::counters::Counter;
use super::{AssociationChange, NewIdentityUpdate, WriteOutcome};
use crate::entity::{association, from_stored, identity_update, to_stored};
use crate::storage::kind_number;

/// Appends an update, if the log is still the one that it was judged by. That keeps two updates from being applied
/// to the same state.
pub(super) async fn append(
    connection: &impl ConnectionTrait,
    counter: &mut Counter,
    now_ns: u64,
    new: &NewIdentityUpdate,
) -> Result<WriteOutcome, DbErr> {
    let last: Option<Option<i64>> = identity_update::Entity::find()
        .filter(identity_update::Column::InboxId.eq(new.inbox.to_vec()))
        .select_only()
        .column_as(identity_update::Column::Id.max(), "last")
        .into_tuple()
        .one(connection)
        .await?;
    if last.flatten().map_or(0, from_stored) != new.judged_at {
        return Ok(WriteOutcome::Outdated);
    }
    let (id, created_ns) = counter.next(now_ns);
    let row = identity_update::ActiveModel {
        id: Set(to_stored(id)),
        inbox_id: Set(new.inbox.to_vec()),
        created_ns: Set(to_stored(created_ns)),
        payload: Set(new.payload.clone()),
    };
    identity_update::Entity::insert(row).exec_without_returning(connection).await?;
    for change in &new.changes {
        apply(connection, new, to_stored(id), change).await?;
    }
    Ok(WriteOutcome::Written)
}

async fn apply(
    connection: &impl ConnectionTrait,
    new: &NewIdentityUpdate,
    update_id: i64,
    change: &AssociationChange,
) -> Result<(), DbErr> {
    let inbox_id = new.inbox.to_vec();
    match change {
        AssociationChange::Associate(identifier) => {
            let row = association::ActiveModel {
                kind: Set(kind_number(identifier.kind())),
                identifier: Set(identifier.to_string()),
                inbox_id: Set(inbox_id),
                update_id: Set(update_id),
            };
            let key =
                [association::Column::Kind, association::Column::Identifier, association::Column::InboxId];
            association::Entity::insert(row)
                .on_conflict(OnConflict::columns(key).update_column(association::Column::UpdateId).to_owned())
                .exec_without_returning(connection)
                .await?;
        }
        AssociationChange::Dissociate(identifier) => {
            let key = (kind_number(identifier.kind()), identifier.to_string(), inbox_id);
            association::Entity::delete_by_id(key).exec(connection).await?;
        }
    }
    Ok(())
}
