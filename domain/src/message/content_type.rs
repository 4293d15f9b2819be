//! Content types: the name under which a message's content is to be understood (PROTOCOL.md 3.4, XIP-5).

use std::fmt;

/// The name and version of a content type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentTypeId {
    /// Who defined the type, such as `xmtp.org`.
    pub authority_id: String,
    /// The type's name, such as `text`.
    pub type_id: String,
    /// A higher number cannot be read with a lower one's rules.
    pub version_major: u32,
    /// A higher number only adds to a lower one's rules.
    pub version_minor: u32,
}

impl ContentTypeId {
    /// A type of the authority `xmtp.org`, in version 1.0.
    #[must_use]
    pub fn xmtp(type_id: &str) -> Self {
        Self {
            authority_id: XMTP.to_owned(),
            type_id: type_id.to_owned(),
            version_major: 1,
            version_minor: 0,
        }
    }

    /// Whether this is the type of that name and major version from the authority `xmtp.org`.
    #[must_use]
    pub fn is_xmtp(&self, type_id: &str, version_major: u32) -> bool {
        self.authority_id == XMTP && self.type_id == type_id && self.version_major == version_major
    }
}

impl fmt::Display for ContentTypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authority_id, type_id, version_major, version_minor } = self;
        write!(f, "{authority_id}/{type_id}:{version_major}.{version_minor}")
    }
}

const XMTP: &str = "xmtp.org";

/// Whether a message of this type asks for a push notification unless its sender says otherwise
/// (PROTOCOL.md 3.3, 3.4), in all versions of the type.
///
/// Types that are not listed there do: an application that defined one expects its messages to be noticed,
/// and it can turn the notification off for each message.
#[must_use]
pub fn should_push(content_type: &ContentTypeId) -> bool {
    const QUIET: [&str; 7] = [
        "application/x-protobuf",
        "deleteMessage",
        "group_membership_change",
        "group_updated",
        "leave_request",
        "reaction",
        "readReceipt",
    ];
    content_type.authority_id != XMTP || !QUIET.contains(&content_type.type_id.as_str())
}
