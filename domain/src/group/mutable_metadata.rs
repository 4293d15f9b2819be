//! What members may change in a conversation: the extension `0xff00` (PROTOCOL.md 4.2).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;

use crate::ids::InboxId;
use crate::time::Timestamp;

/// The extension type.
pub const EXTENSION_ID: u16 = 0xff00;

/// The name of the group; at most 100 bytes.
pub const GROUP_NAME: &str = "group_name";
/// The description of the group; at most 1000 bytes.
pub const DESCRIPTION: &str = "description";
/// The address of the group's square picture; at most 2048 bytes.
pub const IMAGE_URL: &str = "group_image_url_square";
/// Since when messages disappear: nanoseconds since the Unix epoch in decimal digits.
pub const DISAPPEAR_FROM: &str = "message_disappear_from_ns";
/// After how long messages disappear: nanoseconds in decimal digits.
pub const DISAPPEAR_IN: &str = "message_disappear_in_ns";
/// The least version of libxmtp that may take part (PROTOCOL.md 4.5).
pub const MINIMUM_VERSION: &str = "minimum_supported_protocol_version";
/// The seed of the key that signs the group's commit log, in lower-case hexadecimal digits. A secret.
pub const COMMIT_LOG_SIGNER: &str = "_commit_log_signer";
/// Free text for applications; at most 8192 bytes.
pub const APP_DATA: &str = "app_data";

/// Attributes whose name begins so are for super admins to change, and their values are not shown.
pub const SUPER_ADMIN_PREFIX: char = '_';

/// The attributes that have a policy of their own in every preset.
pub const POLICY_FIELDS: [&str; 7] =
    [GROUP_NAME, DESCRIPTION, IMAGE_URL, DISAPPEAR_FROM, DISAPPEAR_IN, MINIMUM_VERSION, APP_DATA];

/// What an inbox may do by the lists of admins. The order is the order of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// In neither list.
    Member,
    /// In the list of admins.
    Admin,
    /// In the list of super admins.
    SuperAdmin,
}

/// A list of admins. Order and repetition on the wire mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleList {
    /// The inboxes.
    pub inboxes: BTreeSet<InboxId>,
    /// Entries that are no inbox ids. They give nobody a role, but official clients keep and count them.
    pub others: BTreeSet<String>,
}

impl RoleList {
    /// A list of these inboxes.
    #[must_use]
    pub fn of(inboxes: impl IntoIterator<Item = InboxId>) -> Self {
        Self { inboxes: inboxes.into_iter().collect(), others: BTreeSet::new() }
    }

    /// Whether the list has no entries at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inboxes.is_empty() && self.others.is_empty()
    }

    /// Whether an inbox is listed.
    #[must_use]
    pub fn contains(&self, inbox_id: InboxId) -> bool {
        self.inboxes.contains(&inbox_id)
    }

    /// The entries of this list that `other` does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self {
            inboxes: self.inboxes.difference(&other.inboxes).copied().collect(),
            others: self.others.difference(&other.others).cloned().collect(),
        }
    }

    fn to_wire(&self) -> wire::Inboxes {
        let inboxes = self.inboxes.iter().map(InboxId::to_string);
        wire::Inboxes { inbox_ids: inboxes.chain(self.others.iter().cloned()).collect() }
    }

    fn from_wire(list: wire::Inboxes) -> Self {
        let mut roles = Self::default();
        for entry in list.inbox_ids {
            match entry.parse() {
                Ok(inbox_id) => roles.inboxes.insert(inbox_id),
                Err(_) => roles.others.insert(entry),
            };
        }
        roles
    }
}

/// When messages disappear (PROTOCOL.md 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disappearing {
    /// Since when.
    pub from: Timestamp,
    /// After how many nanoseconds.
    pub after_nanos: i64,
}

impl Disappearing {
    /// The two attributes that say so, by name.
    #[must_use]
    pub fn attributes(self) -> [(&'static str, String); 2] {
        [(DISAPPEAR_FROM, self.from.as_nanos().to_string()), (DISAPPEAR_IN, self.after_nanos.to_string())]
    }

    /// The two attributes that say that messages stay.
    #[must_use]
    pub fn no_attributes() -> [(&'static str, String); 2] {
        [DISAPPEAR_FROM, DISAPPEAR_IN].map(|field| (field, "0".to_owned()))
    }

    /// When a message disappears that was sent while this holds: counted from its sending, so that it disappears
    /// everywhere at the same time (FEATURES.md W-28).
    #[must_use]
    pub fn expiry(self, sent_at: Timestamp) -> Timestamp {
        sent_at.plus(Duration::from_nanos(u64::try_from(self.after_nanos).unwrap_or(0)))
    }

    /// Whether both numbers are greater than zero, without which the setting says nothing.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.from > Timestamp::ZERO && self.after_nanos > 0
    }
}

/// What members may change.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MutableMetadata {
    /// The attributes by name. Unknown ones are kept.
    pub attributes: BTreeMap<String, String>,
    /// The admins.
    pub admins: RoleList,
    /// The super admins.
    pub super_admins: RoleList,
}

/// An attribute that got another value, appeared or disappeared.
#[derive(Clone, PartialEq, Eq)]
pub struct MetadataChange {
    /// The attribute's name.
    pub field: String,
    /// Its value before; `None` when it did not exist.
    pub old_value: Option<String>,
    /// Its value afterwards; `None` when it was taken away.
    pub new_value: Option<String>,
}

/// The data of an extension `0xff00` is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the mutable metadata is not a GroupMutableMetadataV1")]
pub struct MutableMetadataError;

impl MutableMetadataError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "group.mutable_metadata.malformed"
    }
}

/// An attribute's value is longer than receivers accept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} may have {limit} bytes, not {actual}")]
pub struct TooLong {
    /// The attribute's name.
    pub field: String,
    /// The greatest length in bytes.
    pub limit: usize,
    /// The length in bytes.
    pub actual: usize,
}

impl TooLong {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "group.mutable_metadata.too_long"
    }
}

/// Each attribute of limited length, with the most bytes that its value may have.
const LIMITS: [(&str, usize); 4] =
    [(GROUP_NAME, 100), (DESCRIPTION, 1000), (IMAGE_URL, 2048), (APP_DATA, 8192)];

/// Refuses a value that receivers would refuse. Unknown attributes may have any length.
///
/// # Errors
/// [`TooLong`].
pub fn check_length(field: &str, value: &str) -> Result<(), TooLong> {
    match MutableMetadata::max_bytes(field) {
        Some(limit) if value.len() > limit => {
            Err(TooLong { field: field.to_owned(), limit, actual: value.len() })
        }
        _ => Ok(()),
    }
}

impl MutableMetadata {
    /// What a new group starts with: empty texts, and its creator as the only super admin.
    #[must_use]
    pub fn new_group(creator: InboxId, commit_log_signer: &[u8; 32]) -> Self {
        let mut metadata =
            Self::with_texts(&[GROUP_NAME, DESCRIPTION, IMAGE_URL, APP_DATA], commit_log_signer);
        metadata.super_admins = RoleList::of([creator]);
        metadata
    }

    /// What a new DM starts with: empty texts, and nobody in charge.
    #[must_use]
    pub fn new_dm(commit_log_signer: &[u8; 32]) -> Self {
        Self::with_texts(&[GROUP_NAME, DESCRIPTION, IMAGE_URL], commit_log_signer)
    }

    fn with_texts(empty: &[&str], commit_log_signer: &[u8; 32]) -> Self {
        let mut attributes: BTreeMap<String, String> =
            empty.iter().map(|field| ((*field).to_owned(), String::new())).collect();
        attributes.insert(COMMIT_LOG_SIGNER.to_owned(), hex::encode(commit_log_signer));
        Self { attributes, ..Self::default() }
    }

    /// The most bytes that the value of an attribute may have; `None` when any length will do.
    #[must_use]
    pub fn max_bytes(field: &str) -> Option<usize> {
        LIMITS.into_iter().find(|(name, _)| *name == field).map(|(_, limit)| limit)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, field: &str) -> Option<&str> {
        self.attributes.get(field).map(String::as_str)
    }

    /// The name of the group; empty when there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.attribute(GROUP_NAME).unwrap_or_default()
    }

    /// The description of the group; empty when there is none.
    #[must_use]
    pub fn description(&self) -> &str {
        self.attribute(DESCRIPTION).unwrap_or_default()
    }

    /// The address of the group's picture; empty when there is none.
    #[must_use]
    pub fn image_url(&self) -> &str {
        self.attribute(IMAGE_URL).unwrap_or_default()
    }

    /// The text that applications keep with the group; empty when there is none.
    #[must_use]
    pub fn app_data(&self) -> &str {
        self.attribute(APP_DATA).unwrap_or_default()
    }

    /// The least version that may take part, as it is written.
    #[must_use]
    pub fn minimum_version(&self) -> Option<&str> {
        self.attribute(MINIMUM_VERSION)
    }

    /// When messages disappear; `None` unless both numbers are there and greater than zero.
    #[must_use]
    pub fn disappearing(&self) -> Option<Disappearing> {
        let number = |field| self.attribute(field)?.parse().ok().filter(|nanos: &i64| *nanos > 0);
        Some(Disappearing {
            from: Timestamp::from_nanos(number(DISAPPEAR_FROM)?),
            after_nanos: number(DISAPPEAR_IN)?,
        })
    }

    /// What an inbox may do; the higher role when it is in both lists.
    #[must_use]
    pub fn role(&self, inbox_id: InboxId) -> Role {
        if self.super_admins.contains(inbox_id) {
            Role::SuperAdmin
        } else if self.admins.contains(inbox_id) {
            Role::Admin
        } else {
            Role::Member
        }
    }

    /// The attributes that `later` has otherwise than this metadata, in order of their names.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<MetadataChange> {
        let fields: BTreeSet<&String> = self.attributes.keys().chain(later.attributes.keys()).collect();
        fields
            .into_iter()
            .filter(|field| self.attributes.get(*field) != later.attributes.get(*field))
            .map(|field| MetadataChange {
                field: field.clone(),
                old_value: self.attributes.get(field).cloned(),
                new_value: later.attributes.get(field).cloned(),
            })
            .collect()
    }

    /// The extension data: a `GroupMutableMetadataV1`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::GroupMutableMetadataV1 {
            attributes: self.attributes.clone(),
            admin_list: Some(self.admins.to_wire()),
            super_admin_list: Some(self.super_admins.to_wire()),
        }
        .encode_to_vec()
    }

    /// Reads extension data.
    ///
    /// # Errors
    /// [`MutableMetadataError`] when the data is not the protobuf message or lacks one of its two lists, which
    /// may be empty.
    pub fn decode(data: &[u8]) -> Result<Self, MutableMetadataError> {
        let message = wire::GroupMutableMetadataV1::decode(data).map_err(|_| MutableMetadataError)?;
        Ok(Self {
            attributes: message.attributes,
            admins: RoleList::from_wire(message.admin_list.ok_or(MutableMetadataError)?),
            super_admins: RoleList::from_wire(message.super_admin_list.ok_or(MutableMetadataError)?),
        })
    }
}

/// Names only: the values are what people wrote, and one of them is a secret.
impl fmt::Debug for MutableMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutableMetadata")
            .field("attributes", &self.attributes.keys())
            .field("admins", &self.admins)
            .field("super_admins", &self.super_admins)
            .finish()
    }
}

/// The name only: the values are what people wrote, or a secret.
impl fmt::Debug for MetadataChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetadataChange({})", self.field)
    }
}
