//! What is sealed beside a welcome (PROTOCOL.md 5.1).

use hexmtp_proto::xmtp::mls::api::v1 as wire;
use prost::Message;
use thiserror::Error;

use crate::cursor::SequenceId;

/// Where the recipient of a welcome begins to read the group's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WelcomeMetadata {
    /// The sequence id of the commit that added the recipient.
    pub message_cursor: SequenceId,
}

/// The bytes sealed beside a welcome are not welcome metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the bytes are not welcome metadata")]
pub struct WelcomeMetadataError;

impl WelcomeMetadataError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "welcome.malformed_metadata"
    }
}

impl WelcomeMetadata {
    /// The bytes to seal.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::WelcomeMetadata { message_cursor: self.message_cursor.0 }.encode_to_vec()
    }

    /// Reads opened bytes; without any there is no metadata, as with old senders.
    ///
    /// # Errors
    /// [`WelcomeMetadataError`].
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, WelcomeMetadataError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let metadata = wire::WelcomeMetadata::decode(bytes).map_err(|_| WelcomeMetadataError)?;
        Ok(Some(Self { message_cursor: SequenceId(metadata.message_cursor) }))
    }
}
