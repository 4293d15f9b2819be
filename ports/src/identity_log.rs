//! The network's log of identity updates (XIP-46).

use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{InboxId, SequenceId, Timestamp};
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::{Retry, port};

/// An identity update as the network logged it: not yet verified by this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedUpdate {
    /// Its number in the log.
    pub sequence_id: SequenceId,
    /// When the server received it.
    pub server_time: Timestamp,
    /// The serialized `xmtp.identity.associations.IdentityUpdate`.
    pub update: Vec<u8>,
}

/// Why the identity log could not serve a call.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityLogError {
    /// The update does not apply to the inbox as the log has it.
    #[error("the identity log refused the update: {reason}")]
    Rejected {
        /// The server's reason, free of secrets.
        reason: String,
    },
    /// The inbox's log is full.
    #[error("the identity log of this inbox is full")]
    Full,
    /// The network cannot be reached.
    #[error("the identity log cannot be reached")]
    Unavailable(#[source] BoxedSource),
    /// The server has stopped serving this version of its API (PROTOCOL.md 6.6).
    #[error("the network has moved to another API: newer software is needed")]
    Moved,
    /// The server's answer makes no sense.
    #[error("the identity log answered in a way that the protocol does not allow: {0}")]
    Malformed(&'static str),
}

impl IdentityLogError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "identity_log.rejected",
            Self::Full => "identity_log.full",
            Self::Unavailable(_) => "identity_log.unavailable",
            Self::Moved => "identity_log.moved",
            Self::Malformed(_) => "identity_log.malformed",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Rejected { .. } => Retry::AfterSync,
            Self::Full | Self::Malformed(_) => Retry::Never,
            Self::Moved => Retry::AfterUpgrade,
            Self::Unavailable(_) => Retry::SOON,
        }
    }
}

/// The log of identity updates of every inbox.
#[port]
pub trait IdentityLog: Port {
    /// Appends one serialized `IdentityUpdate` to the log of the inbox that it names. Appending the very bytes
    /// that are already in the log is a success and changes nothing, so that a lost answer can be asked again.
    async fn publish(&self, update: &[u8]) -> Result<(), IdentityLogError>;

    /// For each inbox, in the order asked, its updates with a sequence id above the given one, ascending.
    /// An inbox that the network does not know has none.
    async fn updates_after(
        &self,
        inboxes: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Vec<LoggedUpdate>>, IdentityLogError>;

    /// For each identifier, in the order asked, the inbox that it belongs to now.
    async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, IdentityLogError>;
}
