//! Consent: whether the user wants to hear from a conversation or an inbox (PROTOCOL.md 7.4, 8.10).

use crate::ids::{GroupId, InboxId};
use crate::time::Timestamp;

/// What the user decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentState {
    /// Nothing yet.
    #[default]
    Unknown,
    /// The user wants it.
    Allowed,
    /// The user does not want it.
    Denied,
}

impl ConsentState {
    /// The number of the state, as stored.
    #[must_use]
    pub const fn to_stored(self) -> i16 {
        match self {
            Self::Unknown => 0,
            Self::Allowed => 1,
            Self::Denied => 2,
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub const fn from_stored(number: i16) -> Option<Self> {
        Some(match number {
            0 => Self::Unknown,
            1 => Self::Allowed,
            2 => Self::Denied,
            _ => return None,
        })
    }
}

/// What the user decides about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentEntity {
    /// A conversation.
    Conversation(GroupId),
    /// An inbox, wherever it writes.
    Inbox(InboxId),
}

impl ConsentEntity {
    /// The number of the kind of entity, as stored.
    #[must_use]
    pub const fn kind_to_stored(&self) -> i16 {
        match self {
            Self::Conversation(_) => 1,
            Self::Inbox(_) => 2,
        }
    }

    /// The raw bytes of the entity's identifier, as stored beside its kind.
    #[must_use]
    pub fn id_bytes(&self) -> &[u8] {
        match self {
            Self::Conversation(id) => id.as_ref(),
            Self::Inbox(id) => id.as_ref(),
        }
    }

    /// Reads a stored kind and identifier.
    #[must_use]
    pub fn from_stored(kind: i16, id: &[u8]) -> Option<Self> {
        match kind {
            1 => GroupId::from_slice(id).ok().map(Self::Conversation),
            2 => InboxId::from_slice(id).ok().map(Self::Inbox),
            _ => None,
        }
    }
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// What it is about.
    pub entity: ConsentEntity,
    /// What was decided.
    pub state: ConsentState,
    /// When, by the clock of the device on which it was decided.
    pub at: Timestamp,
}

impl ConsentRecord {
    /// Whether this record takes the place of another one: it is about the same entity and newer. Of two
    /// equally old ones, the stored one stays.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        self.entity == other.entity && self.at > other.at
    }
}
