//! The content type `xmtp.org/leave_request`: a member asks to be removed from a group (PROTOCOL.md 4.7).

use std::collections::BTreeMap;

use hexmtp_proto::xmtp::mls::message_contents::content_types as wire;
use prost::Message;

use super::content::{ContentError, EncodedContent};
use super::content_type::ContentTypeId;

/// The type's name.
pub const TYPE_ID: &str = "leave_request";

/// Content that asks for the sender's removal. It has no fallback, and official clients send no note.
#[must_use]
pub fn encode() -> EncodedContent {
    EncodedContent {
        content_type: ContentTypeId::xmtp(TYPE_ID),
        parameters: BTreeMap::new(),
        fallback: None,
        content: wire::LeaveRequest { authenticated_note: None }.encode_to_vec(),
        compression: None,
    }
}

/// Reads a request. A note in it is passed over: nobody has said yet what it is for.
///
/// # Errors
/// [`ContentError`]: another type, compressed or malformed.
pub fn decode(content: &EncodedContent) -> Result<(), ContentError> {
    content.expect_type(TYPE_ID)?;
    wire::LeaveRequest::decode(content.content.as_slice()).map(drop).map_err(|_| ContentError::Invalid)
}

/// Whether a message of this type asks for its sender's removal. As with official clients the type alone says
/// so, in every version and whatever the content is: all members have to make the same of it.
#[must_use]
pub fn is_leave_request(content_type: &ContentTypeId) -> bool {
    content_type.is_xmtp(TYPE_ID, content_type.version_major)
}
