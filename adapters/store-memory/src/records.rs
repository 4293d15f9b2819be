//! The queries for consent, for what went wrong, and for what became of commits.

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_domain::{GroupId, SequenceId};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CommitLogRecord, ConsentQuery, DiagnosticsQuery, ReaddRecord, RejectedRecord, RemoteCommitLogRecord,
    StoreError,
};

use crate::MemoryStore;

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
        group_id: GroupId,
        after: SequenceId,
        limit: usize,
    ) -> Result<Vec<RemoteCommitLogRecord>, StoreError> {
        self.read(|data| {
            let of_group = data.remote_commit_log.values().filter(|entry| entry.group_id == group_id);
            of_group.filter(|entry| entry.log_sequence_id > after).take(limit).cloned().collect()
        })
    }

    async fn readds(&self, group_id: GroupId) -> Result<Vec<ReaddRecord>, StoreError> {
        self.read(|data| data.readds.values().filter(|record| record.group_id == group_id).cloned().collect())
    }
}
