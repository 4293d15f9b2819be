//! The wallet that signs identity updates for a person.

use hexmtp_domain::identity::{Identifier, UnverifiedSignature};
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::{Retry, port};

/// Why a wallet gave no signature.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The person, or the wallet on their behalf, declined.
    #[error("the wallet declined to sign")]
    Declined,
    /// The wallet could not be reached or failed.
    #[error("the wallet failed")]
    Backend(#[source] BoxedSource),
}

impl SignerError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Declined => "signer.declined",
            Self::Backend(_) => "signer.backend",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Declined => Retry::Never,
            Self::Backend(_) => Retry::SOON,
        }
    }
}

/// Signs signature texts (PROTOCOL.md 1.2) for one identifier.
#[port]
pub trait WalletSigner: Port {
    /// Whom the signatures speak for.
    fn identifier(&self) -> Identifier;

    /// Signs the text, in the way of the wallet's kind.
    async fn sign(&self, text: &str) -> Result<UnverifiedSignature, SignerError>;
}
