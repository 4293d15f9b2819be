//! How SQLCipher is told a key.

use std::fmt::Write as _;

use hexmtp_domain::Secret;
use hexmtp_ports::store::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use zeroize::Zeroizing;

use crate::options::{Encryption, OpenProblem};

/// The length of a key in bytes.
const LENGTH: usize = 32;

/// Adds the key, which must be the first statement of a connection.
pub(super) fn with_key(
    options: SqliteConnectOptions,
    encryption: &Encryption,
) -> Result<SqliteConnectOptions, StoreError> {
    let Encryption::Key(key) = encryption else {
        return Ok(options);
    };
    // SQLCipher writes its own diagnosis to the standard error stream; errors say what is to be said.
    Ok(options.pragma("key", raw_key(key)?.to_string()).pragma("cipher_log_level", "NONE"))
}

/// The form in which SQLCipher takes a key as it is, without deriving it from a passphrase.
///
/// # Errors
/// [`StoreError::Backend`] with [`OpenProblem::KeyLength`].
pub(super) fn raw_key(key: &Secret) -> Result<Zeroizing<String>, StoreError> {
    if key.len() != LENGTH {
        return Err(StoreError::Backend(Box::new(OpenProblem::KeyLength(key.len()))));
    }
    let mut text = Zeroizing::new(String::with_capacity(2 * LENGTH + 6));
    text.push_str("\"x'");
    for byte in key.expose() {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("'\"");
    Ok(text)
}
