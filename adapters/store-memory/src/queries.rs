//! The small queries, but those for messages.

use std::cmp::Reverse;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{GroupId, InboxId, SequenceId, Topic, VectorClock};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CommitLogRecord, ConsentQuery, ConversationFilter, ConversationQuery, ConversationRecord,
    DeferredWelcome, DiagnosticsQuery, IdentityQuery, IdentityRecord, IntentQuery, IntentRecord,
    KeyPackageRecord, RejectedRecord, StoreError,
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

    async fn deferred_welcomes(&self) -> Result<Vec<DeferredWelcome>, StoreError> {
        self.read(|data| data.deferred_welcomes.values().cloned().collect())
    }

    async fn cursor(&self, topic: Topic) -> Result<VectorClock, StoreError> {
        self.read(|data| data.cursors.get(&topic).cloned().unwrap_or_default())
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
}

#[port]
impl ConsentQuery for MemoryStore {
    async fn consent(&self, entity: &ConsentEntity) -> Result<Option<ConsentRecord>, StoreError> {
        self.read(|data| data.consent.get(entity).cloned())
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
}
