//! Refused envelopes and the local commit log.

use hexmtp_domain::{GroupId, SequenceId};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CommitLogRecord, DiagnosticsQuery, ReaddRecord, RejectedRecord, RemoteCommitLogRecord, StoreError,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{not_yet, records};
use crate::SqliteStore;
use crate::convert::limit;
use crate::entity::{commit_log, rejected};
use crate::error::from_db;

#[port]
impl DiagnosticsQuery for SqliteStore {
    async fn rejected(&self, rows: usize) -> Result<Vec<RejectedRecord>, StoreError> {
        let query = rejected::Entity::find().order_by_asc(rejected::Column::Ordinal).limit(limit(rows));
        records(query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn commit_log(&self, group_id: GroupId) -> Result<Vec<CommitLogRecord>, StoreError> {
        let query = commit_log::Entity::find().filter(commit_log::Column::GroupId.eq(group_id.to_vec()));
        let query = query.order_by_asc(commit_log::Column::Ordinal);
        records(query.all(self.reader()?).await.map_err(from_db)?)
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
