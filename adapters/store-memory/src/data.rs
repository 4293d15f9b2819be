//! The rows, and how a change set is applied to them.

use std::collections::{BTreeMap, BTreeSet};

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{
    Cursor, GroupId, InboxId, InstallationId, KeyPackageRef, MessageId, SequenceId, Topic, VectorClock,
};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{
    CachedAssociationState, ChangeSet, CommitLogRecord, ConversationRecord, CutoverRecord, DeferredWelcome,
    DeletionRecord, IcedEnvelope, IdentityRecord, IntentRecord, KeyPackageRecord, LeaseName, LeaseRecord,
    MessageRecord, MlsRows, PreferencesRecord, ReaddRecord, RejectedRecord, RemoteCommitLogRecord, Revision,
    Scope, Snapshot, StoreError, SyncProgress, TaskId, TaskRecord, Watermark,
};
use thiserror::Error;

use crate::feed::Feed;
use crate::in_order::InOrder;
use crate::lease;

/// A change set breaks the port's contract.
#[derive(Debug, Error)]
enum MisuseError {
    /// The decision cannot have been made from a scope that it does not name.
    #[error("a row of a scope is changed that the change set does not expect")]
    UnexpectedScope,
}

/// Everything that the store holds.
#[derive(Default)]
pub(crate) struct Data {
    pub(crate) revisions: BTreeMap<Scope, Revision>,
    pub(crate) mls: BTreeMap<Scope, MlsRows>,
    pub(crate) feed: Feed,
    pub(crate) identity: Option<IdentityRecord>,
    pub(crate) preferences: Option<PreferencesRecord>,
    pub(crate) key_packages: BTreeMap<KeyPackageRef, KeyPackageRecord>,
    pub(crate) identity_updates: BTreeMap<InboxId, BTreeMap<SequenceId, LoggedUpdate>>,
    pub(crate) association_states: BTreeMap<(InboxId, SequenceId), CachedAssociationState>,
    pub(crate) inboxes: BTreeMap<Identifier, Option<InboxId>>,
    pub(crate) conversations: BTreeMap<GroupId, ConversationRecord>,
    pub(crate) messages: InOrder<MessageId, MessageRecord>,
    /// By the request.
    pub(crate) deletions: InOrder<MessageId, DeletionRecord>,
    pub(crate) intents: InOrder<IntentId, IntentRecord>,
    pub(crate) leases: BTreeMap<LeaseName, LeaseRecord>,
    pub(crate) cursors: BTreeMap<Topic, VectorClock>,
    pub(crate) watermarks: BTreeMap<Watermark, u64>,
    pub(crate) deferred_welcomes: BTreeMap<Cursor, DeferredWelcome>,
    pub(crate) iced: BTreeMap<(Topic, Cursor), IcedEnvelope>,
    pub(crate) cutover: Option<CutoverRecord>,
    pub(crate) tasks: BTreeMap<TaskId, TaskRecord>,
    pub(crate) sync_progress: BTreeMap<MessageId, SyncProgress>,
    pub(crate) consent: BTreeMap<ConsentEntity, ConsentRecord>,
    /// In the order in which they were stored.
    pub(crate) commit_log: Vec<CommitLogRecord>,
    pub(crate) remote_commit_log: BTreeMap<(GroupId, SequenceId), RemoteCommitLogRecord>,
    pub(crate) readds: BTreeMap<(GroupId, InstallationId), ReaddRecord>,
    /// In the order in which they were stored.
    pub(crate) rejected: Vec<RejectedRecord>,
}

impl Data {
    pub(crate) fn snapshot(&self, scope: Scope) -> Snapshot {
        Snapshot {
            scope,
            revision: self.revisions.get(&scope).copied().unwrap_or_default(),
            rows: self.mls.get(&scope).cloned().unwrap_or_default(),
        }
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
        lease::check(self, &changes.rows)
    }
}
