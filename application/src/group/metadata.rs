//! Changing what a group is called, and its other attributes.

use hexmtp_domain::GroupId;
use hexmtp_domain::group::{GroupContext, mutable_metadata};
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
