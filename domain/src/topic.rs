//! Topics: the logs of the network (PROTOCOL.md 6.4).

use std::fmt;

use thiserror::Error;

use crate::ids::{GroupId, IdError, InboxId, InstallationId};

/// The destination of a welcome: an installation's key, or the random key of a welcome pointer's pointee.
pub type WelcomeDestination = InstallationId;

/// A log of the network, written as one kind byte and an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Messages and commits of a group (kind 0).
    Group(GroupId),
    /// Welcomes to an installation, or the pointee of a welcome pointer (kind 1).
    Welcome(WelcomeDestination),
    /// Identity updates of an inbox (kind 2).
    Identity(InboxId),
    /// Key packages of an installation (kind 3).
    KeyPackage(InstallationId),
}

/// Why bytes are not a topic.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TopicError {
    /// There is no kind byte, or it names no kind that a client reads.
    #[error("unknown kind of topic")]
    UnknownKind,
    /// The identifier after the kind byte is malformed.
    #[error(transparent)]
    Id(#[from] IdError),
}

impl Topic {
    /// The bytes that the network and the stores use as a key.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let (kind, id): (u8, &[u8]) = match &self {
            Self::Group(id) => (0, id.as_ref()),
            Self::Welcome(id) => (1, id.as_ref()),
            Self::Identity(id) => (2, id.as_ref()),
            Self::KeyPackage(id) => (3, id.as_ref()),
        };
        let mut bytes = Vec::with_capacity(1 + id.len());
        bytes.push(kind);
        bytes.extend_from_slice(id);
        bytes
    }

    /// Reads what [`Topic::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`TopicError`] for an unknown kind or an identifier of the wrong length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TopicError> {
        let (kind, id) = bytes.split_first().ok_or(TopicError::UnknownKind)?;
        Ok(match kind {
            0 => Self::Group(GroupId::from_slice(id)?),
            1 => Self::Welcome(InstallationId::from_slice(id)?),
            2 => Self::Identity(InboxId::from_slice(id)?),
            3 => Self::KeyPackage(InstallationId::from_slice(id)?),
            _ => return Err(TopicError::UnknownKind),
        })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}
