//! Where secrets rest while the client does not run: the key of its database, above all.

use hexmtp_domain::Secret;
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::{Retry, port};

/// The longest secret that every store keeps, in bytes. Key material is far shorter; credential managers keep little.
pub const MAX_SECRET_LENGTH: usize = 1024;

/// The longest name, in bytes.
const MAX_NAME_LENGTH: usize = 128;

/// Why a secret could not be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretStoreError {
    /// Names are 1 to 128 of `a-z`, `0-9`, `-`, `_` and `.`, and do not begin with a dot.
    #[error("this is not a name for a secret")]
    InvalidName,
    /// The secret has more than [`MAX_SECRET_LENGTH`] bytes.
    #[error("a secret has at most {MAX_SECRET_LENGTH} bytes, not {0}")]
    TooLong(usize),
    /// What is stored under the name is not a secret that this store wrote, or others can read it.
    #[error("the stored secret cannot be used: {0}")]
    Unusable(&'static str),
    /// The store is locked, missing, or declined.
    #[error("the store of secrets failed")]
    Backend(#[source] BoxedSource),
}

impl SecretStoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidName => "secret_store.invalid_name",
            Self::TooLong(_) => "secret_store.too_long",
            Self::Unusable(_) => "secret_store.unusable",
            Self::Backend(_) => "secret_store.backend",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::InvalidName | Self::TooLong(_) | Self::Unusable(_) => Retry::Never,
            Self::Backend(_) => Retry::SOON,
        }
    }
}

/// Accepts the names that every store can keep a secret under, whatever it makes of them: a file's name, an account.
///
/// # Errors
/// [`SecretStoreError::InvalidName`].
pub fn check_name(name: &str) -> Result<(), SecretStoreError> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    let fits = (1..=MAX_NAME_LENGTH).contains(&name.len()) && !name.starts_with('.');
    if fits && name.bytes().all(allowed) { Ok(()) } else { Err(SecretStoreError::InvalidName) }
}

/// Accepts the secrets that every store can keep: up to [`MAX_SECRET_LENGTH`] bytes, also none at all.
///
/// # Errors
/// [`SecretStoreError::TooLong`].
pub fn check_length(secret: &Secret) -> Result<(), SecretStoreError> {
    let length = secret.len();
    if length <= MAX_SECRET_LENGTH { Ok(()) } else { Err(SecretStoreError::TooLong(length)) }
}

/// Keeps small secrets by name.
#[port]
pub trait SecretStore: Port {
    /// The secret of that name, if there is one.
    async fn load(&self, name: &str) -> Result<Option<Secret>, SecretStoreError>;

    /// Keeps a secret, in place of any other of that name; all or nothing.
    async fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError>;

    /// Forgets a secret. One that is not there is no error.
    async fn delete(&self, name: &str) -> Result<(), SecretStoreError>;
}
