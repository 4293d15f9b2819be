//! What a listing is narrowed to.

use hexmtp_domain::consent::ConsentState;
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{GroupId, InboxId, MessageId, Timestamp};

use crate::store::MembershipState;

/// By what conversations are ordered. Ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConversationOrder {
    /// By last activity (the last message, else the creation), the newest first.
    #[default]
    LastActivity,
    /// By when this installation created or joined them, the newest first.
    CreatedDescending,
    /// By when this installation created or joined them, the oldest first.
    CreatedAscending,
}

/// Which conversations to list (FEATURES.md LS-01). The default lists all of them, the most recently active first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Only these kinds; empty for all.
    pub kinds: Vec<ConversationKind>,
    /// Only those with one of these states of consent; empty for all.
    pub consent: Vec<ConsentState>,
    /// Only those towards which this installation stands so; empty for all.
    pub membership: Vec<MembershipState>,
    /// Only those created at or after this time.
    pub created_after: Option<Timestamp>,
    /// Only those created before this time.
    pub created_before: Option<Timestamp>,
    /// Only those last active at or after this time.
    pub active_after: Option<Timestamp>,
    /// Only those last active before this time.
    pub active_before: Option<Timestamp>,
    /// Only those whose commit log this installation publishes, or does not.
    pub publishes_commit_log: Option<bool>,
    /// Of several groups of one pair only the most recently active one, ties by id; the other conditions are asked of
    /// it alone (PROTOCOL.md 4.8).
    pub one_group_per_dm: bool,
    /// In which order.
    pub order: ConversationOrder,
    /// At most so many.
    pub limit: Option<usize>,
}

/// The order of a listing; one direction is the exact reverse of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// By which time messages are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageOrder {
    /// When they were sent; then by their place in the log (number, then originator; those without a place last), then
    /// in the order in which they were stored.
    #[default]
    Sent,
    /// When this installation stored them; then in the order in which they were stored.
    Inserted,
}

/// The name of a content type, in all its versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentTypeName {
    /// Who defined the type, such as `xmtp.org`.
    pub authority_id: String,
    /// The type's name, such as `text`.
    pub type_id: String,
}

/// Which messages to list (FEATURES.md MS-10). The default lists all of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only those of these groups; empty for all.
    pub groups: Vec<GroupId>,
    /// Only those sent after this time.
    pub sent_after: Option<Timestamp>,
    /// Only those sent before this time.
    pub sent_before: Option<Timestamp>,
    /// Only those stored after this time.
    pub inserted_after: Option<Timestamp>,
    /// Only those stored before this time.
    pub inserted_before: Option<Timestamp>,
    /// Only messages of this kind.
    pub kind: Option<MessageKind>,
    /// Only messages with this status.
    pub delivery: Option<DeliveryStatus>,
    /// Only contents of these types; empty for all, also for contents that cannot be read.
    pub content_types: Vec<ContentTypeName>,
    /// No contents of these types; those that cannot be read are not kept out.
    pub except_content_types: Vec<ContentTypeName>,
    /// None sent by these inboxes.
    pub except_senders: Vec<InboxId>,
    /// Only those that answer or react to one of these messages; empty for all.
    pub references: Vec<MessageId>,
    /// None that disappear.
    pub except_disappearing: bool,
    /// By which time they are ordered.
    pub order: MessageOrder,
    /// In which direction.
    pub direction: Direction,
    /// At most so many.
    pub limit: Option<usize>,
}
