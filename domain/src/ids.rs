//! Identifiers: every id of the protocol has its own type, so that none can be taken for another.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why bytes or text are not the identifier they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// The value has another length than the kind of identifier prescribes.
    #[error("{kind} must have {expected} bytes, not {actual}")]
    Length {
        /// The kind of identifier.
        kind: &'static str,
        /// The prescribed number of bytes.
        expected: usize,
        /// The number of bytes found.
        actual: usize,
    },
    /// The text is not lower-case hexadecimal.
    #[error("{kind} is not written in lower-case hexadecimal digits")]
    NotHex {
        /// The kind of identifier.
        kind: &'static str,
    },
}

/// Parses exactly `N` bytes of lower-case hexadecimal text.
fn parse_hex<const N: usize>(kind: &'static str, text: &str) -> Result<[u8; N], IdError> {
    if text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(IdError::NotHex { kind });
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError::Length {
        kind,
        expected: N,
        actual: text.len() / 2,
    })?;
    Ok(bytes)
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $length:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Takes the raw bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Takes raw bytes of unknown length.
            ///
            /// # Errors
            /// [`IdError::Length`] when the length differs from the prescribed one.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(Self).map_err(|_| IdError::Length {
                    kind: $kind,
                    expected: $length,
                    actual: bytes.len(),
                })
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// The raw bytes as an owned vector, as protobuf messages hold them.
            #[must_use]
            pub fn to_vec(&self) -> Vec<u8> {
                self.0.to_vec()
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex($kind, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
    };
}

byte_id!(
    /// An XIP-46 inbox: SHA-256 of its first identifier and a nonce, written as 64 hexadecimal digits.
    InboxId,
    32,
    "an inbox id"
);
byte_id!(
    /// An installation of an inbox: its Ed25519 public key, which is also its MLS signature key.
    InstallationId,
    32,
    "an installation id"
);
byte_id!(
    /// An MLS group of XMTP: 16 random bytes (PROTOCOL.md 2.1 rejects other lengths).
    GroupId,
    16,
    "a group id"
);
byte_id!(
    /// A message: SHA-256 over group, idempotency key and content (PROTOCOL.md 3.1).
    MessageId,
    32,
    "a message id"
);
byte_id!(
    /// SHA-256 of a published payload, by which a sender recognises it in the log (PROTOCOL.md 3.1).
    PayloadHash,
    32,
    "a payload hash"
);
byte_id!(
    /// The MLS epoch authenticator (RFC 9420 section 8.7): equal for all members that agree on an epoch.
    EpochAuthenticator,
    32,
    "an epoch authenticator"
);
byte_id!(
    /// The hash reference of a key package (RFC 9420 section 5.2), which a welcome names.
    KeyPackageRef,
    32,
    "a key package reference"
);

impl PayloadHash {
    /// Hashes a payload exactly as it is published.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        Self(Sha256::digest(payload).into())
    }
}

/// An MLS epoch (RFC 9420 section 2): the number of commits that formed the group's present state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
