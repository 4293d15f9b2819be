//! The network that carries group messages, welcomes and key packages: one contract for the v3 and the d14n API.

use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{
    Cursor, GroupId, InstallationId, SequenceId, Timestamp, Topic, VectorClock, WelcomeDestination,
};
use thiserror::Error;

use crate::bounds::{BoxStream, BoxedSource, Port};
use crate::{Retry, port};

/// A group message on its way out (`xmtp.mls.api.v1.GroupMessageInput`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundGroupMessage {
    /// The group, which the MLS message names as well.
    pub group_id: GroupId,
    /// The TLS encoding of an `MLSMessage` that holds a `PrivateMessage`.
    pub data: Vec<u8>,
    /// By which push servers recognise the receiver's own messages (PROTOCOL.md 3.3).
    pub sender_hmac: Vec<u8>,
    /// Whether push servers should notify.
    pub should_push: bool,
}

/// A group message from the network: untrusted bytes at a trusted place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEnvelope {
    /// The group whose log holds it.
    pub group_id: GroupId,
    /// Its place in that log.
    pub cursor: Cursor,
    /// When the server received it.
    pub server_time: Timestamp,
    /// The TLS encoding of an `MLSMessage`.
    pub data: Vec<u8>,
    /// As sent.
    pub sender_hmac: Vec<u8>,
    /// As sent.
    pub should_push: bool,
}

/// A welcome without its destination (`xmtp.mls.api.v1.WelcomeMessageInput`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WelcomePayload {
    /// A wrapped welcome, or, with [`WrapperAlgorithm::Symmetric`], the pointee of a pointer.
    Welcome {
        /// The wrapped MLS welcome.
        data: Vec<u8>,
        /// The public key that it was wrapped for; empty for a pointee.
        hpke_public_key: Vec<u8>,
        /// How it was wrapped.
        algorithm: WrapperAlgorithm,
        /// The wrapped `WelcomeMetadata`; empty from old senders.
        metadata: Vec<u8>,
    },
    /// A wrapped pointer to a welcome that is stored once for several installations (PROTOCOL.md 5.3).
    Pointer {
        /// The wrapped `WelcomePointer`.
        data: Vec<u8>,
        /// The public key that it was wrapped for.
        hpke_public_key: Vec<u8>,
        /// How it was wrapped.
        algorithm: WrapperAlgorithm,
    },
}

/// A welcome on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundWelcome {
    /// The installation, or the random destination of a pointee.
    pub destination: WelcomeDestination,
    /// The welcome.
    pub payload: WelcomePayload,
}

/// A welcome from the network: untrusted bytes at a trusted place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomeEnvelope {
    /// The destination whose log holds it.
    pub destination: WelcomeDestination,
    /// Its place in that log.
    pub cursor: Cursor,
    /// When the server received it.
    pub server_time: Timestamp,
    /// The welcome.
    pub payload: WelcomePayload,
}

/// An envelope of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// Of a group's log.
    Group(GroupEnvelope),
    /// Of an installation's welcomes.
    Welcome(WelcomeEnvelope),
}

/// A part of a log, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The envelopes.
    pub items: Vec<T>,
    /// Whether there may be more. False only when the log held no more as it was read; true without need at most when
    /// the page is full.
    pub has_more: bool,
}

/// The newest envelope of a group's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestMessage {
    /// Its place.
    pub cursor: Cursor,
    /// When the server received it.
    pub server_time: Timestamp,
}

/// Why the network could not serve a call.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The server refused the content.
    #[error("the network refused the request: {reason}")]
    Rejected {
        /// The server's reason, free of secrets.
        reason: String,
    },
    /// The network cannot be reached, or is too busy.
    #[error("the network cannot be reached")]
    Unavailable(#[source] BoxedSource),
    /// The subscription ended because its reader was too slow or the server stopped it; subscribe again.
    #[error("the network ended the subscription")]
    SubscriptionEnded,
    /// The server has stopped serving this version of its API (PROTOCOL.md 6.6).
    #[error("the network has moved to another API: newer software is needed")]
    Moved,
    /// The server's answer makes no sense.
    #[error("the network answered in a way that the protocol does not allow: {0}")]
    Malformed(&'static str),
}

impl DeliveryError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "delivery.rejected",
            Self::Unavailable(_) => "delivery.unavailable",
            Self::SubscriptionEnded => "delivery.subscription_ended",
            Self::Moved => "delivery.moved",
            Self::Malformed(_) => "delivery.malformed",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Rejected { .. } | Self::Malformed(_) => Retry::Never,
            Self::Moved => Retry::AfterUpgrade,
            Self::Unavailable(_) | Self::SubscriptionEnded => Retry::SOON,
        }
    }
}

/// The delivery service of RFC 9750: publishes, stores and hands out what members send to one another.
///
/// A caller reads its own writes: what `publish_*` accepted, the next query returns.
#[port]
pub trait DeliveryService: Port {
    /// Appends messages to the logs of their groups, in order. The network neither checks epochs nor removes
    /// commits that lost a race: every member decides alike from the order of the log.
    async fn publish_group_messages(&self, messages: Vec<OutboundGroupMessage>) -> Result<(), DeliveryError>;

    /// At most `limit` messages of a group that `after` does not cover, ascending.
    async fn query_group_messages(
        &self,
        group_id: GroupId,
        after: &VectorClock,
        limit: usize,
    ) -> Result<Page<GroupEnvelope>, DeliveryError>;

    /// For each group, in the order asked, the newest message of its log.
    async fn newest_group_messages(
        &self,
        groups: &[GroupId],
    ) -> Result<Vec<Option<NewestMessage>>, DeliveryError>;

    /// Appends welcomes to the logs of their destinations.
    async fn publish_welcomes(&self, welcomes: Vec<OutboundWelcome>) -> Result<(), DeliveryError>;

    /// At most `limit` welcomes of a destination with a sequence id above `after`, ascending.
    async fn query_welcomes(
        &self,
        destination: WelcomeDestination,
        after: SequenceId,
        limit: usize,
    ) -> Result<Page<WelcomeEnvelope>, DeliveryError>;

    /// Replaces the key package of the installation that signed it.
    async fn upload_key_package(&self, key_package: Vec<u8>) -> Result<(), DeliveryError>;

    /// For each installation, in the order asked, its present key package.
    async fn fetch_key_packages(
        &self,
        installations: &[InstallationId],
    ) -> Result<Vec<Option<Vec<u8>>>, DeliveryError>;

    /// Everything in the logs of these topics that their clocks do not cover, then everything that comes, each
    /// once and ascending within its log. Only [`Topic::Group`] and [`Topic::Welcome`] can be subscribed.
    ///
    /// What breaks, because the network does or because the reader is too slow, an adapter may take up again by itself
    /// behind the last envelope that it handed out: the reader sees neither a gap nor a repetition. An adapter that
    /// does not, or cannot, ends the stream with an error, and the caller subscribes again from what it has processed.
    async fn subscribe(
        &self,
        topics: Vec<(Topic, VectorClock)>,
    ) -> Result<BoxStream<'static, Result<Envelope, DeliveryError>>, DeliveryError>;
}
