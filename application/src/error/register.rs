//! Failures of registration and of opening a client.

use hexmtp_domain::identity::{InboxGuardError, SignatureRequestError};
use hexmtp_domain::{InboxId, InstallationId};
use hexmtp_ports::Retry;
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_ports::delivery::DeliveryError;
use hexmtp_ports::identity_log::IdentityLogError;
use hexmtp_ports::mls::MlsError;
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::secret_store::SecretStoreError;
use hexmtp_ports::signer::SignerError;
use hexmtp_ports::store::StoreError;
use hexmtp_ports::welcome_crypto::WelcomeCryptoError;
use thiserror::Error;

use crate::error::port::from_ports;
use crate::error::{IdentityError, InboxChangeError, PortError};

/// Why there is no client.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The state of the inbox is not known.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store holds no registered installation, and no signer was given to register one.
    #[error("the store holds no registered installation")]
    NotRegistered,
    /// The store belongs to an installation of another inbox.
    #[error("the store belongs to inbox {stored}, the signer to {signer}")]
    OtherInbox {
        /// The stored inbox.
        stored: InboxId,
        /// The signer's inbox.
        signer: InboxId,
    },
    /// The application expected another inbox than the one that the identifier belongs to, or that the store holds.
    #[error("inbox {expected} was expected, not {found}")]
    UnexpectedInbox {
        /// The inbox that the application named.
        expected: InboxId,
        /// The inbox that there is.
        found: InboxId,
    },
    /// The key of the installation is not where the store says that it is kept.
    #[error("the key of installation {installation} is not in the store of secrets")]
    KeyMissing {
        /// Whose key it is.
        installation: InstallationId,
    },
    /// The inbox has as many installations as it may have.
    #[error("inbox {inbox_id} has {limit} installations already; revoke one first")]
    TooManyInstallations {
        /// The inbox.
        inbox_id: InboxId,
        /// The limit.
        limit: usize,
    },
    /// The installation was revoked; its store cannot be used to send any more. What it holds can still be read:
    /// [`crate::ClientBuilder::open`].
    #[error("this installation was revoked")]
    Revoked,
    /// The update that registers the installation was not signed as it must be, or does not apply to the inbox.
    #[error(transparent)]
    Inbox(InboxChangeError),
    /// The network accepted the registration and does not show it.
    #[error("the network does not show the registration yet")]
    NotVisible,
}

from_ports!(RegisterError: StoreError, DeliveryError, IdentityLogError, MlsError, SignerError, EntropyError, WelcomeCryptoError, SecretStoreError, ContractWalletError);

impl From<InboxChangeError> for RegisterError {
    fn from(error: InboxChangeError) -> Self {
        match error {
            InboxChangeError::Port(error) => Self::Port(error),
            InboxChangeError::Identity(error) => Self::Identity(error),
            error => Self::Inbox(error),
        }
    }
}

impl From<SignatureRequestError> for RegisterError {
    fn from(error: SignatureRequestError) -> Self {
        Self::Inbox(error.into())
    }
}

impl From<InboxGuardError> for RegisterError {
    fn from(error: InboxGuardError) -> Self {
        Self::Inbox(error.into())
    }
}

impl RegisterError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::NotRegistered => "register.not_registered",
            Self::OtherInbox { .. } => "register.other_inbox",
            Self::TooManyInstallations { .. } => "register.too_many_installations",
            Self::Revoked => "register.revoked",
            Self::Inbox(error) => error.code(),
            Self::UnexpectedInbox { .. } => "register.unexpected_inbox",
            Self::KeyMissing { .. } => "register.key_missing",
            Self::NotVisible => "register.not_visible",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Port(error) => error.retry(),
            Self::Identity(error) => error.retry(),
            Self::Inbox(error) => error.retry(),
            Self::NotVisible => Retry::SOON,
            _ => Retry::Never,
        }
    }
}
