//! Failures of the world around the application.

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

/// A port failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PortError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The delivery service.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// The identity log.
    #[error(transparent)]
    IdentityLog(#[from] IdentityLogError),
    /// The MLS engine.
    #[error(transparent)]
    Mls(#[from] MlsError),
    /// The wrapping of welcomes.
    #[error(transparent)]
    WelcomeCrypto(#[from] WelcomeCryptoError),
    /// Who is asked about signatures of contract wallets.
    #[error(transparent)]
    ContractWallet(#[from] ContractWalletError),
    /// The store of secrets.
    #[error(transparent)]
    SecretStore(#[from] SecretStoreError),
    /// The wallet.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The source of randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl PortError {
    /// The stable code: the port's own.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Delivery(error) => error.code(),
            Self::IdentityLog(error) => error.code(),
            Self::Mls(error) => error.code(),
            Self::WelcomeCrypto(error) => error.code(),
            Self::ContractWallet(error) => error.code(),
            Self::SecretStore(error) => error.code(),
            Self::Signer(error) => error.code(),
            Self::Entropy(_) => "entropy.failed",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Store(error) => error.retry(),
            Self::Delivery(error) => error.retry(),
            Self::IdentityLog(error) => error.retry(),
            Self::Mls(error) => error.retry(),
            Self::WelcomeCrypto(error) => error.retry(),
            Self::ContractWallet(error) => error.retry(),
            Self::SecretStore(error) => error.retry(),
            Self::Signer(error) => error.retry(),
            Self::Entropy(_) => Retry::SOON,
        }
    }
}

/// Lets `?` turn the errors of single ports into a use case's error, by way of [`PortError`].
macro_rules! from_ports {
    ($target:ty: $($source:ty),+ $(,)?) => {
        $(impl From<$source> for $target {
            fn from(error: $source) -> Self {
                Self::Port(error.into())
            }
        })+
    };
}
pub(crate) use from_ports;
