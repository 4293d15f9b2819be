//! Welcome pointers: one welcome for many recipients, each of whom is told where it lies (PROTOCOL.md 5.3).

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;
use zeroize::Zeroize;

use crate::key_package::CHACHA20_POLY1305;
use crate::secret::Secret;
use crate::topic::WelcomeDestination;

/// The number of bytes of the key.
pub const KEY_LENGTH: usize = 32;

/// The number of bytes of each nonce.
pub const NONCE_LENGTH: usize = 12;

/// The key and nonces under which the pointee is sealed, with ChaCha20-Poly1305. For one welcome only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerSecrets {
    /// The key: [`KEY_LENGTH`] random bytes.
    pub key: Secret,
    /// The nonce for the welcome.
    pub data_nonce: [u8; NONCE_LENGTH],
    /// The nonce for the welcome metadata; it differs from the other one.
    pub metadata_nonce: [u8; NONCE_LENGTH],
}

/// Where a welcome lies, and how to open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomePointer {
    /// The random destination of the pointee.
    pub destination: WelcomeDestination,
    /// How to open it.
    pub secrets: PointerSecrets,
}

/// Why opened bytes are not a welcome pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WelcomePointerError {
    /// The bytes are not a `WelcomePointer`.
    #[error("the bytes are not a welcome pointer")]
    Malformed,
    /// It holds no version that this software knows.
    #[error("the welcome pointer holds no known version")]
    NoVersion,
    /// The pointee is sealed with another algorithm than ChaCha20-Poly1305.
    #[error("the welcome pointer names the unknown algorithm {number}")]
    UnknownAlgorithm {
        /// The number found.
        number: i32,
    },
    /// A field has the wrong length.
    #[error("the {field} of a welcome pointer must have {expected} bytes, not {actual}")]
    Length {
        /// The field.
        field: &'static str,
        /// The prescribed number of bytes.
        expected: usize,
        /// The number of bytes found.
        actual: usize,
    },
}

impl WelcomePointerError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "welcome_pointer.malformed",
            Self::NoVersion => "welcome_pointer.no_version",
            Self::UnknownAlgorithm { .. } => "welcome_pointer.unknown_algorithm",
            Self::Length { .. } => "welcome_pointer.length",
        }
    }
}

impl WelcomePointer {
    /// The bytes to wrap for each recipient. They hold the key, hence the type.
    #[must_use]
    pub fn encode(&self) -> Secret {
        let v1 = wire::welcome_pointer::WelcomeV1Pointer {
            destination: self.destination.to_vec(),
            aead_type: CHACHA20_POLY1305,
            encryption_key: self.secrets.key.expose().to_vec(),
            data_nonce: self.secrets.data_nonce.to_vec(),
            welcome_metadata_nonce: self.secrets.metadata_nonce.to_vec(),
        };
        let version = Some(wire::welcome_pointer::Version::WelcomeV1Pointer(v1));
        let mut pointer = wire::WelcomePointer { version };
        let bytes = Secret::new(pointer.encode_to_vec());
        if let Some(wire::welcome_pointer::Version::WelcomeV1Pointer(v1)) = &mut pointer.version {
            v1.encryption_key.zeroize();
        }
        bytes
    }

    /// Reads opened bytes.
    ///
    /// # Errors
    /// [`WelcomePointerError`]; no later attempt can succeed.
    pub fn decode(bytes: &[u8]) -> Result<Self, WelcomePointerError> {
        let pointer = wire::WelcomePointer::decode(bytes).map_err(|_| WelcomePointerError::Malformed)?;
        let wire::welcome_pointer::Version::WelcomeV1Pointer(v1) =
            pointer.version.ok_or(WelcomePointerError::NoVersion)?;
        // First of all, so that the key is wiped whatever follows.
        let key = Secret::new(v1.encryption_key);
        if v1.aead_type != CHACHA20_POLY1305 {
            return Err(WelcomePointerError::UnknownAlgorithm { number: v1.aead_type });
        }
        if key.len() != KEY_LENGTH {
            return Err(wrong_length("encryption key", KEY_LENGTH, key.len()));
        }
        let secrets = PointerSecrets {
            key,
            data_nonce: exact("data nonce", &v1.data_nonce)?,
            metadata_nonce: exact("metadata nonce", &v1.welcome_metadata_nonce)?,
        };
        Ok(Self { destination: WelcomeDestination::new(exact("destination", &v1.destination)?), secrets })
    }
}

fn exact<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], WelcomePointerError> {
    bytes.try_into().map_err(|_| wrong_length(field, N, bytes.len()))
}

const fn wrong_length(field: &'static str, expected: usize, actual: usize) -> WelcomePointerError {
    WelcomePointerError::Length { field, expected, actual }
}
