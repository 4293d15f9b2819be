//! The queries for work that is to be done: intents and tasks.

use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{GroupId, MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    IntentQuery, IntentRecord, LeaseName, LeaseRecord, StoreError, SyncProgress, SyncState, TaskId,
    TaskQuery, TaskRecord,
};

use crate::MemoryStore;

#[port]
impl IntentQuery for MemoryStore {
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, StoreError> {
        self.read(|data| data.intents.get(id).cloned())
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

    async fn lease(&self, name: LeaseName) -> Result<Option<LeaseRecord>, StoreError> {
        self.read(|data| data.leases.get(&name).copied())
    }
}

#[port]
impl TaskQuery for MemoryStore {
    async fn task(&self, id: TaskId) -> Result<Option<TaskRecord>, StoreError> {
        self.read(|data| data.tasks.get(&id).cloned())
    }

    async fn due_tasks(&self, now: Timestamp, limit: usize) -> Result<Vec<TaskRecord>, StoreError> {
        self.read(|data| {
            let mut due: Vec<_> = data.tasks.values().filter(|task| task.due_at <= now).collect();
            due.sort_by_key(|task| (task.due_at, task.id));
            due.into_iter().take(limit).cloned().collect()
        })
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|data| data.tasks.values().map(|task| task.due_at).min())
    }

    async fn sync_progress(&self, message_id: MessageId) -> Result<Option<SyncProgress>, StoreError> {
        self.read(|data| data.sync_progress.get(&message_id).copied())
    }

    async fn pending_sync_messages(&self) -> Result<Vec<SyncProgress>, StoreError> {
        self.read(|data| {
            let all = data.sync_progress.values();
            all.filter(|progress| progress.state == SyncState::Pending).copied().collect()
        })
    }
}
