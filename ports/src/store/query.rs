//! Small read-only queries over committed rows.

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{GroupId, InboxId, MessageId, SequenceId, Timestamp, Topic, VectorClock};

use crate::bounds::Port;
use crate::identity_log::LoggedUpdate;
use crate::port;
use crate::store::{
    CommitLogRecord, ConversationRecord, DeferredWelcome, IdentityRecord, IntentRecord, KeyPackageRecord,
    MessageRecord, RejectedRecord, StoreError,
};

/// The own identity, and the identity logs of others as far as they were fetched.
#[port]
pub trait IdentityQuery: Port {
    /// Who this installation is; `None` in a new store.
    async fn identity(&self) -> Result<Option<IdentityRecord>, StoreError>;

    /// The key packages of this installation, oldest first.
    async fn key_packages(&self) -> Result<Vec<KeyPackageRecord>, StoreError>;

    /// The key package whose X25519 or X-Wing public key this is.
    async fn key_package_for(&self, public_key: &[u8]) -> Result<Option<KeyPackageRecord>, StoreError>;

    /// The stored updates of an inbox after a sequence id, ascending.
    async fn identity_updates(
        &self,
        inbox_id: InboxId,
        after: SequenceId,
    ) -> Result<Vec<LoggedUpdate>, StoreError>;

    /// For each inbox, in the order asked, the sequence id of its last stored update; zero when there is none.
    async fn latest_identity_updates(&self, inboxes: &[InboxId]) -> Result<Vec<SequenceId>, StoreError>;

    /// The welcome pointers that wait for their pointees, in the order of their cursors.
    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError>;

    /// How far the log of a topic was read.
    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError>;
}

/// Which conversations to list. The default lists all of them, the most recently active first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Only these kinds; empty for all.
    pub kinds: Vec<ConversationKind>,
    /// Only those with one of these states of consent; empty for all.
    pub consent: Vec<ConsentState>,
    /// Only those created at or after this time.
    pub created_after: Option<Timestamp>,
    /// Only those created before this time.
    pub created_before: Option<Timestamp>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Conversations.
#[port]
pub trait ConversationQuery: Port {
    /// One conversation.
    async fn conversation(&self, id: GroupId) -> Result<Option<ConversationRecord>, StoreError>;

    /// Conversations by last activity (the last message, else the creation), the newest first, ties by id.
    async fn conversations(&self, filter: &ConversationFilter)
    -> Result<Vec<ConversationRecord>, StoreError>;

    /// The groups of a DM between two inboxes, given in lexical order, the most recently active first.
    async fn dm_groups(&self, pair: (InboxId, InboxId)) -> Result<Vec<ConversationRecord>, StoreError>;
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// Which messages to list. The default lists all of a group, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only those of these groups; empty for all.
    pub groups: Vec<GroupId>,
    /// Only those sent after this time.
    pub sent_after: Option<Timestamp>,
    /// Only those sent before this time.
    pub sent_before: Option<Timestamp>,
    /// Only messages of this kind.
    pub kind: Option<MessageKind>,
    /// Only messages with this status.
    pub delivery: Option<DeliveryStatus>,
    /// At most so many.
    pub limit: Option<usize>,
    /// In which order.
    pub direction: Direction,
}

/// Messages.
#[port]
pub trait MessageQuery: Port {
    /// One message.
    async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError>;

    /// Messages by time, then by their place in the log, then in the order in which they were stored.
    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError>;

    /// How many messages the filter matches; its limit and direction do not count.
    async fn count_messages(&self, filter: &MessageFilter) -> Result<u64, StoreError>;
}

/// Intents.
#[port]
pub trait IntentQuery: Port {
    /// One intent.
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, StoreError>;

    /// The intents of a group that are not settled, in the order in which they were stored.
    async fn open_intents(&self, group_id: GroupId) -> Result<Vec<IntentRecord>, StoreError>;

    /// The groups that have intents which are not settled.
    async fn groups_with_open_intents(&self) -> Result<Vec<GroupId>, StoreError>;
}

/// Consent.
#[port]
pub trait ConsentQuery: Port {
    /// The consent stored for an entity.
    async fn consent(&self, entity: &ConsentEntity) -> Result<Option<ConsentRecord>, StoreError>;
}

/// What went wrong, and what became of commits.
#[port]
pub trait DiagnosticsQuery: Port {
    /// The refused envelopes, oldest first, at most `limit` of them.
    async fn rejected(&self, limit: usize) -> Result<Vec<RejectedRecord>, StoreError>;

    /// The local commit log of a group, oldest first.
    async fn commit_log(&self, group_id: GroupId) -> Result<Vec<CommitLogRecord>, StoreError>;
}
