//! Encoded content: typed content with parameters and a fallback text (PROTOCOL.md 3.2, XIP-5).

use std::collections::BTreeMap;
use std::fmt;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;

use super::content_type::ContentTypeId;
use super::hidden::Hidden;

/// Content of a type that the receiver may or may not know.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedContent {
    /// How to understand `content`.
    pub content_type: ContentTypeId,
    /// Parameters that the content type defines.
    pub parameters: BTreeMap<String, String>,
    /// A text for those who do not know the type.
    pub fallback: Option<String>,
    /// The content itself.
    pub content: Vec<u8>,
    /// The number of a compression; 0 is deflate, 1 is gzip. This software neither compresses nor decompresses.
    pub compression: Option<i32>,
}

/// Why bytes cannot be understood as content, or as content of a certain type. It never quotes the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The bytes are not an `EncodedContent`.
    #[error("the bytes are not encoded content")]
    Malformed,
    /// The content has no type.
    #[error("the encoded content has no type")]
    NoType,
    /// The content is of another type or of another major version.
    #[error("the content is of another type")]
    WrongType,
    /// The content is compressed.
    #[error("the content is compressed")]
    Compressed,
    /// The text is in another encoding than UTF-8.
    #[error("the text is not declared to be UTF-8")]
    UnknownEncoding,
    /// The content breaks the rules of its type.
    #[error("the content breaks the rules of its type")]
    Invalid,
}

impl ContentError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "content.malformed",
            Self::NoType => "content.no_type",
            Self::WrongType => "content.wrong_type",
            Self::Compressed => "content.compressed",
            Self::UnknownEncoding => "content.unknown_encoding",
            Self::Invalid => "content.invalid",
        }
    }
}

impl EncodedContent {
    /// The bytes to put into an envelope. Encode once and keep them: the message id covers the bytes, and
    /// protobuf gives parameters no order.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::EncodedContent {
            r#type: Some(wire::ContentTypeId {
                authority_id: self.content_type.authority_id.clone(),
                type_id: self.content_type.type_id.clone(),
                version_major: self.content_type.version_major,
                version_minor: self.content_type.version_minor,
            }),
            parameters: self.parameters.clone().into_iter().collect(),
            fallback: self.fallback.clone(),
            content: self.content.clone(),
            compression: self.compression,
        }
        .encode_to_vec()
    }

    /// Reads the content of an envelope.
    ///
    /// # Errors
    /// [`ContentError::Malformed`] or [`ContentError::NoType`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ContentError> {
        let content = wire::EncodedContent::decode(bytes).map_err(|_| ContentError::Malformed)?;
        let content_type = content.r#type.ok_or(ContentError::NoType)?;
        Ok(Self {
            content_type: ContentTypeId {
                authority_id: content_type.authority_id,
                type_id: content_type.type_id,
                version_major: content_type.version_major,
                version_minor: content_type.version_minor,
            },
            parameters: content.parameters.into_iter().collect(),
            fallback: content.fallback,
            content: content.content,
            compression: content.compression,
        })
    }

    /// Checks that this is uncompressed content of one of our own types, in its major version 1.
    pub(crate) fn expect_type(&self, type_id: &str) -> Result<(), ContentError> {
        if !self.content_type.is_xmtp(type_id, 1) {
            Err(ContentError::WrongType)
        } else if self.compression.is_some() {
            Err(ContentError::Compressed)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for EncodedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content_type, parameters, fallback, content, compression } = self;
        f.debug_struct("EncodedContent")
            .field("content_type", content_type)
            .field("parameters", &parameters.keys())
            .field("fallback", &Hidden::text(fallback.as_ref()))
            .field("content", &Hidden(content.len()))
            .field("compression", compression)
            .finish()
    }
}
