//! Secrets in files that only their owner can read: the key store of machines without a keychain.
//!
//! - One file per secret, in a folder of their own. On Unix the folder has mode 0700 and a file 0600, both from the
//!   moment they exist.
//! - A secret is written to a temporary file, brought to the disk, and renamed into its place: a crash leaves the old
//!   one or the new one.
//! - What others could have read or put there is not used: a folder or file that is open to others, a symbolic link,
//!   anything that is not a file, and a file that this store did not write.
//!
//! Whoever can read the owner's files can read the secrets: this store protects against other people on the machine
//! and against backups of only the database, not against programs that the owner runs.
//!
//! ```
//! use hexmtp_domain::Secret;
//! use hexmtp_keystore_file::FileSecretStore;
//! use hexmtp_ports::secret_store::SecretStore;
//!
//! # async fn keep(folder: &std::path::Path) -> Result<(), hexmtp_ports::secret_store::SecretStoreError> {
//! let store = FileSecretStore::new(folder.join("keys"));
//! store.save("database-key", &Secret::from([7; 32])).await?;
//! assert_eq!(store.load("database-key").await?, Some(Secret::from([7; 32])));
//! # Ok(())
//! # }
//! ```

mod access;
mod format;
#[cfg(test)]
mod format_tests;
mod store;
#[cfg(test)]
mod store_tests;

pub use store::{FileProblem, FileSecretStore};
