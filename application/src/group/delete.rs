//! Removing a conversation from this device.

use hexmtp_domain::GroupId;
use hexmtp_ports::store::{RowChange, Scope, StoreError};

use crate::context::Context;
use crate::error::SyncError;
use crate::group::stitched;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// Removes all groups of a conversation, one after the other. One that is deleted already is passed over.
pub(crate) async fn delete(context: &Context, id: GroupId) -> Result<(), SyncError> {
    let groups = match stitched(context, id).await {
        Err(SyncError::UnknownConversation(_)) => return Ok(()),
        groups => groups?,
    };
    for group_id in groups {
        delete_group(context, group_id).await?;
    }
    Ok(())
}

async fn delete_group(context: &Context, group_id: GroupId) -> Result<(), SyncError> {
    let _guard = context.locks.lock(group_id).await;
    for _ in 0..MAX_CONFLICTS {
        // The revision moves on, so that nobody stores anything from what was loaded before.
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        unit.change(RowChange::DeleteConversation(group_id));
        let deleted: Result<(), StoreError> = unit.commit(context).await;
        // Its rows went in another way than by changes of them.
        drop(context.sessions.take(group_id));
        match deleted {
            Err(error) if is_conflict(&error) => {}
            other => return Ok(other?),
        }
    }
    Err(SyncError::Contention)
}
