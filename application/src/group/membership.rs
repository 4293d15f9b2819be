//! Adding and removing inboxes, and following the installations of members.

use std::time::Duration;

use hexmtp_domain::group::GroupContext;
use hexmtp_domain::intent::{Intent, IntentId};
use hexmtp_domain::{GroupId, InboxId};
use hexmtp_ports::store::{ConversationRecord, RowChange, Scope};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::group::create::ensure_known;
use crate::group::record::ensure_group;
use crate::group::{ensure_writable, load};
use crate::identity::refresh;
use crate::outbound::{queue, settle};
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// Adds inboxes. Those that are members already are passed over.
pub(crate) async fn add_members(
    context: &Context,
    group_id: GroupId,
    inboxes: &[InboxId],
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    ensure_group(&record)?;
    ensure_known(context, inboxes).await?;
    let intent = Intent::UpdateMembership { add: inboxes.to_vec(), remove: Vec::new() };
    let id = queue(context, group_id, intent).await?;
    settle(context, group_id, &[id]).await
}

/// Removes inboxes with all their installations. Those that are no members are passed over.
pub(crate) async fn remove_members(
    context: &Context,
    group_id: GroupId,
    inboxes: &[InboxId],
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    ensure_group(&record)?;
    if inboxes.contains(&context.inbox_id) {
        return Err(ChangeError::NotPermitted("nobody can remove themselves by a commit"));
    }
    let intent = Intent::UpdateMembership { add: Vec::new(), remove: inboxes.to_vec() };
    let id = queue(context, group_id, intent).await?;
    settle(context, group_id, &[id]).await
}

/// When the members' identity logs were last looked at longer ago than `interval`, looks again; when one of
/// them has grown, queues the commit that adds new installations and removes revoked ones.
pub(crate) async fn follow_installations(
    context: &Context,
    record: &ConversationRecord,
    interval: Duration,
) -> Result<Option<IntentId>, ChangeError> {
    let now = context.now();
    if !record.kind.is_visible() || now.since(record.installations_checked_at) < interval {
        return Ok(None);
    }
    let group = GroupContext::parse(&record.extensions)?;
    let members: Vec<InboxId> = group.membership.members.keys().copied().collect();
    let latest = refresh(context, &members).await?;
    let grown = group.membership.members.iter().any(|(inbox_id, known)| latest.get(inbox_id) > Some(known));
    mark_checked(context, record.id).await?;
    if !grown {
        return Ok(None);
    }
    let intent = Intent::UpdateMembership { add: Vec::new(), remove: Vec::new() };
    Ok(Some(queue(context, record.id, intent).await?))
}

/// Notes that the members' logs were looked at now.
async fn mark_checked(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        let mut record = load(context, group_id).await?;
        record.installations_checked_at = context.now();
        unit.change(RowChange::PutConversation(Box::new(record)));
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            other => return Ok(other?),
        }
    }
    Err(SyncError::Contention.into())
}
