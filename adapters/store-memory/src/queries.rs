//! The small queries, but those for messages.

use std::cmp::Reverse;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{Cursor, GroupId, InboxId, MessageId, SequenceId, Timestamp, Topic, VectorClock};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CachedAssociationState, CommitLogRecord, ConsentQuery, ConversationFilter, ConversationListItem,
    ConversationQuery, ConversationRecord, CutoverRecord, DeferredWelcome, DiagnosticsQuery, IcedEnvelope,
    IdentityQuery, IdentityRecord, IntentQuery, IntentRecord, KeyPackageRecord, LeaseName, LeaseRecord,
    Maintenance, PreferencesRecord, ProgressQuery, ReaddRecord, RejectedRecord, RemoteCommitLogRecord,
    StoreError, StoreStatistics, SyncProgress, TaskId, TaskQuery, TaskRecord, Trim, Watermark,
};

use crate::MemoryStore;
use crate::data::Data;

#[port]
impl IdentityQuery for MemoryStore {
    async fn identity(&self) -> Result<Option<IdentityRecord>, StoreError> {
        self.read(|data| data.identity.clone())
    }

    async fn key_packages(&self) -> Result<Vec<KeyPackageRecord>, StoreError> {
        let mut records = self.read(|data| data.key_packages.values().cloned().collect::<Vec<_>>())?;
        records.sort_by_key(|record| (record.created_at, record.reference));
        Ok(records)
    }

    async fn key_package_for(&self, public_key: &[u8]) -> Result<Option<KeyPackageRecord>, StoreError> {
        let matches = |record: &&KeyPackageRecord| {
            record.init_key.0 == public_key || record.wrapper_key.0 == public_key
        };
        self.read(|data| data.key_packages.values().find(matches).cloned())
    }

    async fn identity_updates(
        &self,
        inbox_id: InboxId,
        after: SequenceId,
    ) -> Result<Vec<LoggedUpdate>, StoreError> {
        self.read(|data| {
            let log = data.identity_updates.get(&inbox_id);
            log.into_iter()
                .flat_map(|log| log.values())
                .filter(|update| update.sequence_id > after)
                .cloned()
                .collect()
        })
    }

    async fn latest_identity_updates(&self, inboxes: &[InboxId]) -> Result<Vec<SequenceId>, StoreError> {
        self.read(|data| {
            let latest =
                |inbox| data.identity_updates.get(inbox).and_then(|log| log.keys().next_back().copied());
            inboxes.iter().map(|inbox| latest(inbox).unwrap_or_default()).collect()
        })
    }

    async fn preferences(&self) -> Result<Option<PreferencesRecord>, StoreError> {
        self.read(|data| data.preferences.clone())
    }

    async fn association_states(
        &self,
        _: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Option<CachedAssociationState>>, StoreError> {
        Err(not_yet())
    }

    async fn inboxes_of(&self, _: &[Identifier]) -> Result<Vec<Option<Option<InboxId>>>, StoreError> {
        Err(not_yet())
    }
}

#[port]
impl ProgressQuery for MemoryStore {
    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError> {
        self.read(|data| data.deferred_welcomes.values().cloned().collect())
    }

    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError> {
        self.read(|data| data.cursors.get(&topic).cloned().unwrap_or_default())
    }

    async fn cursors(&self, topics: &[Topic]) -> Result<Vec<VectorClock>, StoreError> {
        self.read(|data| {
            topics.iter().map(|topic| data.cursors.get(topic).cloned().unwrap_or_default()).collect()
        })
    }

    async fn watermark(&self, _: Watermark) -> Result<u64, StoreError> {
        Err(not_yet())
    }

    async fn iced(&self, _: Topic) -> Result<Vec<IcedEnvelope>, StoreError> {
        Err(not_yet())
    }

    async fn iced_behind(&self, _: Topic, _: Cursor) -> Result<Vec<IcedEnvelope>, StoreError> {
        Err(not_yet())
    }

    async fn cutover(&self) -> Result<Option<CutoverRecord>, StoreError> {
        Err(not_yet())
    }
}

/// The order of every list of conversations.
fn most_recently_active_first(record: &ConversationRecord) -> impl Ord + use<> {
    (Reverse(record.last_message_at.unwrap_or(record.created_at)), record.id)
}

fn matches(data: &Data, filter: &ConversationFilter, record: &ConversationRecord) -> bool {
    let consent = || {
        let stored = data.consent.get(&ConsentEntity::Conversation(record.id));
        stored.map_or(ConsentState::Unknown, |stored| stored.state)
    };
    (filter.kinds.is_empty() || filter.kinds.contains(&record.kind))
        && (filter.consent.is_empty() || filter.consent.contains(&consent()))
        && filter.created_after.is_none_or(|bound| record.created_at >= bound)
        && filter.created_before.is_none_or(|bound| record.created_at < bound)
}

#[port]
impl ConversationQuery for MemoryStore {
    async fn conversation(&self, id: GroupId) -> Result<Option<ConversationRecord>, StoreError> {
        self.read(|data| data.conversations.get(&id).cloned())
    }

    async fn conversations(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationRecord>, StoreError> {
        self.read(|data| {
            let found = data.conversations.values().filter(|record| matches(data, filter, record));
            let mut found: Vec<_> = found.collect();
            found.sort_by_key(|record| most_recently_active_first(record));
            found.into_iter().take(filter.limit.unwrap_or(usize::MAX)).cloned().collect()
        })
    }

    async fn conversation_ids(&self, filter: &ConversationFilter) -> Result<Vec<GroupId>, StoreError> {
        Ok(self.conversations(filter).await?.into_iter().map(|record| record.id).collect())
    }

    async fn conversation_list(
        &self,
        _: &ConversationFilter,
    ) -> Result<Vec<ConversationListItem>, StoreError> {
        Err(not_yet())
    }

    async fn count_conversations(&self, _: &ConversationFilter) -> Result<u64, StoreError> {
        Err(not_yet())
    }

    async fn dm_groups(&self, pair: (InboxId, InboxId)) -> Result<Vec<ConversationRecord>, StoreError> {
        self.read(|data| {
            let found = data.conversations.values().filter(|record| record.dm_pair == Some(pair));
            let mut found: Vec<_> = found.cloned().collect();
            found.sort_by_key(most_recently_active_first);
            found
        })
    }
}

#[port]
impl IntentQuery for MemoryStore {
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, StoreError> {
        self.read(|data| data.intent(id).cloned())
    }

    async fn open_intents(&self, group_id: GroupId) -> Result<Vec<IntentRecord>, StoreError> {
        self.read(|data| {
            let of_group = data.intents.iter().filter(|intent| intent.group_id == group_id);
            of_group.filter(|intent| !intent.state.is_settled()).cloned().collect()
        })
    }

    async fn groups_with_open_intents(&self) -> Result<Vec<GroupId>, StoreError> {
        let mut groups: Vec<_> = self.read(|data| {
            let open = data.intents.iter().filter(|intent| !intent.state.is_settled());
            open.map(|intent| intent.group_id).collect()
        })?;
        groups.sort_unstable();
        groups.dedup();
        Ok(groups)
    }

    async fn lease(&self, _: LeaseName) -> Result<Option<LeaseRecord>, StoreError> {
        Err(not_yet())
    }
}

#[port]
impl TaskQuery for MemoryStore {
    async fn task(&self, _: TaskId) -> Result<Option<TaskRecord>, StoreError> {
        Err(not_yet())
    }

    async fn due_tasks(&self, _: Timestamp, _: usize) -> Result<Vec<TaskRecord>, StoreError> {
        Err(not_yet())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(not_yet())
    }

    async fn sync_progress(&self, _: MessageId) -> Result<Option<SyncProgress>, StoreError> {
        Err(not_yet())
    }

    async fn pending_sync_messages(&self) -> Result<Vec<SyncProgress>, StoreError> {
        Err(not_yet())
    }
}

#[port]
impl Maintenance for MemoryStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        Err(not_yet())
    }

    async fn trim(&self, _: &Trim) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn wipe(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn compact(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn release(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn reconnect(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }
}

/// What is not written yet.
pub(crate) fn not_yet() -> StoreError {
    StoreError::Backend("not written yet".into())
}

#[port]
impl ConsentQuery for MemoryStore {
    async fn consent(&self, entity: &ConsentEntity) -> Result<Option<ConsentRecord>, StoreError> {
        self.read(|data| data.consent.get(entity).cloned())
    }

    async fn consents(&self) -> Result<Vec<ConsentRecord>, StoreError> {
        self.read(|data| data.consent.values().cloned().collect())
    }
}

#[port]
impl DiagnosticsQuery for MemoryStore {
    async fn rejected(&self, limit: usize) -> Result<Vec<RejectedRecord>, StoreError> {
        self.read(|data| data.rejected.iter().take(limit).cloned().collect())
    }

    async fn commit_log(&self, group_id: GroupId) -> Result<Vec<CommitLogRecord>, StoreError> {
        self.read(|data| data.commit_log.iter().filter(|line| line.group_id == group_id).cloned().collect())
    }

    async fn remote_commit_log(
        &self,
        _: GroupId,
        _: SequenceId,
        _: usize,
    ) -> Result<Vec<RemoteCommitLogRecord>, StoreError> {
        Err(not_yet())
    }

    async fn readds(&self, _: GroupId) -> Result<Vec<ReaddRecord>, StoreError> {
        Err(not_yet())
    }
}
