//! The state of a conversation that all members share: four extensions of the group context
//! (PROTOCOL.md 2.3, 2.4, 8.5).

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::group::commit_summary::RawExtension;
use crate::group::immutable_metadata::{self, ImmutableMetadata, ImmutableMetadataError};
use crate::group::kind::ConversationKind;
use crate::group::membership::{self, GroupMembership, GroupMembershipError};
use crate::group::mutable_metadata::{self, MutableMetadata, MutableMetadataError, TooLong, check_length};
use crate::group::permissions::{self, PolicyError, PolicySet};
use crate::ids::InboxId;

/// The shared state of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupContext {
    /// What never changes.
    pub immutable: ImmutableMetadata,
    /// Attributes and admins.
    pub mutable: MutableMetadata,
    /// Who belongs to it.
    pub membership: GroupMembership,
    /// Who may do what.
    pub permissions: PolicySet,
}

/// The extensions of a group context are not those of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupContextError {
    /// An extension is not there. In a group that was migrated to the app-data dictionary all four are missing
    /// (PROTOCOL.md 4.9).
    #[error("the extension {0:#06x} is missing")]
    Missing(u16),
    /// An extension is there twice (RFC 9420 section 7.2 forbids it).
    #[error("the extension {0:#06x} is there twice")]
    Duplicate(u16),
    /// The extension `0xf000` cannot be read or written.
    #[error(transparent)]
    Immutable(#[from] ImmutableMetadataError),
    /// The extension `0xff00` cannot be read.
    #[error(transparent)]
    Mutable(#[from] MutableMetadataError),
    /// The extension `0xff01` cannot be read.
    #[error(transparent)]
    Membership(#[from] GroupMembershipError),
    /// The extension `0xff02` cannot be read.
    #[error(transparent)]
    Permissions(#[from] PolicyError),
    /// A value for a new conversation is too long.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A DM needs two different inboxes.
    #[error("a DM needs two different inboxes")]
    DmWithOneself,
}

impl GroupContextError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "group.context.missing_extension",
            Self::Duplicate(_) => "group.context.duplicate_extension",
            Self::Immutable(error) => error.code(),
            Self::Mutable(error) => error.code(),
            Self::Membership(error) => error.code(),
            Self::Permissions(error) => error.code(),
            Self::TooLong(error) => error.code(),
            Self::DmWithOneself => "group.context.dm_with_oneself",
        }
    }
}

/// What a new group is made of.
#[derive(Clone)]
pub struct GroupDraft {
    /// Who creates it; its first super admin.
    pub creator: InboxId,
    /// Attributes that differ from a new group's, by name.
    pub attributes: BTreeMap<String, String>,
    /// Who may do what.
    pub permissions: PolicySet,
    /// 32 random bytes: the seed of the key that signs the group's commit log. A secret.
    pub commit_log_signer: [u8; 32],
}

/// Without the seed and what people wrote.
impl fmt::Debug for GroupDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupDraft")
            .field("creator", &self.creator)
            .field("attributes", &self.attributes.keys())
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

/// The data of the only extension of a type.
fn find(extensions: &[RawExtension], id: u16) -> Result<&[u8], GroupContextError> {
    let mut found = extensions.iter().filter(|extension| extension.id == id);
    let extension = found.next().ok_or(GroupContextError::Missing(id))?;
    match found.next() {
        None => Ok(&extension.data),
        Some(_) => Err(GroupContextError::Duplicate(id)),
    }
}

impl GroupContext {
    /// Reads the four extensions, wherever they stand. Others are passed over.
    ///
    /// # Errors
    /// [`GroupContextError`].
    pub fn parse(extensions: &[RawExtension]) -> Result<Self, GroupContextError> {
        Ok(Self {
            immutable: ImmutableMetadata::decode(find(extensions, immutable_metadata::EXTENSION_ID)?)?,
            mutable: MutableMetadata::decode(find(extensions, mutable_metadata::EXTENSION_ID)?)?,
            membership: GroupMembership::decode(find(extensions, membership::EXTENSION_ID)?)?,
            permissions: PolicySet::decode(find(extensions, permissions::EXTENSION_ID)?)?,
        })
    }

    /// The extensions with another value for one of them. As with official clients the replaced one moves to the
    /// end (measured correction 6); the others keep their order and bytes.
    #[must_use]
    pub fn replaced(extensions: &[RawExtension], id: u16, data: Vec<u8>) -> Vec<RawExtension> {
        let others = extensions.iter().filter(|extension| extension.id != id).cloned();
        others.chain([RawExtension { id, data }]).collect()
    }

    /// The four extensions in the order in which a new group has them.
    ///
    /// # Errors
    /// [`GroupContextError::Immutable`] when a oneshot message is too long for an extension.
    pub fn to_extensions(&self) -> Result<Vec<RawExtension>, GroupContextError> {
        Ok(vec![
            RawExtension { id: immutable_metadata::EXTENSION_ID, data: self.immutable.encode()? },
            RawExtension { id: mutable_metadata::EXTENSION_ID, data: self.mutable.encode() },
            RawExtension { id: membership::EXTENSION_ID, data: self.membership.encode() },
            RawExtension { id: permissions::EXTENSION_ID, data: self.permissions.encode() },
        ])
    }

    /// The extensions of a new group, without the required capabilities, which the MLS engine adds.
    ///
    /// # Errors
    /// [`GroupContextError::TooLong`] for a text that receivers would refuse (FEATURES.md W-07), and
    /// [`GroupContextError::Permissions`] for policies that nobody could read.
    pub fn initial_group(draft: GroupDraft) -> Result<Vec<RawExtension>, GroupContextError> {
        for (field, value) in &draft.attributes {
            check_length(field, value)?;
        }
        PolicySet::decode(&draft.permissions.encode())?;
        let mut mutable = MutableMetadata::new_group(draft.creator, &draft.commit_log_signer);
        mutable.attributes.extend(draft.attributes);
        Self::initial(ConversationKind::Group, draft.creator, None, mutable, draft.permissions)
    }

    /// The extensions of a new DM, without the required capabilities. The seed is that of the key that signs the
    /// commit log: 32 random bytes.
    ///
    /// # Errors
    /// [`GroupContextError::DmWithOneself`].
    pub fn initial_dm(
        creator: InboxId,
        peer: InboxId,
        commit_log_signer: [u8; 32],
    ) -> Result<Vec<RawExtension>, GroupContextError> {
        if creator == peer {
            return Err(GroupContextError::DmWithOneself);
        }
        let mutable = MutableMetadata::new_dm(&commit_log_signer);
        Self::initial(ConversationKind::Dm, creator, Some((creator, peer)), mutable, PolicySet::dm())
    }

    fn initial(
        kind: ConversationKind,
        creator: InboxId,
        dm_members: Option<(InboxId, InboxId)>,
        mutable: MutableMetadata,
        permissions: PolicySet,
    ) -> Result<Vec<RawExtension>, GroupContextError> {
        Self {
            immutable: ImmutableMetadata { kind, creator, dm_members, oneshot: None },
            mutable,
            membership: GroupMembership::initial(creator),
            permissions,
        }
        .to_extensions()
    }
}
