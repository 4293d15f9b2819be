//! Sealing of columns that hold contents or keys, so that the owner of a database server cannot read them.
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes, long enough that no two are the same. A sealed value is a version
//! byte, the nonce, the ciphertext with its tag. The associated data names the installation, the column and the key of
//! the row, so that no value can be put into the place of another one.

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hexmtp_domain::Secret;
use hexmtp_ports::store::StoreError;
use thiserror::Error;

use crate::convert::corrupt;

/// The version of sealed values.
const VERSION: u8 = 1;
/// The length of a nonce, in bytes.
const NONCE: usize = 24;

/// Why a value could not be sealed.
#[derive(Debug, Error)]
enum SealError {
    /// The key has the wrong length.
    #[error("a data key has 32 bytes, not {0}")]
    KeyLength(usize),
    /// The value is longer than the cipher takes.
    #[error("the value is too long to be sealed")]
    TooLong,
}

/// How columns are protected. A clone uses the same key.
#[derive(Clone)]
pub(crate) struct Seal(Option<Arc<XChaCha20Poly1305>>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Seal" } else { "Seal::none" })
    }
}

impl Seal {
    /// Values are stored as they are: the whole database is encrypted, or its user does not want that.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Seals under a data key of 32 bytes.
    ///
    /// # Errors
    /// [`StoreError::Backend`]: the key has another length.
    pub(crate) fn new(key: &Secret) -> Result<Self, StoreError> {
        let cipher = XChaCha20Poly1305::new_from_slice(key.expose())
            .map_err(|_| StoreError::Backend(Box::new(SealError::KeyLength(key.len()))))?;
        Ok(Self(Some(Arc::new(cipher))))
    }

    /// Protects a value of a column.
    pub(crate) fn seal(&self, place: &Place<'_>, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let Some(cipher) = &self.0 else { return Ok(value) };
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| StoreError::Backend(Box::new(error)))?;
        let payload = Payload { msg: &value, aad: &place.associated_data() };
        let ciphertext = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Backend(Box::new(SealError::TooLong)))?;
        let mut sealed = Vec::with_capacity(1 + NONCE + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]: it was sealed under another key, or for another place, or changed since.
    pub(crate) fn open(&self, place: &Place<'_>, stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let Some(cipher) = &self.0 else { return Ok(stored) };
        let opened = match stored.split_first() {
            Some((&VERSION, rest)) => rest.split_first_chunk::<NONCE>().and_then(|(nonce, ciphertext)| {
                let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
                cipher.decrypt(&XNonce::from(*nonce), payload).ok()
            }),
            _ => None,
        };
        opened.ok_or_else(|| corrupt(place.column))
    }
}

/// Where a sealed value stands.
pub(crate) struct Place<'a> {
    /// The installation that the row belongs to.
    pub(crate) installation: i64,
    /// The table and the column.
    pub(crate) column: &'a str,
    /// The rest of the row's primary key.
    pub(crate) key: &'a [&'a [u8]],
}

impl Place<'_> {
    /// Every part stands behind its length, so that two places never give the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = self.installation.to_be_bytes().to_vec();
        for part in std::iter::once(&self.column.as_bytes()).chain(self.key) {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(installation: i64, column: &'a str, key: &'a [&'a [u8]]) -> Place<'a> {
        Place { installation, column, key }
    }

    fn seal(key: u8) -> Seal {
        Seal::new(&Secret::from([key; 32])).expect("a key of 32 bytes")
    }

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let (key, other): (&[&[u8]], &[&[u8]]) = (&[b"a", b"bc"], &[b"ab", b"c"]);
        let at = place(1, "messages.content", key);
        let sealed = seal(1).seal(&at, b"hello".to_vec()).expect("a sealed value");
        assert!(!sealed.windows(5).any(|part| part == b"hello"));
        assert_eq!(seal(1).open(&at, sealed.clone()).expect("the value"), b"hello");
        for wrong in [
            place(2, "messages.content", key),
            place(1, "tasks.data", key),
            place(1, "messages.content", other),
        ] {
            assert!(matches!(seal(1).open(&wrong, sealed.clone()), Err(StoreError::Corrupt(_))));
        }
        assert!(seal(2).open(&at, sealed).is_err());
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let at = place(1, "messages.content", &[]);
        let sealed = seal(1).seal(&at, vec![7; 10]).expect("a sealed value");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(seal(1).open(&at, changed).is_err(), "byte {index}");
            assert!(seal(1).open(&at, sealed[..index].to_vec()).is_err(), "length {index}");
        }
    }

    #[test]
    fn no_two_sealed_values_are_the_same() {
        let at = place(1, "messages.content", &[]);
        let sealed = || seal(1).seal(&at, b"same".to_vec()).expect("a sealed value");
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn without_a_key_values_stay_as_they_are() {
        let at = place(1, "messages.content", &[]);
        assert_eq!(Seal::none().seal(&at, vec![1]).expect("the value"), [1]);
        assert_eq!(Seal::none().open(&at, vec![1]).expect("the value"), [1]);
        assert!(Seal::new(&Secret::from([1; 31])).is_err());
    }
}
