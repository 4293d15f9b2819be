//! The secrets of a profile: the key of its wallet and the key of its database.

use std::sync::Arc;

use hexmtp::domain::Secret;
use hexmtp::ports::platform::Entropy;
use hexmtp::ports::secret_store::{SecretStore, SecretStoreError};
use hexmtp_keystore_file::FileSecretStore;
use hexmtp_keystore_os::OsSecretStore;
use hexmtp_platform_native::OsEntropy;
use zeroize::Zeroizing;

use crate::arguments::KeyStoreChoice;
use crate::error::CliError;
use crate::profile::{Folder, KeyStoreKind, Record};

/// The name of the wallet's private key.
pub(crate) const WALLET_KEY: &str = "wallet-key";
/// The name of the database's key.
pub(crate) const DATABASE_KEY: &str = "database-key";

/// The secrets of one profile.
pub(crate) struct Secrets {
    store: Arc<dyn SecretStore>,
    /// Where they are, for people.
    place: String,
}

impl Secrets {
    /// The secrets of a profile in its key store.
    pub(crate) fn of(folder: &Folder, record: &Record) -> Self {
        match record.key_store {
            KeyStoreKind::File => Self {
                store: Arc::new(FileSecretStore::new(folder.keys())),
                place: folder.keys().display().to_string(),
            },
            KeyStoreKind::Os => {
                let service = service(&record.id);
                Self {
                    place: format!("\"{service}\" in the keychain"),
                    store: Arc::new(OsSecretStore::new(service)),
                }
            }
        }
    }

    /// The secret of this name, if there is one.
    pub(crate) async fn find(&self, name: &'static str) -> Result<Option<Secret>, CliError> {
        self.store.load(name).await.map_err(|source| self.failed(source))
    }

    /// The secret of this name, which has to be there.
    pub(crate) async fn get(&self, name: &'static str) -> Result<Secret, CliError> {
        self.find(name).await?.ok_or(CliError::KeyMissing(name))
    }

    /// Keeps a secret, and makes sure that it is kept: a database whose key is lost is lost.
    pub(crate) async fn keep(&self, name: &'static str, secret: &Secret) -> Result<(), CliError> {
        self.store.save(name, secret).await.map_err(|source| self.failed(source))?;
        if self.find(name).await?.as_ref() == Some(secret) {
            Ok(())
        } else {
            Err(CliError::Unexpected("the key store did not keep what it was given"))
        }
    }

    fn failed(&self, source: SecretStoreError) -> CliError {
        CliError::KeyStore { place: self.place.clone(), source }
    }
}

/// The key store for a new profile.
pub(crate) async fn kind_for_new_profile(choice: KeyStoreChoice, id: &str) -> Result<KeyStoreKind, CliError> {
    let probe = async || OsSecretStore::new(service(id)).probe().await;
    match choice {
        KeyStoreChoice::File => Ok(KeyStoreKind::File),
        KeyStoreChoice::Os => probe().await.map(|()| KeyStoreKind::Os).map_err(CliError::NoKeychain),
        KeyStoreChoice::Auto => Ok(match probe().await {
            Ok(()) => KeyStoreKind::Os,
            Err(error) => {
                tracing::info!(code = error.code(), "there is no keychain; secrets are kept in files");
                KeyStoreKind::File
            }
        }),
    }
}

/// How the keychain knows the profile.
fn service(id: &str) -> String {
    format!("hexmtp {id}")
}

/// A new random key.
pub(crate) fn random_key() -> Result<Secret, CliError> {
    let mut bytes = Zeroizing::new([0; 32]);
    OsEntropy.fill(bytes.as_mut())?;
    Ok(Secret::from(*bytes))
}
