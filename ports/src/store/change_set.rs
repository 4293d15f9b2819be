//! What one unit of work changes.

use hexmtp_domain::consent::ConsentRecord;
use hexmtp_domain::intent::{IntentId, IntentState, StagedPayload};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Cursor, InboxId, KeyPackageRef, MessageId, Timestamp, Topic};

use crate::identity_log::LoggedUpdate;
use crate::store::{
    CommitLogRecord, ConversationRecord, DeferredWelcome, IdentityRecord, IntentRecord, KeyPackageRecord,
    MessageRecord, RejectedRecord, Revision, Scope,
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
    /// A conversation, new or changed as a whole.
    PutConversation(Box<ConversationRecord>),
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
    /// A new intent.
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
    /// Consent for a conversation or an inbox; a newer record already stored wins (PROTOCOL.md 7.4).
    PutConsent(ConsentRecord),
    /// What became of a commit.
    AppendCommitLog(CommitLogRecord),
    /// An envelope that was refused.
    RecordRejected(RejectedRecord),
    /// A welcome pointer whose pointee is not there yet; one with the same cursor is left as it is.
    DeferWelcome(DeferredWelcome),
    /// A deferred welcome is dealt with; an unknown one is passed over.
    ForgetDeferredWelcome(Cursor),
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
