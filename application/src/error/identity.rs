//! Failures around inboxes and their logs.

use hexmtp_domain::identity::{AssociationError, IdentityDecodeError};
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::Retry;
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_ports::identity_log::IdentityLogError;
use hexmtp_ports::store::StoreError;
use thiserror::Error;

use crate::error::PortError;
use crate::error::port::from_ports;

/// Why the state of an inbox is not known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// An update in the log cannot be read.
    #[error("an identity update of inbox {inbox_id} cannot be read")]
    Undecodable {
        /// The inbox.
        inbox_id: InboxId,
        /// Why.
        source: IdentityDecodeError,
    },
    /// The log does not follow the rules of XIP-46.
    #[error("the identity log of inbox {inbox_id} breaks the rules")]
    InvalidLog {
        /// The inbox.
        inbox_id: InboxId,
        /// Why.
        source: AssociationError,
    },
    /// The network has no such inbox.
    #[error("there is no inbox {0}")]
    UnknownInbox(InboxId),
    /// Somebody refers to an update that the log does not have.
    #[error("inbox {inbox_id} has no identity update {sequence_id}")]
    UnknownUpdate {
        /// The inbox.
        inbox_id: InboxId,
        /// The update referred to.
        sequence_id: SequenceId,
    },
}

from_ports!(IdentityError: StoreError, IdentityLogError, ContractWalletError);

impl IdentityError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Undecodable { .. } => "inbox.undecodable_update",
            Self::InvalidLog { .. } => "inbox.invalid_log",
            Self::UnknownInbox(_) => "inbox.unknown",
            Self::UnknownUpdate { .. } => "inbox.unknown_update",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Port(error) => error.retry(),
            _ => Retry::Never,
        }
    }
}
