//! Sender HMACs, by which a push server recognises an inbox's own messages (PROTOCOL.md 3.3).

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::ids::GroupId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// The number of bytes of an inbox's root key and of the keys derived from it.
pub const KEY_LENGTH: usize = 42;

/// The length of an HMAC epoch: 30 days, in seconds. It has nothing to do with MLS epochs.
pub const EPOCH_SECONDS: i64 = 30 * 24 * 60 * 60;

const SALT: &[u8] = b"libXMTP HKDF salt!";

/// Why no sender HMAC can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HmacError {
    /// The root key has another length than [`KEY_LENGTH`].
    #[error("the root key of sender HMACs must have {KEY_LENGTH} bytes, not {actual}")]
    RootLength {
        /// The number of bytes found.
        actual: usize,
    },
    /// The key derivation refused its parameters; with this module's constants it never does.
    #[error("the key derivation of sender HMACs failed")]
    Derivation,
}

impl HmacError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RootLength { .. } => "hmac.root_length",
            Self::Derivation => "hmac.derivation",
        }
    }
}

/// The HMAC epoch of a time: whole spans of 30 days since the Unix epoch.
#[must_use]
pub const fn epoch_of(time: Timestamp) -> i64 {
    time.as_seconds().div_euclid(EPOCH_SECONDS)
}

/// Derives a group's key for one HMAC epoch. Push servers are given those of the past, present and next epoch.
///
/// # Errors
/// [`HmacError::RootLength`] for a malformed root key.
pub fn epoch_key(root: &Secret, group: GroupId, epoch: i64) -> Result<Secret, HmacError> {
    if root.len() != KEY_LENGTH {
        return Err(HmacError::RootLength { actual: root.len() });
    }
    let input = Zeroizing::new([root.expose(), group.as_ref()].concat());
    let info = [group.as_ref(), epoch.to_le_bytes().as_slice()].concat();
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    Hkdf::<Sha256>::new(Some(SALT), &input)
        .expand(&info, key.as_mut_slice())
        .map_err(|_| HmacError::Derivation)?;
    Ok(Secret::new(key.to_vec()))
}

/// The HMAC to send beside a group message: `data` is the message exactly as it is published.
///
/// # Errors
/// [`HmacError::RootLength`] for a malformed root key.
pub fn sender_hmac(root: &Secret, group: GroupId, now: Timestamp, data: &[u8]) -> Result<Vec<u8>, HmacError> {
    let key = epoch_key(root, group, epoch_of(now))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).map_err(|_| HmacError::Derivation)?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().to_vec())
}
