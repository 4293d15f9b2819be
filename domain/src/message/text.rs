//! The content type `xmtp.org/text:1.0` (PROTOCOL.md 3.4).

use std::collections::BTreeMap;

use super::content::{ContentError, EncodedContent};
use super::content_type::ContentTypeId;

/// The type's name.
pub const TYPE_ID: &str = "text";

const ENCODING: &str = "encoding";
const UTF_8: &str = "UTF-8";

/// Content that says a text. It has no fallback.
#[must_use]
pub fn encode(text: &str) -> EncodedContent {
    EncodedContent {
        content_type: ContentTypeId::xmtp(TYPE_ID),
        parameters: BTreeMap::from([(ENCODING.to_owned(), UTF_8.to_owned())]),
        fallback: None,
        content: text.as_bytes().to_vec(),
        compression: None,
    }
}

/// Reads a text. An absent encoding means UTF-8; any other than UTF-8 is refused.
///
/// # Errors
/// [`ContentError`]: another type, compressed, another encoding, or bytes that are not UTF-8.
pub fn decode(content: &EncodedContent) -> Result<String, ContentError> {
    content.expect_type(TYPE_ID)?;
    if content.parameters.get(ENCODING).is_some_and(|encoding| encoding != UTF_8) {
        return Err(ContentError::UnknownEncoding);
    }
    String::from_utf8(content.content.clone()).map_err(|_| ContentError::Invalid)
}
