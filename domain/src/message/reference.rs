//! The message that another one answers or reacts to (PROTOCOL.md 3.4).

use hexmtp_proto::xmtp::mls::message_contents::content_types as wire;
use prost::Message;

use super::content::EncodedContent;
use super::json_member::string_member;
use crate::ids::MessageId;

/// The parameter of a reply that names the message.
const PARAMETER: &str = "reference";

/// The message that a content refers to: that which a reply answers, or a reaction is to. `None` for other contents,
/// and for a reference that is no message id or that a compression hides.
#[must_use]
pub fn reference_of(content: &EncodedContent) -> Option<MessageId> {
    let name = &content.content_type;
    if name.is_xmtp("reply", 1) {
        return content.parameters.get(PARAMETER)?.parse().ok();
    }
    if content.compression.is_some() {
        return None;
    }
    if name.is_xmtp("reaction", 2) {
        return wire::ReactionV2::decode(content.content.as_slice()).ok()?.reference.parse().ok();
    }
    if name.is_xmtp("reaction", 1) {
        return string_member(&content.content, PARAMETER)?.parse().ok();
    }
    None
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
