//! The wrapping of welcomes (PROTOCOL.md 5.1, 5.3): HPKE with two seals in one context, and the symmetric form.

use hexmtp_domain::Secret;
use hexmtp_domain::welcome::{PointerSecrets, WrapperAlgorithm};
use thiserror::Error;

use crate::Retry;
use crate::bounds::Port;

/// Why a welcome could not be wrapped or unwrapped. It never says why a decryption failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WelcomeCryptoError {
    /// The wrapped bytes are not framed as they should be.
    #[error("the wrapped welcome is malformed")]
    Malformed,
    /// The key is not one of the algorithm.
    #[error("the wrapper key is not valid")]
    InvalidKey,
    /// The bytes do not open with this key.
    #[error("the wrapped welcome cannot be opened")]
    CannotOpen,
    /// The platform's cryptography failed.
    #[error("the platform's cryptography failed")]
    Backend,
}

impl WelcomeCryptoError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "welcome_crypto.malformed",
            Self::InvalidKey => "welcome_crypto.invalid_key",
            Self::CannotOpen => "welcome_crypto.cannot_open",
            Self::Backend => "welcome_crypto.backend",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// A welcome, or a welcome pointer, and what is sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The main content; for HPKE the TLS structure of encapsulated key and ciphertext.
    pub data: Vec<u8>,
    /// The second content; empty when there is none.
    pub metadata: Vec<u8>,
}

/// Wraps and unwraps welcomes.
pub trait WelcomeCrypto: Port {
    /// Makes an X-Wing key pair: the public key and the 32-byte seed of the secret one.
    ///
    /// # Errors
    /// [`WelcomeCryptoError::Backend`].
    fn generate_wrapper_key(&self) -> Result<(Vec<u8>, Secret), WelcomeCryptoError>;

    /// Seals contents for a public key. Empty metadata is not sealed.
    ///
    /// # Errors
    /// [`WelcomeCryptoError::InvalidKey`], also for [`WrapperAlgorithm::Symmetric`], which has no public key.
    fn wrap(
        &self,
        algorithm: WrapperAlgorithm,
        public_key: &[u8],
        data: &[u8],
        metadata: &[u8],
    ) -> Result<Wrapped, WelcomeCryptoError>;

    /// Opens what [`WelcomeCrypto::wrap`] sealed. Absent metadata comes out empty.
    ///
    /// # Errors
    /// [`WelcomeCryptoError`].
    fn unwrap(
        &self,
        algorithm: WrapperAlgorithm,
        private_key: &Secret,
        wrapped: &Wrapped,
    ) -> Result<Wrapped, WelcomeCryptoError>;

    /// Seals the pointee of a welcome pointer. Empty metadata is not sealed.
    ///
    /// # Errors
    /// [`WelcomeCryptoError::Backend`].
    fn seal_pointee(
        &self,
        secrets: &PointerSecrets,
        data: &[u8],
        metadata: &[u8],
    ) -> Result<Wrapped, WelcomeCryptoError>;

    /// Opens the pointee of a welcome pointer. Absent metadata comes out empty.
    ///
    /// # Errors
    /// [`WelcomeCryptoError`].
    fn open_pointee(&self, secrets: &PointerSecrets, sealed: &Wrapped)
    -> Result<Wrapped, WelcomeCryptoError>;
}
