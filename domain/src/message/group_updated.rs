//! The content type `xmtp.org/group_updated:1.0`: what a commit changed, as the transcript shows it
//! (PROTOCOL.md 4.6).

use std::collections::BTreeMap;
use std::fmt;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;

use super::content::{ContentError, EncodedContent};
use super::content_type::ContentTypeId;
use super::hidden::Hidden;
use crate::ids::InboxId;

/// The type's name.
pub const TYPE_ID: &str = "group_updated";

/// What one commit changed. Each installation writes it for itself from a commit that it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupUpdated {
    /// The inbox that made the commit.
    pub initiated_by: InboxId,
    /// Inboxes that became members.
    pub added: Vec<InboxId>,
    /// Inboxes that were removed.
    pub removed: Vec<InboxId>,
    /// Inboxes that were removed because they had asked to leave.
    pub left: Vec<InboxId>,
    /// Attributes that got another value.
    pub metadata_changes: Vec<MetadataChange>,
    /// Inboxes that became admins.
    pub added_admins: Vec<InboxId>,
    /// Inboxes that are no longer admins.
    pub removed_admins: Vec<InboxId>,
    /// Inboxes that became super admins.
    pub added_super_admins: Vec<InboxId>,
    /// Inboxes that are no longer super admins.
    pub removed_super_admins: Vec<InboxId>,
}

/// The change of one attribute of the mutable metadata.
#[derive(Clone, PartialEq, Eq)]
pub struct MetadataChange {
    /// The attribute's name (PROTOCOL.md 4.2).
    pub field: String,
    /// Its value before; `None` when it did not exist.
    pub old_value: Option<String>,
    /// Its value afterwards; `None` when it was taken away.
    pub new_value: Option<String>,
}

/// Content that tells what a commit changed. It has no fallback.
#[must_use]
pub fn encode(change: &wire::GroupUpdated) -> EncodedContent {
    EncodedContent {
        content_type: ContentTypeId::xmtp(TYPE_ID),
        parameters: BTreeMap::new(),
        fallback: None,
        content: change.encode_to_vec(),
        compression: None,
    }
}

/// Reads what a commit changed.
///
/// # Errors
/// [`ContentError`]: another type, compressed, malformed, or something that is not an inbox id.
pub fn decode(content: &EncodedContent) -> Result<GroupUpdated, ContentError> {
    content.expect_type(TYPE_ID)?;
    let change = wire::GroupUpdated::decode(content.content.as_slice()).map_err(|_| ContentError::Invalid)?;
    GroupUpdated::try_from(change)
}

impl TryFrom<wire::GroupUpdated> for GroupUpdated {
    type Error = ContentError;

    fn try_from(change: wire::GroupUpdated) -> Result<Self, ContentError> {
        Ok(Self {
            initiated_by: inbox(&change.initiated_by_inbox_id)?,
            added: inboxes(&change.added_inboxes)?,
            removed: inboxes(&change.removed_inboxes)?,
            left: inboxes(&change.left_inboxes)?,
            metadata_changes: change.metadata_field_changes.into_iter().map(MetadataChange::from).collect(),
            added_admins: inboxes(&change.added_admin_inboxes)?,
            removed_admins: inboxes(&change.removed_admin_inboxes)?,
            added_super_admins: inboxes(&change.added_super_admin_inboxes)?,
            removed_super_admins: inboxes(&change.removed_super_admin_inboxes)?,
        })
    }
}

impl From<wire::group_updated::MetadataFieldChange> for MetadataChange {
    fn from(change: wire::group_updated::MetadataFieldChange) -> Self {
        Self { field: change.field_name, old_value: change.old_value, new_value: change.new_value }
    }
}

impl fmt::Debug for MetadataChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, old_value, new_value } = self;
        f.debug_struct("MetadataChange")
            .field("field", field)
            .field("old_value", &Hidden::text(old_value.as_ref()))
            .field("new_value", &Hidden::text(new_value.as_ref()))
            .finish()
    }
}

fn inbox(text: &str) -> Result<InboxId, ContentError> {
    text.parse().map_err(|_| ContentError::Invalid)
}

fn inboxes(list: &[wire::group_updated::Inbox]) -> Result<Vec<InboxId>, ContentError> {
    list.iter().map(|entry| inbox(&entry.inbox_id)).collect()
}
