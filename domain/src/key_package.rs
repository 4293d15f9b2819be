//! Key packages: lifetimes, rotation, and what XMTP puts into them (PROTOCOL.md 2.1, 2.2).

use std::time::Duration;

use hexmtp_proto::xmtp::identity::MlsCredential as WireCredential;
use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;

use crate::group::commit_summary::RawExtension;
use crate::ids::InboxId;
use crate::time::Timestamp;
use crate::welcome::WrapperAlgorithm;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a key package can be used after it was made.
pub const LIFETIME: Duration = DAY.saturating_mul(84);

/// How far before its making the lifetime starts, for clocks that are behind.
pub const BACKDATE: Duration = HOUR;

/// A new key package is uploaded at the latest this long after the last one.
pub const ROTATION_INTERVAL: Duration = DAY.saturating_mul(30);

/// A new key package is uploaded this long after a welcome was processed, so that several welcomes cause one.
pub const ROTATION_DELAY_AFTER_WELCOME: Duration = Duration::from_secs(5);

/// The private keys of a replaced key package are kept this long, for welcomes that are under way.
pub const GRACE_PERIOD: Duration = DAY;

/// The extension type of [`WrapperKey`].
pub const WELCOME_WRAPPER_ENCRYPTION: u16 = 0xff03;

/// The extension type of [`PointeeAlgorithms`].
pub const WELCOME_POINTEE_AEAD_TYPES: u16 = 0xff04;

/// ChaCha20-Poly1305 among the algorithms for pointees of welcome pointers, the only one.
pub const CHACHA20_POLY1305: i32 = 3;

/// The number of bytes of an X-Wing public key.
pub const XWING_PUBLIC_KEY_LENGTH: usize = 1216;

/// Why something in a key package or in a credential cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyPackageError {
    /// The identity of an MLS credential is not an `MlsCredential` with an inbox id.
    #[error("the MLS credential does not name an inbox")]
    Credential,
    /// The data of an extension are not what its type prescribes.
    #[error("the key-package extension {id:#06x} is malformed")]
    Extension {
        /// The extension type.
        id: u16,
    },
}

impl KeyPackageError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Credential => "key_package.credential",
            Self::Extension { .. } => "key_package.extension",
        }
    }
}

/// When a key package made now starts and ends to be valid. MLS writes both in whole seconds.
#[must_use]
pub fn lifetime_from(now: Timestamp) -> (Timestamp, Timestamp) {
    let backdate = i64::try_from(BACKDATE.as_nanos()).unwrap_or(i64::MAX);
    (Timestamp::from_nanos(now.as_nanos().saturating_sub(backdate)), now.plus(LIFETIME))
}

/// When to rotate after a key package was uploaded.
#[must_use]
pub fn next_rotation(uploaded: Timestamp) -> Timestamp {
    uploaded.plus(ROTATION_INTERVAL)
}

/// When to rotate after a welcome was processed, given when it was planned before. It never gets later, so a
/// steady stream of welcomes cannot put the rotation off.
#[must_use]
pub fn rotation_after_welcome(processed: Timestamp, planned: Timestamp) -> Timestamp {
    planned.min(processed.plus(ROTATION_DELAY_AFTER_WELCOME))
}

/// When the private keys of a key package are deleted, given when another one took its place.
#[must_use]
pub fn deletion_after(replaced: Timestamp) -> Timestamp {
    replaced.plus(GRACE_PERIOD)
}

/// The identity in an MLS basic credential: which inbox a leaf claims to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MlsCredential {
    /// The inbox.
    pub inbox_id: InboxId,
}

impl MlsCredential {
    /// The identity bytes of the credential.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        WireCredential { inbox_id: self.inbox_id.to_string() }.encode_to_vec()
    }

    /// Reads identity bytes. Fields that are not known are passed over, as in every protobuf message; the
    /// inbox id must be there and be written in 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyPackageError::Credential`].
    pub fn decode(identity: &[u8]) -> Result<Self, KeyPackageError> {
        let credential = WireCredential::decode(identity).map_err(|_| KeyPackageError::Credential)?;
        let inbox_id = credential.inbox_id.parse().map_err(|_| KeyPackageError::Credential)?;
        Ok(Self { inbox_id })
    }
}

/// The key-package extension `0xff03`: a second public key, for which welcomes are to be wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrapperKey {
    /// The public key.
    pub public_key: Vec<u8>,
    /// The algorithm of the key.
    pub algorithm: WrapperAlgorithm,
}

impl WrapperKey {
    /// The extension's data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::WelcomeWrapperEncryption {
            pub_key: self.public_key.clone(),
            algorithm: self.algorithm.to_wire(),
        }
        .encode_to_vec()
    }

    /// Reads the extension's data.
    ///
    /// # Errors
    /// [`KeyPackageError::Extension`], also when the length of an X-Wing key is wrong.
    pub fn decode(data: &[u8]) -> Result<Self, KeyPackageError> {
        let malformed = KeyPackageError::Extension { id: WELCOME_WRAPPER_ENCRYPTION };
        let extension = wire::WelcomeWrapperEncryption::decode(data).map_err(|_| malformed)?;
        let algorithm = WrapperAlgorithm::from_wire(extension.algorithm);
        if algorithm == WrapperAlgorithm::XWing && extension.pub_key.len() != XWING_PUBLIC_KEY_LENGTH {
            return Err(malformed);
        }
        Ok(Self { public_key: extension.pub_key, algorithm })
    }
}

/// The key-package extension `0xff04`: the algorithms under which the installation can open the pointee of a
/// welcome pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointeeAlgorithms {
    /// The algorithms' numbers.
    pub aead_types: Vec<i32>,
}

impl PointeeAlgorithms {
    /// What this software can open.
    #[must_use]
    pub fn own() -> Self {
        Self { aead_types: vec![CHACHA20_POLY1305] }
    }

    /// Whether a welcome pointer of the one known form can be opened.
    #[must_use]
    pub fn supports_pointers(&self) -> bool {
        self.aead_types.contains(&CHACHA20_POLY1305)
    }

    /// The extension's data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::WelcomePointeeEncryptionAeadTypesExtension { supported_aead_types: self.aead_types.clone() }
            .encode_to_vec()
    }

    /// Reads the extension's data.
    ///
    /// # Errors
    /// [`KeyPackageError::Extension`].
    pub fn decode(data: &[u8]) -> Result<Self, KeyPackageError> {
        let extension = wire::WelcomePointeeEncryptionAeadTypesExtension::decode(data)
            .map_err(|_| KeyPackageError::Extension { id: WELCOME_POINTEE_AEAD_TYPES })?;
        Ok(Self { aead_types: extension.supported_aead_types })
    }
}

/// The two extensions of a key package that let welcomes be wrapped with X-Wing and be pointed to, in the
/// order of official clients. They go together: the second without the first makes official senders fail
/// (PROTOCOL.md 5.3).
#[must_use]
pub fn wrapper_extensions(xwing_public_key: &[u8]) -> [RawExtension; 2] {
    let key = WrapperKey { public_key: xwing_public_key.to_vec(), algorithm: WrapperAlgorithm::XWing };
    [
        RawExtension { id: WELCOME_POINTEE_AEAD_TYPES, data: PointeeAlgorithms::own().encode() },
        RawExtension { id: WELCOME_WRAPPER_ENCRYPTION, data: key.encode() },
    ]
}

/// How a welcome to the owner of a key package is wrapped: the public key, the algorithm, and whether the owner
/// can follow a welcome pointer (rule R-KP-004).
///
/// Anything but a well-formed X-Wing key leads to the key package's init key, which is always there.
#[must_use]
pub fn wrapper_for(init_public_key: &[u8], extensions: &[RawExtension]) -> (Vec<u8>, WrapperAlgorithm, bool) {
    let data = |id| extensions.iter().find(|extension| extension.id == id).map(|extension| &extension.data);
    let wrapper = data(WELCOME_WRAPPER_ENCRYPTION)
        .and_then(|data| WrapperKey::decode(data).ok())
        .filter(|wrapper| wrapper.algorithm == WrapperAlgorithm::XWing);
    let supports_pointers = data(WELCOME_POINTEE_AEAD_TYPES)
        .and_then(|data| PointeeAlgorithms::decode(data).ok())
        .is_some_and(|algorithms| algorithms.supports_pointers());
    match wrapper {
        Some(wrapper) => (wrapper.public_key, wrapper.algorithm, supports_pointers),
        None => (init_public_key.to_vec(), WrapperAlgorithm::Curve25519, supports_pointers),
    }
}
