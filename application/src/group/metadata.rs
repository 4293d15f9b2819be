//! Changing what a group is called, its other attributes, its admins and its policies.

use hexmtp_domain::GroupId;
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::group::mutable_metadata::{self, Disappearing};
use hexmtp_domain::group::permissions::PolicyChange;
use hexmtp_domain::group::role_change::RoleChange;
use hexmtp_domain::intent::Intent;
use hexmtp_domain::version::ProtocolVersion;

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::record::ensure_group;
use crate::group::{ensure_writable, load};
use crate::outbound::{queue, settle};

/// Sets one attribute of a group.
pub(crate) async fn update_metadata(
    context: &Context,
    group_id: GroupId,
    field: &str,
    value: &str,
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    ensure_group(&record)?;
    mutable_metadata::check_length(field, value)?;
    let intent = Intent::UpdateMetadata { field: field.to_owned(), value: value.to_owned() };
    let id = queue(context, group_id, intent).await?;
    settle(context, group_id, &[id]).await
}

/// Sets since when and after how long messages disappear, in one commit, so that nobody sees half of it
/// (FEATURES.md W-15). `None` ends it. Allowed in DMs too (FEATURES.md CV-07).
pub(crate) async fn update_disappearing(
    context: &Context,
    group_id: GroupId,
    settings: Option<Disappearing>,
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    if !record.kind.is_visible() {
        return Err(ChangeError::NotPermitted("only groups and DMs have messages that disappear"));
    }
    ensure_valid(settings)?;
    let values = settings.map_or_else(Disappearing::no_attributes, Disappearing::attributes);
    let values = values.map(|(field, value)| (field.to_owned(), value)).into();
    let id = queue(context, group_id, Intent::UpdateAttributes { values }).await?;
    settle(context, group_id, &[id]).await
}

/// Refuses numbers that would say nothing.
pub(crate) fn ensure_valid(settings: Option<Disappearing>) -> Result<(), ChangeError> {
    match settings.is_none_or(Disappearing::is_valid) {
        true => Ok(()),
        false => Err(ChangeError::NotPermitted("messages disappear from a time on and after a while")),
    }
}

/// Makes or unmakes an admin or a super admin. Only members get a role.
pub(crate) async fn update_roles(
    context: &Context,
    group_id: GroupId,
    change: RoleChange,
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    ensure_group(&record)?;
    let members = GroupContext::parse(&record.extensions)?.membership.members;
    if change.kind.is_addition() && !members.contains_key(&change.inbox_id) {
        return Err(ChangeError::NotPermitted("only members can be admins"));
    }
    let id = queue(context, group_id, Intent::UpdateRoles(change)).await?;
    settle(context, group_id, &[id]).await
}

/// Changes one policy.
pub(crate) async fn update_policy(
    context: &Context,
    group_id: GroupId,
    change: PolicyChange,
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    ensure_group(&record)?;
    let id = queue(context, group_id, Intent::UpdatePolicy(change)).await?;
    settle(context, group_id, &[id]).await
}

/// Asks all members for at least this protocol version: not less than before, and not more than this client
/// claims itself (FEATURES.md MD-06).
pub(crate) async fn require_version(
    context: &Context,
    group_id: GroupId,
    version: &ProtocolVersion,
) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    let group = GroupContext::parse(&record.extensions)?;
    if *version > context.claimed_version {
        return Err(ChangeError::NotPermitted("a version that this client does not support"));
    }
    let present = group.mutable.minimum_version().and_then(|present| ProtocolVersion::parse(present).ok());
    if present.is_some_and(|present| *version < present) {
        return Err(ChangeError::NotPermitted("a version below the one that is asked for already"));
    }
    update_metadata(context, group_id, mutable_metadata::MINIMUM_VERSION, &version.to_string()).await
}
