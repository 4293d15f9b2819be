//! The rows, and how a change set is applied to them.

use std::collections::{BTreeMap, BTreeSet};

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{Cursor, GroupId, InboxId, KeyPackageRef, MessageId, SequenceId, Topic, VectorClock};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{
    ChangeSet, CommitLogRecord, ConversationRecord, DeferredWelcome, FeedEntry, FeedEvent, FeedPosition,
    IdentityRecord, IntentRecord, KeyPackageRecord, MessageRecord, MlsRows, PreferencesRecord,
    RejectedRecord, Revision, RowChange, Scope, Snapshot, StoreError,
};
use thiserror::Error;

/// A change set breaks the port's contract.
#[derive(Debug, Error)]
enum MisuseError {
    /// The decision cannot have been made from a scope that it does not name.
    #[error("a row of a scope is changed that the change set does not expect")]
    UnexpectedScope,
}

fn is_not_yet_written(row: &RowChange) -> bool {
    matches!(
        row,
        RowChange::CacheAssociationState(_)
            | RowChange::CacheInboxOf { .. }
            | RowChange::DeleteConversation(_)
            | RowChange::DeleteMessage(_)
            | RowChange::RecordDeletion(_)
            | RowChange::AdvanceWatermark { .. }
            | RowChange::AppendRemoteCommitLog(_)
            | RowChange::PutReadd(_)
            | RowChange::Ice(_)
            | RowChange::Thaw { .. }
            | RowChange::PutCutover(_)
            | RowChange::PutSyncProgress(_)
            | RowChange::InsertTask(_)
            | RowChange::SetTask { .. }
            | RowChange::DeleteTask(_)
            | RowChange::TakeLease { .. }
            | RowChange::ReleaseLease { .. }
    )
}

/// Everything that the store holds.
#[derive(Default)]
pub(crate) struct Data {
    revisions: BTreeMap<Scope, Revision>,
    mls: BTreeMap<Scope, MlsRows>,
    feed: Vec<FeedEvent>,
    pub(crate) identity: Option<IdentityRecord>,
    pub(crate) preferences: Option<PreferencesRecord>,
    pub(crate) key_packages: BTreeMap<KeyPackageRef, KeyPackageRecord>,
    pub(crate) identity_updates: BTreeMap<InboxId, BTreeMap<SequenceId, LoggedUpdate>>,
    pub(crate) conversations: BTreeMap<GroupId, ConversationRecord>,
    /// In the order in which they were stored.
    pub(crate) messages: Vec<MessageRecord>,
    pub(crate) message_places: BTreeMap<MessageId, usize>,
    /// In the order in which they were stored.
    pub(crate) intents: Vec<IntentRecord>,
    intent_places: BTreeMap<IntentId, usize>,
    pub(crate) cursors: BTreeMap<Topic, VectorClock>,
    pub(crate) consent: BTreeMap<ConsentEntity, ConsentRecord>,
    pub(crate) commit_log: Vec<CommitLogRecord>,
    pub(crate) rejected: Vec<RejectedRecord>,
    pub(crate) deferred_welcomes: BTreeMap<Cursor, DeferredWelcome>,
}

impl Data {
    pub(crate) fn snapshot(&self, scope: Scope) -> Snapshot {
        Snapshot {
            scope,
            revision: self.revisions.get(&scope).copied().unwrap_or_default(),
            rows: self.mls.get(&scope).cloned().unwrap_or_default(),
        }
    }

    /// The position of an event is its place in the feed, counted from one.
    pub(crate) fn position(&self) -> FeedPosition {
        FeedPosition(self.feed.len() as u64)
    }

    pub(crate) fn changes_after(&self, position: FeedPosition, limit: usize) -> Vec<FeedEntry> {
        let first = usize::try_from(position.0).unwrap_or(usize::MAX);
        let events = self.feed.iter().zip(1..).skip(first).take(limit);
        events
            .map(|(event, position)| FeedEntry { position: FeedPosition(position), event: *event })
            .collect()
    }

    pub(crate) fn intent(&self, id: IntentId) -> Option<&IntentRecord> {
        self.intent_places.get(&id).and_then(|place| self.intents.get(*place))
    }

    pub(crate) fn message(&self, id: MessageId) -> Option<&MessageRecord> {
        self.message_places.get(&id).and_then(|place| self.messages.get(*place))
    }

    /// Applies everything or nothing: all that can be refused is refused before the first change.
    pub(crate) fn commit(&mut self, changes: ChangeSet) -> Result<(), StoreError> {
        self.check(&changes)?;
        for (scope, revision) in changes.expect {
            self.revisions.insert(scope, Revision(revision.0 + 1));
        }
        for change in changes.mls {
            let rows = self.mls.entry(change.scope).or_default();
            match change.value {
                Some(value) => rows.insert(change.key, value),
                None => rows.remove(&change.key),
            };
        }
        changes.rows.into_iter().for_each(|row| self.apply(row));
        Ok(())
    }

    fn check(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        let mut expected = BTreeSet::new();
        for (scope, revision) in &changes.expect {
            // A scope that is named twice would have its second revision already: no expectation of it holds.
            if self.revisions.get(scope).copied().unwrap_or_default() != *revision || !expected.insert(*scope)
            {
                return Err(StoreError::Conflict { scope: *scope });
            }
        }
        if changes.mls.iter().any(|change| !expected.contains(&change.scope)) {
            return Err(StoreError::Backend(Box::new(MisuseError::UnexpectedScope)));
        }
        if changes.rows.iter().any(is_not_yet_written) {
            return Err(crate::queries::not_yet());
        }
        Ok(())
    }

    fn apply(&mut self, row: RowChange) {
        match row {
            RowChange::PutIdentity(identity) => self.identity = Some(identity),
            RowChange::PutKeyPackage(record) => {
                self.key_packages.insert(record.reference, record);
            }
            RowChange::DeleteKeyPackage(reference) => {
                self.key_packages.remove(&reference);
            }
            RowChange::AppendIdentityUpdates { inbox_id, updates } => {
                let log = self.identity_updates.entry(inbox_id).or_default();
                for update in updates {
                    log.entry(update.sequence_id).or_insert(update);
                }
            }
            RowChange::PutConversation(record) => self.put_conversation(*record),
            RowChange::InsertMessage(record) => self.insert_message(record),
            RowChange::SetDelivery { id, status, published } => {
                let place = self.message_places.get(&id);
                if let Some(message) = place.and_then(|place| self.messages.get_mut(*place)) {
                    message.delivery = status;
                    if let Some((sent_at, cursor)) = published {
                        message.sent_at = sent_at;
                        message.cursor = Some(cursor);
                    }
                    self.feed.push(FeedEvent::MessageSettled { group_id: message.group_id, id });
                }
            }
            RowChange::InsertIntent(record) => {
                if !self.intent_places.contains_key(&record.id) {
                    self.intent_places.insert(record.id, self.intents.len());
                    self.intents.push(record);
                }
            }
            RowChange::SetIntent { id, state, payload, attempts, error } => {
                let place = self.intent_places.get(&id);
                if let Some(intent) = place.and_then(|place| self.intents.get_mut(*place)) {
                    intent.state = state;
                    intent.payload = payload;
                    intent.attempts = attempts;
                    intent.error = error;
                }
            }
            RowChange::AdvanceCursor { topic, cursor } => {
                self.cursors.entry(topic).or_default().advance(cursor)
            }
            RowChange::PutConsent(record) => self.put_consent(record),
            RowChange::AppendCommitLog(record) => self.commit_log.push(record),
            RowChange::RecordRejected(record) => self.rejected.push(record),
            RowChange::DeferWelcome(deferred) => {
                self.deferred_welcomes.entry(deferred.envelope.cursor).or_insert(deferred);
            }
            RowChange::ForgetDeferredWelcome(cursor) => {
                self.deferred_welcomes.remove(&cursor);
            }
            RowChange::PutPreferences(record) => {
                if self.preferences.as_ref().is_none_or(|stored| record.supersedes(stored)) {
                    self.preferences = Some(record);
                }
            }
            // Refused before the first change.
            RowChange::CacheAssociationState(_)
            | RowChange::CacheInboxOf { .. }
            | RowChange::DeleteConversation(_)
            | RowChange::DeleteMessage(_)
            | RowChange::RecordDeletion(_)
            | RowChange::AdvanceWatermark { .. }
            | RowChange::AppendRemoteCommitLog(_)
            | RowChange::PutReadd(_)
            | RowChange::Ice(_)
            | RowChange::Thaw { .. }
            | RowChange::PutCutover(_)
            | RowChange::PutSyncProgress(_)
            | RowChange::InsertTask(_)
            | RowChange::SetTask { .. }
            | RowChange::DeleteTask(_)
            | RowChange::TakeLease { .. }
            | RowChange::ReleaseLease { .. } => {}
        }
    }

    fn put_conversation(&mut self, record: ConversationRecord) {
        let id = record.id;
        let known = self.conversations.insert(id, record).is_some();
        self.feed.push(match known {
            true => FeedEvent::ConversationChanged(id),
            false => FeedEvent::ConversationStored(id),
        });
    }

    fn insert_message(&mut self, record: MessageRecord) {
        if !self.message_places.contains_key(&record.id) {
            self.feed.push(FeedEvent::MessageStored { group_id: record.group_id, id: record.id });
            self.message_places.insert(record.id, self.messages.len());
            self.messages.push(record);
        }
    }

    fn put_consent(&mut self, record: ConsentRecord) {
        let stored = self.consent.get(&record.entity);
        if stored.is_none_or(|stored| record.supersedes(stored)) {
            self.consent.insert(record.entity, record);
        }
    }
}
