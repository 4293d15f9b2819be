//! What an application sees of a message's content.

use std::fmt;

use super::content::{ContentError, EncodedContent};
use super::content_type::ContentTypeId;
use super::group_updated::{self, GroupUpdated};
use super::hidden::Hidden;
use super::leave_request;
use super::status::MessageKind;
use super::text;

/// The content of a message, as far as this software understands it.
#[derive(Clone, PartialEq, Eq)]
pub enum MessageBody {
    /// A text.
    Text(String),
    /// A change of the group that this installation has verified.
    GroupUpdated(Box<GroupUpdated>),
    /// The sender asks to be removed from the group.
    LeaveRequest,
    /// Content that this software does not interpret; an application may, from the encoded content.
    Unknown {
        /// Its type.
        content_type: ContentTypeId,
        /// A text to show instead.
        fallback: Option<String>,
    },
    /// The bytes break the rules of encoded content or of their type.
    Undecodable,
}

impl MessageBody {
    /// The text of a text message.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Interprets the content bytes of a stored message.
    #[must_use]
    pub fn decode(kind: MessageKind, content: &[u8]) -> Self {
        EncodedContent::decode(content).map_or(Self::Undecodable, |content| Self::from_content(kind, content))
    }

    /// Interprets content.
    ///
    /// Only a message that this installation wrote itself can tell about a change of the group: any member can
    /// send content of that type, and it would look like a verified fact (rule R-MSG-009).
    #[must_use]
    pub fn from_content(kind: MessageKind, content: EncodedContent) -> Self {
        let read = match kind {
            MessageKind::Application if leave_request::is_leave_request(&content.content_type) => {
                leave_request::decode(&content).map(|()| Self::LeaveRequest)
            }
            MessageKind::Application => text::decode(&content).map(Self::Text),
            MessageKind::MembershipChange => {
                group_updated::decode(&content).map(|change| Self::GroupUpdated(Box::new(change)))
            }
        };
        read.unwrap_or_else(|error| match error {
            ContentError::WrongType | ContentError::Compressed => {
                Self::Unknown { content_type: content.content_type, fallback: content.fallback }
            }
            _ => Self::Undecodable,
        })
    }
}

impl fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Hidden(text.len())).finish(),
            Self::GroupUpdated(change) => f.debug_tuple("GroupUpdated").field(change).finish(),
            Self::LeaveRequest => f.write_str("LeaveRequest"),
            Self::Unknown { content_type, fallback } => f
                .debug_struct("Unknown")
                .field("content_type", content_type)
                .field("fallback", &Hidden::text(fallback.as_ref()))
                .finish(),
            Self::Undecodable => f.write_str("Undecodable"),
        }
    }
}
