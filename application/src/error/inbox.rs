//! Failures of changing an inbox.

use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{AssociationError, Identifier, InboxGuardError, SignatureRequestError};
use hexmtp_ports::Retry;
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_ports::identity_log::IdentityLogError;
use hexmtp_ports::signer::SignerError;
use hexmtp_ports::store::StoreError;
use thiserror::Error;

use crate::error::port::from_ports;
use crate::error::{IdentityError, PortError};

/// Why an inbox was not changed. Trying again does no harm: what is so already is passed over.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InboxChangeError {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The state of the inbox is not known.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The change should not be signed as it is, a signature is not taken, or one is missing.
    #[error(transparent)]
    Request(#[from] SignatureRequestError),
    /// The signed change does not apply to the inbox as it is now: it may have changed since the signers were asked.
    #[error("the change does not apply to the inbox")]
    Association(#[from] AssociationError),
    /// Only the recovery identifier revokes, and names its successor.
    #[error("only the recovery identifier of the inbox can do this")]
    NotRecovery {
        /// Whose signature it takes.
        recovery: Identifier,
    },
    /// The identifier belongs to another inbox, where people would look for it in vain.
    #[error("the identifier belongs to inbox {inbox_id}")]
    AccountTaken {
        /// That inbox.
        inbox_id: InboxId,
    },
    /// The own inbox has revoked this installation.
    #[error("this installation was revoked")]
    InstallationRevoked,
}

from_ports!(InboxChangeError: StoreError, IdentityLogError, SignerError, ContractWalletError);

impl From<InboxGuardError> for InboxChangeError {
    fn from(error: InboxGuardError) -> Self {
        Self::Request(error.into())
    }
}

impl InboxChangeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Request(error) => error.code(),
            Self::Association(error) => error.code(),
            Self::NotRecovery { .. } => "inbox_change.not_recovery",
            Self::AccountTaken { .. } => "inbox_change.account_taken",
            Self::InstallationRevoked => "inbox_change.installation_revoked",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Port(error) => error.retry(),
            Self::Identity(error) => error.retry(),
            _ => Retry::Never,
        }
    }
}
