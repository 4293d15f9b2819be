//! Changing what a group is called, and its other attributes.

use hexmtp_domain::GroupId;
use hexmtp_domain::group::mutable_metadata;
use hexmtp_domain::intent::Intent;

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
