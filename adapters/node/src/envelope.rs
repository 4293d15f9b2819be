//! What subscribers get: a stored message or welcome, as it goes over the wire.

use hexmtp_domain::Topic;
use hexmtp_proto::xmtp::mls::api::v1::{WelcomeMessage, group_message};

/// A stored entry. Shared by all who wait for it.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// The log that it is in.
    pub(crate) topic: Topic,
    /// Its number.
    pub(crate) id: u64,
    /// Its bytes on the wire, nearly.
    pub(crate) size: usize,
    /// The entry.
    pub(crate) body: Body,
}

/// The entry of one of the two kinds of logs that can be subscribed.
#[derive(Debug)]
pub(crate) enum Body {
    /// Of a group.
    Group(group_message::V1),
    /// Of an installation, or of the destination of a welcome pointer.
    Welcome(WelcomeMessage),
}
