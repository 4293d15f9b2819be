//! What one unit of work changes.

use hexmtp_domain::consent::ConsentRecord;
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::intent::{IntentId, IntentState, StagedPayload};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Cursor, GroupId, InboxId, KeyPackageRef, MessageId, Timestamp, Topic};

use crate::identity_log::LoggedUpdate;
use crate::store::{
    CachedAssociationState, CommitLogRecord, ConversationRecord, CutoverRecord, DeferredWelcome,
    DeletionRecord, IcedEnvelope, IdentityRecord, IntentRecord, KeyPackageRecord, LeaseHolder, LeaseName,
    MessageRecord, PreferencesRecord, ReaddRecord, RejectedRecord, RemoteCommitLogRecord, Revision, Scope,
    SyncProgress, TaskId, TaskRecord, Watermark,
};

/// One MLS row put or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MlsRowChange {
    /// The scope that the row belongs to.
    pub scope: Scope,
    /// The engine's key.
    pub key: Vec<u8>,
    /// The new value; `None` deletes the row.
    pub value: Option<Vec<u8>>,
}

/// One row of the application put, changed or deleted. An enum, so that a new kind does not compile until
/// every store handles it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// The installation's identity, new or changed.
    PutIdentity(IdentityRecord),
    /// Preferences; stored ones that are not older win, and the feed is told nothing then (PROTOCOL.md 7.4).
    PutPreferences(PreferencesRecord),
    /// A key package of this installation, new or changed.
    PutKeyPackage(KeyPackageRecord),
    /// A key package of this installation is forgotten (its MLS rows are deleted beside this).
    DeleteKeyPackage(KeyPackageRef),
    /// Updates of an inbox's identity log; those already stored are passed over.
    AppendIdentityUpdates {
        /// The inbox.
        inbox_id: InboxId,
        /// The updates, ascending.
        updates: Vec<LoggedUpdate>,
    },
    /// A folded identity log; one of the same inbox and sequence id is left as it is.
    CacheAssociationState(CachedAssociationState),
    /// Which inbox an identifier belongs to, as the network said last; `None`: to none.
    CacheInboxOf {
        /// The identifier.
        identifier: Identifier,
        /// The inbox.
        inbox_id: Option<InboxId>,
    },
    /// A conversation, new or changed as a whole.
    PutConversation(Box<ConversationRecord>),
    /// A conversation is forgotten with everything that belongs to it: messages and what was said about them (requests
    /// to take them back, sync progress), intents, MLS rows (also those of the same change set), both commit logs,
    /// re-adding, cursors, watermarks, iced envelopes, leases. Consent stays, since it is the user's, and so does the
    /// scope's revision, since others may still expect it; refused envelopes stay until they are trimmed. The feed is
    /// told once, and not of each message. An unknown one is passed over.
    DeleteConversation(GroupId),
    /// A message; one with the same id is left as it is, and nothing is told to the feed then.
    InsertMessage(MessageRecord),
    /// A message of this installation was settled.
    SetDelivery {
        /// The message; an unknown one is passed over.
        id: MessageId,
        /// The new status.
        status: DeliveryStatus,
        /// The server's time and place, once it is known.
        published: Option<(Timestamp, Cursor)>,
    },
    /// A message is removed from this device, whether it has disappeared or its user does not want to keep it. What
    /// was said about it stays, since it may come again; it is a new one then. An unknown one is passed over.
    DeleteMessage(MessageId),
    /// Somebody took back a message (PROTOCOL.md 3.4); a record of the same request is left as it is.
    RecordDeletion(DeletionRecord),
    /// A new intent; one with the same id is left as it is.
    InsertIntent(IntentRecord),
    /// An intent moved on.
    SetIntent {
        /// The intent; an unknown one is passed over.
        id: IntentId,
        /// Its new state.
        state: IntentState,
        /// The payload that belongs to the new state; `None` removes an old one.
        payload: Option<StagedPayload>,
        /// How often a payload was made or refused.
        attempts: u32,
        /// The code of the error that it failed with.
        error: Option<String>,
    },
    /// The log of a topic was read up to here; a cursor never moves back.
    AdvanceCursor {
        /// The topic.
        topic: Topic,
        /// The last envelope accounted for.
        cursor: Cursor,
    },
    /// Other logs, and the own ones, were worked through up to here; a watermark never moves back.
    AdvanceWatermark {
        /// What was worked through.
        mark: Watermark,
        /// The last number accounted for.
        to: u64,
    },
    /// Consent for a conversation or an inbox; a stored record that is not older wins, and the feed is told nothing
    /// then (PROTOCOL.md 7.4).
    PutConsent(ConsentRecord),
    /// What became of a commit.
    AppendCommitLog(CommitLogRecord),
    /// A verified entry of a group's commit log on the network; one with the same number is left as it is.
    AppendRemoteCommitLog(RemoteCommitLogRecord),
    /// How far the re-adding of an installation has come, new or changed.
    PutReadd(ReaddRecord),
    /// An envelope that was refused.
    RecordRejected(RejectedRecord),
    /// A welcome pointer whose pointee is not there yet; one with the same cursor is left as it is.
    DeferWelcome(DeferredWelcome),
    /// A deferred welcome is dealt with; an unknown one is passed over.
    ForgetDeferredWelcome(Cursor),
    /// An envelope that came before those that it depends on; one with the same topic and cursor is left as it is.
    Ice(IcedEnvelope),
    /// An iced envelope is dealt with; an unknown one is passed over.
    Thaw {
        /// The topic.
        topic: Topic,
        /// The envelope's place.
        cursor: Cursor,
    },
    /// Where the network's move to another API stands.
    PutCutover(CutoverRecord),
    /// How far a message of the own devices has been dealt with, new or changed.
    PutSyncProgress(SyncProgress),
    /// A task; one with the same id is left as it is.
    InsertTask(TaskRecord),
    /// A task was tried, or is put off.
    SetTask {
        /// The task; an unknown one is passed over.
        id: TaskId,
        /// How often it was tried.
        attempts: u32,
        /// When it is to be tried next.
        due_at: Timestamp,
        /// The code of the error that it failed with last.
        error: Option<String>,
    },
    /// A task is done or given up (its lease is given back beside this); an unknown one is passed over.
    DeleteTask(TaskId),
    /// The right to do something that only one process may do at a time, until a moment, at which it is free again.
    /// The holder may take it again to prolong or to shorten it. Whoever comes while another one holds it gets
    /// [`StoreError::Leased`], and nothing of the change set is applied. Where a scope conflicts as well, that is told.
    ///
    /// [`StoreError::Leased`]: crate::store::StoreError::Leased
    TakeLease {
        /// What it gives the right to.
        name: LeaseName,
        /// Who wants it.
        holder: LeaseHolder,
        /// The present time, by the holder's clock.
        now: Timestamp,
        /// When it ends unless it is prolonged.
        until: Timestamp,
    },
    /// A lease is given back; one that somebody else holds stays as it is.
    ReleaseLease {
        /// What it gave the right to.
        name: LeaseName,
        /// Who held it.
        holder: LeaseHolder,
    },
}

/// Everything that one unit of work changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    /// The scopes that the decision was made from, each with the revision that it was loaded at.
    pub expect: Vec<(Scope, Revision)>,
    /// MLS rows. Their scopes must be among the expected ones.
    pub mls: Vec<MlsRowChange>,
    /// Rows of the application, applied in order.
    pub rows: Vec<RowChange>,
}

impl ChangeSet {
    /// A change set that expects one scope unchanged.
    #[must_use]
    pub fn expecting(scope: Scope, revision: Revision) -> Self {
        Self { expect: vec![(scope, revision)], ..Self::default() }
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mls.is_empty() && self.rows.is_empty()
    }
}
