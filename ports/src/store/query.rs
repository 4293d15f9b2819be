//! Small read-only queries over committed rows.

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{Cursor, GroupId, InboxId, MessageId, SequenceId, Timestamp, Topic, VectorClock};

use crate::bounds::Port;
use crate::identity_log::LoggedUpdate;
use crate::port;
use crate::store::{
    CachedAssociationState, CommitLogRecord, ConversationFilter, ConversationListItem, ConversationRecord,
    CutoverRecord, DeferredWelcome, DeletionRecord, IcedEnvelope, IdentityRecord, IntentRecord,
    KeyPackageRecord, LeaseName, LeaseRecord, MessageFilter, MessageRecord, PreferencesRecord, ReaddRecord,
    RejectedRecord, RemoteCommitLogRecord, StoreError, SyncProgress, TaskId, TaskRecord, Watermark,
};

/// The own identity, and the identity logs of others as far as they were fetched.
#[port]
pub trait IdentityQuery: Port {
    /// Who this installation is; `None` in a new store.
    async fn identity(&self) -> Result<Option<IdentityRecord>, StoreError>;

    /// What the installations of the inbox share; `None` in a new store.
    async fn preferences(&self) -> Result<Option<PreferencesRecord>, StoreError>;

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

    /// For each inbox, in the order asked, the latest cached state at or before a sequence id.
    async fn association_states(
        &self,
        wanted: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Option<CachedAssociationState>>, StoreError>;

    /// For each identifier, in the order asked, what the network said last; the outer `None`: nothing yet.
    async fn inboxes_of(
        &self,
        identifiers: &[Identifier],
    ) -> Result<Vec<Option<Option<InboxId>>>, StoreError>;
}

/// How far logs were read, and what waits.
#[port]
pub trait ProgressQuery: Port {
    /// How far the log of a topic was read.
    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError>;

    /// How far the logs of topics were read, in the order asked.
    async fn cursors(&self, topics: &[Topic]) -> Result<Vec<VectorClock>, StoreError>;

    /// How far another log was worked through; zero when nothing of it was.
    async fn watermark(&self, mark: Watermark) -> Result<u64, StoreError>;

    /// The welcome pointers that wait for their pointees, in the order of their cursors.
    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError>;

    /// The iced envelopes of a topic, in the order of their cursors.
    async fn iced(&self, topic: Topic) -> Result<Vec<IcedEnvelope>, StoreError>;

    /// The iced envelopes of a topic that name a place among those that they depend on, in the order of their cursors.
    async fn iced_behind(&self, topic: Topic, cursor: Cursor) -> Result<Vec<IcedEnvelope>, StoreError>;

    /// Where the network's move to another API stands; `None` before the network was asked.
    async fn cutover(&self) -> Result<Option<CutoverRecord>, StoreError>;
}

/// Conversations.
#[port]
pub trait ConversationQuery: Port {
    /// One conversation.
    async fn conversation(&self, id: GroupId) -> Result<Option<ConversationRecord>, StoreError>;

    /// The conversations that the filter matches, in its order.
    async fn conversations(&self, filter: &ConversationFilter)
    -> Result<Vec<ConversationRecord>, StoreError>;

    /// The ids of the conversations that the filter matches, in its order: cheap where the rest is not needed.
    async fn conversation_ids(&self, filter: &ConversationFilter) -> Result<Vec<GroupId>, StoreError>;

    /// The conversations that the filter matches, in its order, each with its consent and its last message.
    async fn conversation_list(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationListItem>, StoreError>;

    /// How many conversations the filter matches; its limit and order do not count.
    async fn count_conversations(&self, filter: &ConversationFilter) -> Result<u64, StoreError>;

    /// The groups of a DM between two inboxes, given in lexical order, the most recently active first.
    async fn dm_groups(&self, pair: (InboxId, InboxId)) -> Result<Vec<ConversationRecord>, StoreError>;
}

/// Messages.
#[port]
pub trait MessageQuery: Port {
    /// One message.
    async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError>;

    /// Messages by their ids, in the order asked; `None` for those that are not stored.
    async fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Option<MessageRecord>>, StoreError>;

    /// The messages that the filter matches, in its order.
    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError>;

    /// How many messages the filter matches; its limit and order do not count.
    async fn count_messages(&self, filter: &MessageFilter) -> Result<u64, StoreError>;

    /// The requests to take back one of these messages, each once, in the order in which they were stored.
    async fn deletions_of(&self, ids: &[MessageId]) -> Result<Vec<DeletionRecord>, StoreError>;

    /// The messages that disappear at or before a time, the earliest first, ties in the order in which they were
    /// stored, at most `limit` of them.
    async fn expired_messages(&self, now: Timestamp, limit: usize) -> Result<Vec<MessageId>, StoreError>;

    /// When the next message disappears.
    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError>;
}

/// Intents, and who works on them.
#[port]
pub trait IntentQuery: Port {
    /// One intent.
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, StoreError>;

    /// The intents of a group that are not settled, in the order in which they were stored.
    async fn open_intents(&self, group_id: GroupId) -> Result<Vec<IntentRecord>, StoreError>;

    /// The groups that have intents which are not settled, by id.
    async fn groups_with_open_intents(&self) -> Result<Vec<GroupId>, StoreError>;

    /// A lease as it was last taken, perhaps run out; `None` when it was given back or never taken.
    async fn lease(&self, name: LeaseName) -> Result<Option<LeaseRecord>, StoreError>;
}

/// Durable tasks, and messages of the own devices that are to be dealt with.
#[port]
pub trait TaskQuery: Port {
    /// One task.
    async fn task(&self, id: TaskId) -> Result<Option<TaskRecord>, StoreError>;

    /// The tasks that are due at or before a time, those that are due longest first, ties by id, at most `limit` of
    /// them; also those that have become pointless by then.
    async fn due_tasks(&self, now: Timestamp, limit: usize) -> Result<Vec<TaskRecord>, StoreError>;

    /// When the next task is due.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// What was done about a message in the group of the own devices; `None` for nothing yet.
    async fn sync_progress(&self, message_id: MessageId) -> Result<Option<SyncProgress>, StoreError>;

    /// The messages in the group of the own devices that are still to be dealt with, by id.
    async fn pending_sync_messages(&self) -> Result<Vec<SyncProgress>, StoreError>;
}

/// Consent.
#[port]
pub trait ConsentQuery: Port {
    /// The consent stored for an entity.
    async fn consent(&self, entity: &ConsentEntity) -> Result<Option<ConsentRecord>, StoreError>;

    /// All consent that is stored, in the order of the entities: conversations, then inboxes, each by id.
    async fn consents(&self) -> Result<Vec<ConsentRecord>, StoreError>;
}

/// What went wrong, and what became of commits.
#[port]
pub trait DiagnosticsQuery: Port {
    /// The refused envelopes, oldest first, at most `limit` of them.
    async fn rejected(&self, limit: usize) -> Result<Vec<RejectedRecord>, StoreError>;

    /// The local commit log of a group, oldest first.
    async fn commit_log(&self, group_id: GroupId) -> Result<Vec<CommitLogRecord>, StoreError>;

    /// At most `limit` verified entries of a group's commit log on the network after a number, ascending.
    async fn remote_commit_log(
        &self,
        group_id: GroupId,
        after: SequenceId,
        limit: usize,
    ) -> Result<Vec<RemoteCommitLogRecord>, StoreError>;

    /// How far re-adding has come for installations of a group, by installation.
    async fn readds(&self, group_id: GroupId) -> Result<Vec<ReaddRecord>, StoreError>;
}
