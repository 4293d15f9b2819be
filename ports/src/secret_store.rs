//! Where secrets rest while the client does not run: the key of its database, above all.

use hexmtp_domain::Secret;
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::{Retry, port};

/// Why a secret could not be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretStoreError {
    /// Names are 1 to 128 of `a-z`, `0-9`, `-`, `_` and `.`, and do not begin with a dot.
    #[error("this is not a name for a secret")]
    InvalidName,
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
            Self::Unusable(_) => "secret_store.unusable",
            Self::Backend(_) => "secret_store.backend",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::InvalidName | Self::Unusable(_) => Retry::Never,
            Self::Backend(_) => Retry::SOON,
        }
    }
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
