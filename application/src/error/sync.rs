//! Failures of reading from the network.

use hexmtp_domain::GroupId;
use hexmtp_domain::group::context::GroupContextError;
use hexmtp_domain::group::join_rules::JoinViolation;
use hexmtp_domain::welcome::WelcomePointerError;
use hexmtp_ports::Retry;
use hexmtp_ports::delivery::DeliveryError;
use hexmtp_ports::identity_log::IdentityLogError;
use hexmtp_ports::mls::MlsError;
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::store::StoreError;
use hexmtp_ports::welcome_crypto::WelcomeCryptoError;
use thiserror::Error;

use crate::error::port::from_ports;
use crate::error::{IdentityError, PortError};

/// Why reading from the network stopped. What was read before is stored; the next sync goes on from there.
/// Items that are refused for good do not stop a sync: they are recorded, and listed by
/// [`crate::Client::rejected`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The state of an inbox is not known.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is no such conversation.
    #[error("there is no conversation {0}")]
    UnknownConversation(GroupId),
    /// The stored state of a group cannot be read.
    #[error("the stored state of the group cannot be read")]
    Context(#[from] GroupContextError),
    /// Other processes changed the conversation again and again while this one tried.
    #[error("the conversation is changed by others all the time")]
    Contention,
}

from_ports!(SyncError: StoreError, DeliveryError, IdentityLogError, MlsError, EntropyError, WelcomeCryptoError);

impl SyncError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::UnknownConversation(_) => "sync.unknown_conversation",
            Self::Context(error) => error.code(),
            Self::Contention => "sync.contention",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Port(error) => error.retry(),
            Self::Identity(error) => error.retry(),
            Self::Contention => Retry::SOON,
            _ => Retry::Never,
        }
    }
}

/// Why a welcome was refused for good.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WelcomeRejection {
    /// It was wrapped for a key that this installation does not have.
    #[error("the welcome is wrapped for an unknown key")]
    UnknownKey,
    /// It is wrapped in a way that welcomes to installations are not.
    #[error("the welcome is wrapped in a way that does not fit its kind")]
    WrongWrapper,
    /// It does not open.
    #[error(transparent)]
    Crypto(#[from] WelcomeCryptoError),
    /// The pointer is malformed.
    #[error(transparent)]
    Pointer(#[from] WelcomePointerError),
    /// MLS refuses it.
    #[error(transparent)]
    Mls(#[from] MlsError),
    /// The group's state cannot be read.
    #[error(transparent)]
    Context(#[from] GroupContextError),
    /// The group may not be joined.
    #[error(transparent)]
    Join(#[from] JoinViolation),
}

impl WelcomeRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey => "welcome.unknown_key",
            Self::WrongWrapper => "welcome.wrong_wrapper",
            Self::Crypto(error) => error.code(),
            Self::Pointer(error) => error.code(),
            Self::Mls(error) => error.code(),
            Self::Context(error) => error.code(),
            Self::Join(error) => error.code(),
        }
    }
}
