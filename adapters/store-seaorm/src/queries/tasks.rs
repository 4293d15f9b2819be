//! Not written yet.

use hexmtp_domain::{MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{StoreError, SyncProgress, TaskId, TaskQuery, TaskRecord};

use super::not_yet;
use crate::SqliteStore;

#[port]
impl TaskQuery for SqliteStore {
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
