//! The store.

use std::sync::mpsc;
use std::time::Duration;

use hexmtp_domain::Secret;
use hexmtp_ports::bounds::BoxedSource;
use hexmtp_ports::port;
use hexmtp_ports::secret_store::{SecretStore, SecretStoreError, check_length, check_name};
use keyring::credential::CredentialPersistence;
use keyring::{Entry, Error};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::blocking;
use crate::format::{decode, encode};

/// How long a keychain may take to say that it has no secret of some name. Nobody is asked for a passphrase for that.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// The name that the probe asks for.
const PROBE_NAME: &str = "probe";

/// What the keychain answered. It comes as the source of [`SecretStoreError::Backend`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeychainProblem {
    /// This system has no keychain that this software knows.
    #[error("this system has no keychain")]
    None,
    /// It is not running, or failed.
    #[error("the keychain cannot be reached")]
    Unreachable(#[source] BoxedSource),
    /// It is locked, or the person declined.
    #[error("the keychain is locked, or access was declined")]
    Denied(#[source] BoxedSource),
    /// It did not answer.
    #[error("the keychain does not answer")]
    NoAnswer,
    /// It has several secrets of the name.
    #[error("the keychain has several secrets of this name")]
    Ambiguous,
    /// It does not take such a secret or name.
    #[error("the keychain does not take this secret")]
    Unsuitable,
}

impl From<KeychainProblem> for SecretStoreError {
    fn from(problem: KeychainProblem) -> Self {
        Self::Backend(Box::new(problem))
    }
}

impl From<blocking::Lost> for SecretStoreError {
    fn from(_: blocking::Lost) -> Self {
        KeychainProblem::NoAnswer.into()
    }
}

/// Keeps secrets in the keychain, as accounts of a service. Every call runs on a thread of its own, and may take as
/// long as a person needs to unlock the keychain.
#[derive(Clone, Debug)]
pub struct OsSecretStore {
    service: String,
}

impl OsSecretStore {
    /// Keeps secrets under this service name, which people see in the programs that show their keychain. Stores with
    /// different service names have nothing in common.
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into() }
    }

    /// Whether there is a keychain that answers, asked in a way that asks nobody for a passphrase. It answers within
    /// seconds, and at once where there is no keychain.
    ///
    /// # Errors
    /// [`SecretStoreError::Backend`] says what is missing.
    pub async fn probe(&self) -> Result<(), SecretStoreError> {
        let service = self.service.clone();
        blocking::run(move || {
            let (sender, receiver) = mpsc::channel();
            let asked = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
                // Nobody waits any more when it took too long.
                let _ = sender.send(probe(&service));
            });
            asked.map_err(|_| KeychainProblem::NoAnswer)?;
            receiver.recv_timeout(PROBE_LIMIT).map_err(|_| KeychainProblem::NoAnswer)?
        })
        .await?
        .map_err(SecretStoreError::from)
    }

    /// Runs a call on the keychain's entry of a name. `None` when there is no such entry.
    async fn with_entry<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, SecretStoreError> {
        check_name(name)?;
        let (service, name) = (self.service.clone(), name.to_owned());
        match blocking::run(move || Entry::new(&service, &name).and_then(|entry| call(&entry))).await? {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(problem(error).into()),
        }
    }
}

/// Without a keychain, the library would keep secrets in memory and lose them with the process.
fn probe(service: &str) -> Result<(), KeychainProblem> {
    let persistence = keyring::default::default_credential_builder().persistence();
    if !matches!(persistence, CredentialPersistence::UntilDelete) {
        return Err(KeychainProblem::None);
    }
    match Entry::new(service, PROBE_NAME).and_then(|entry| entry.get_secret()) {
        Ok(secret) => {
            drop(Zeroizing::new(secret));
            Ok(())
        }
        Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(problem(error)),
    }
}

/// The library's error without what it found: some variants carry the secret or other people's entries.
fn problem(error: Error) -> KeychainProblem {
    match error {
        Error::PlatformFailure(source) => KeychainProblem::Unreachable(source),
        Error::NoStorageAccess(source) => KeychainProblem::Denied(source),
        Error::Ambiguous(_) => KeychainProblem::Ambiguous,
        _ => KeychainProblem::Unsuitable,
    }
}

#[port]
impl SecretStore for OsSecretStore {
    async fn load(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        let text = self.with_entry(name, |entry| entry.get_secret().map(Zeroizing::new)).await?;
        text.map(|text| decode(&text)).transpose()
    }

    async fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError> {
        check_length(secret)?;
        let text = encode(secret);
        match self.with_entry(name, move |entry| entry.set_secret(&text)).await? {
            Some(()) => Ok(()),
            None => Err(KeychainProblem::Unsuitable.into()),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), SecretStoreError> {
        self.with_entry(name, Entry::delete_credential).await.map(|_| ())
    }
}
