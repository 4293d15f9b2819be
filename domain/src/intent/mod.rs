//! Intents: what this installation wants to do to a group, kept until the network's log has settled it.
//!
//! An intent is stored before anything is sent. Its payload is stored before it is published, and the
//! published bytes never change: when an answer is lost they are sent again, and every receiver, the network
//! included, recognises them (PROTOCOL.md 4.1).

use std::collections::BTreeMap;
use std::fmt;

use crate::group::permissions::PolicyChange;
use crate::group::role_change::RoleChange;
use crate::ids::{Epoch, InboxId, PayloadHash};
use crate::welcome::PostCommit;

mod state;
mod stored;

pub use state::{IntentEvent, IntentState, IntentTransitionError};
pub use stored::IntentDecodeError;

/// The identity of an intent within its store: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub [u8; 16]);

impl fmt::Debug for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntentId({})", hex::encode(self.0))
    }
}

/// What is intended.
#[derive(Clone, PartialEq, Eq)]
pub enum Intent {
    /// Send an application message: the serialized `PlaintextEnvelope`.
    SendMessage {
        /// What MLS encrypts.
        envelope: Vec<u8>,
    },
    /// Replace the own leaf's keys by a commit without proposals.
    KeyUpdate,
    /// Set one attribute of the mutable metadata.
    UpdateMetadata {
        /// The attribute's name (PROTOCOL.md 4.2).
        field: String,
        /// Its new value.
        value: String,
    },
    /// Add and remove inboxes, and follow the installations of all members. With both lists empty it only
    /// follows installations.
    UpdateMembership {
        /// Inboxes to add.
        add: Vec<InboxId>,
        /// Inboxes to remove.
        remove: Vec<InboxId>,
    },
    /// Make or unmake an admin or a super admin.
    UpdateRoles(RoleChange),
    /// Change one policy.
    UpdatePolicy(PolicyChange),
    /// Remove the members that have asked to leave. Who that is, is looked up when the commit is made: another
    /// super admin may have been faster, and a leaver may have come back.
    RemoveLeavers,
    /// Set several attributes of the mutable metadata in one commit.
    UpdateAttributes {
        /// Their new values, by name (PROTOCOL.md 4.2).
        values: BTreeMap<String, String>,
    },
}

/// Without what people wrote.
impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SendMessage { envelope } => write!(f, "SendMessage({} bytes)", envelope.len()),
            Self::KeyUpdate => f.write_str("KeyUpdate"),
            Self::UpdateMetadata { field, value } => {
                write!(f, "UpdateMetadata({field}, {} bytes)", value.len())
            }
            Self::UpdateMembership { add, remove } => {
                f.debug_struct("UpdateMembership").field("add", add).field("remove", remove).finish()
            }
            Self::UpdateRoles(change) => f.debug_tuple("UpdateRoles").field(change).finish(),
            Self::UpdatePolicy(change) => f.debug_tuple("UpdatePolicy").field(change).finish(),
            Self::RemoveLeavers => f.write_str("RemoveLeavers"),
            Self::UpdateAttributes { values } => write!(f, "UpdateAttributes({:?})", values.keys()),
        }
    }
}

impl Intent {
    /// Whether the intent is carried out by a commit, and not by an application message.
    #[must_use]
    pub const fn is_commit(&self) -> bool {
        !matches!(self, Self::SendMessage { .. })
    }

    /// Whether it only makes the group ready for what is sent: it follows installations, or replaces keys.
    #[must_use]
    pub fn is_preparation(&self) -> bool {
        match self {
            Self::KeyUpdate => true,
            Self::UpdateMembership { add, remove } => add.is_empty() && remove.is_empty(),
            _ => false,
        }
    }
}

/// The payload of an intent, fixed and ready to be published any number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedPayload {
    /// The TLS encoding of the `MLSMessage`.
    pub data: Vec<u8>,
    /// SHA-256 of `data`.
    pub hash: PayloadHash,
    /// The epoch in which it was made.
    pub epoch: Epoch,
    /// The welcomes to send once the commit is confirmed.
    pub post_commit: Option<PostCommit>,
}
