//! The envelope that MLS encrypts, and the message id computed from it (PROTOCOL.md 3.1).

use std::fmt;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::hidden::Hidden;
use crate::ids::{GroupId, MessageId};

/// Decrypted MLS application data: content, and the key that tells repeated equal contents apart.
#[derive(Clone, PartialEq, Eq)]
pub struct PlaintextEnvelope {
    /// A serialized `EncodedContent`, byte for byte as its sender made it: the message id covers these bytes.
    pub content: Vec<u8>,
    /// Chosen by the sender; by default its clock's nanoseconds in decimal digits.
    pub idempotency_key: String,
}

/// Why decrypted application data is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The bytes are not a `PlaintextEnvelope`.
    #[error("the application data is not a plaintext envelope")]
    Malformed,
    /// It holds no version that this software knows.
    #[error("the plaintext envelope holds no known version")]
    NoVersion,
    /// It holds version 2, a retired form of device sync, which receivers ignore.
    #[error("the plaintext envelope holds the retired version 2")]
    RetiredVersion,
}

impl EnvelopeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "message.malformed_envelope",
            Self::NoVersion => "message.no_envelope_version",
            Self::RetiredVersion => "message.retired_envelope_version",
        }
    }
}

impl PlaintextEnvelope {
    /// The bytes to encrypt. Encode once and keep them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let v1 = wire::plaintext_envelope::V1 {
            content: self.content.clone(),
            idempotency_key: self.idempotency_key.clone(),
        };
        let content = Some(wire::plaintext_envelope::Content::V1(v1));
        wire::PlaintextEnvelope { content }.encode_to_vec()
    }

    /// Reads decrypted application data.
    ///
    /// # Errors
    /// [`EnvelopeError`]; such a message is passed over, and the cursor moves on.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope = wire::PlaintextEnvelope::decode(bytes).map_err(|_| EnvelopeError::Malformed)?;
        match envelope.content {
            Some(wire::plaintext_envelope::Content::V1(v1)) => {
                Ok(Self { content: v1.content, idempotency_key: v1.idempotency_key })
            }
            Some(wire::plaintext_envelope::Content::V2(_)) => Err(EnvelopeError::RetiredVersion),
            None => Err(EnvelopeError::NoVersion),
        }
    }

    /// The message's id in a group.
    #[must_use]
    pub fn message_id(&self, group: GroupId) -> MessageId {
        message_id(group, &self.idempotency_key, &self.content)
    }
}

impl fmt::Debug for PlaintextEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content, idempotency_key } = self;
        f.debug_struct("PlaintextEnvelope")
            .field("content", &Hidden(content.len()))
            .field("idempotency_key", idempotency_key)
            .finish()
    }
}

/// The id of a message: SHA-256 of group id, tab, idempotency key, tab and content (PROTOCOL.md 3.1).
#[must_use]
pub fn message_id(group: GroupId, idempotency_key: &str, content: &[u8]) -> MessageId {
    let digest = Sha256::new()
        .chain_update(group)
        .chain_update(b"\t")
        .chain_update(idempotency_key)
        .chain_update(b"\t")
        .chain_update(content)
        .finalize();
    MessageId::new(digest.into())
}
