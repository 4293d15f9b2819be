//! Secrets in the keychain of the operating system: the keychain of macOS, the credential manager of Windows, the
//! Secret Service (GNOME Keyring, KWallet, KeePassXC) on Linux and BSD.
//!
//! Many machines have none: servers, containers, sessions without a desktop. [`OsSecretStore::probe`] tells, before
//! anything is entrusted to it.
//!
//! ```
//! use hexmtp_keystore_os::OsSecretStore;
//!
//! # async fn choose() {
//! let store = OsSecretStore::new("hexmtp");
//! match store.probe().await {
//!     Ok(()) => { /* secrets go here */ }
//!     Err(_) => { /* and otherwise into files */ }
//! }
//! # }
//! ```

mod blocking;
mod format;
mod store;

pub use store::{KeychainProblem, OsSecretStore};
