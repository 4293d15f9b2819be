//! The stores of secrets pass the suite of the port.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::any::Any;
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};

use hexmtp_domain::Secret;
use hexmtp_keystore_file::FileSecretStore;
use hexmtp_keystore_os::OsSecretStore;
use hexmtp_ports::Retry;
use hexmtp_ports::secret_store::{SecretStore, SecretStoreError};
use hexmtp_tests::conformance::secret_store::SecretStores;
use keyring::Error;
use keyring::credential::{Credential, CredentialApi, CredentialBuilderApi};
use keyring::mock::MockCredential;

fn file() -> SecretStores {
    let folder = tempfile::tempdir().expect("a temporary folder");
    SecretStores::new(move || Arc::new(FileSecretStore::new(folder.path().join("keys"))))
}

mod keystore_file {
    hexmtp_tests::secret_store_suite!(tokio::test(flavor = "multi_thread"), super::file);
}

/// The library's mock forgets a secret with the handle that set it. Here, all handles of a name share one.
#[derive(Clone, Default)]
struct Keychain(Arc<Mutex<Credentials>>);

/// By service and name.
type Credentials = HashMap<(String, String), Arc<MockCredential>>;

impl Keychain {
    fn credential(&self, service: &str, name: &str) -> Arc<MockCredential> {
        let key = (service.to_owned(), name.to_owned());
        Arc::clone(self.0.lock().unwrap().entry(key).or_default())
    }
}

impl CredentialBuilderApi for Keychain {
    fn build(&self, _: Option<&str>, service: &str, user: &str) -> keyring::Result<Box<Credential>> {
        Ok(Box::new(Shared(self.credential(service, user))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A handle on an entry of the keychain.
struct Shared(Arc<MockCredential>);

impl CredentialApi for Shared {
    fn set_password(&self, password: &str) -> keyring::Result<()> {
        self.0.set_password(password)
    }

    fn set_secret(&self, secret: &[u8]) -> keyring::Result<()> {
        self.0.set_secret(secret)
    }

    fn get_password(&self) -> keyring::Result<String> {
        self.0.get_password()
    }

    fn get_secret(&self) -> keyring::Result<Vec<u8>> {
        self.0.get_secret()
    }

    fn delete_credential(&self) -> keyring::Result<()> {
        self.0.delete_credential()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The keychain that stands for the machine's in this process.
fn keychain() -> Keychain {
    static INSTALLED: Once = Once::new();
    static KEYCHAIN: Mutex<Option<Keychain>> = Mutex::new(None);
    INSTALLED.call_once(|| {
        let keychain = Keychain::default();
        keyring::set_default_credential_builder(Box::new(keychain.clone()));
        *KEYCHAIN.lock().unwrap() = Some(keychain);
    });
    KEYCHAIN.lock().unwrap().clone().expect("installed above")
}

/// A service name that no other test uses.
fn service() -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    format!("hexmtp test {}", USED.fetch_add(1, Ordering::Relaxed))
}

fn os() -> SecretStores {
    keychain();
    let service = service();
    SecretStores::new(move || Arc::new(OsSecretStore::new(service.clone())))
}

mod keystore_os {
    hexmtp_tests::secret_store_suite!(tokio::test(flavor = "multi_thread"), super::os);
}

#[tokio::test]
async fn keychain_entries_of_two_services_are_apart() {
    keychain();
    let (one, other) = (OsSecretStore::new(service()), OsSecretStore::new(service()));
    one.save("key", &Secret::from([1])).await.unwrap();
    assert_eq!(other.load("key").await.unwrap(), None);
}

#[tokio::test]
async fn what_another_program_put_into_the_keychain_is_refused() {
    let (keychain, service) = (keychain(), service());
    keychain.credential(&service, "key").set_password("hunter2").unwrap();
    let error = OsSecretStore::new(service).load("key").await.unwrap_err();
    assert!(matches!(error, SecretStoreError::Unusable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn failures_of_the_keychain_are_told_without_what_it_holds() {
    let (keychain, service) = (keychain(), service());
    let store = OsSecretStore::new(service.clone());
    let why = || Box::new(std::io::Error::other("no answer on the bus"));
    let fail = |name: &str, error| keychain.credential(&service, name).set_error(error);

    fail("key", Error::PlatformFailure(why()));
    let error = store.load("key").await.unwrap_err();
    assert_eq!((error.code(), error.retry()), ("secret_store.backend", Retry::SOON));
    assert_eq!(error.source().unwrap().to_string(), "the keychain cannot be reached");
    assert_eq!(error.source().unwrap().source().unwrap().to_string(), "no answer on the bus");

    fail("key", Error::NoStorageAccess(why()));
    let error = store.save("key", &Secret::from([1])).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "the keychain is locked, or access was declined");

    fail("key", Error::BadEncoding(b"hunter2".to_vec()));
    let error = store.delete("key").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2") && !format!("{error:?}").contains("104, 117"));

    // A failure has changed nothing, and the next call succeeds.
    assert_eq!(store.load("key").await.unwrap(), None);
    store.save("key", &Secret::from([1])).await.unwrap();

    store.probe().await.unwrap();
    fail("probe", Error::PlatformFailure(why()));
    assert_eq!(store.probe().await.unwrap_err().code(), "secret_store.backend");
}
