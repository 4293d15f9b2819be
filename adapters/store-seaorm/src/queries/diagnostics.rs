//! Refused envelopes, commit logs and re-adding.

use hexmtp_domain::{GroupId, SequenceId};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CommitLogRecord, DiagnosticsQuery, ReaddRecord, RejectedRecord, RemoteCommitLogRecord, StoreError,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::SqlStore;
use crate::convert::{from_u64, limit};
use crate::entity::{commit_log, readd, rejected, remote_commit_log};
use crate::error::from_db;
use crate::tenant::records;

#[port]
impl DiagnosticsQuery for SqlStore {
    async fn rejected(&self, rows: usize) -> Result<Vec<RejectedRecord>, StoreError> {
        let query = self.tenant().find::<rejected::Entity>();
        let query = query.order_by_asc(rejected::Column::Ordinal).limit(limit(rows));
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn commit_log(&self, group_id: GroupId) -> Result<Vec<CommitLogRecord>, StoreError> {
        use commit_log::{Column, Entity};
        let query = self.tenant().find::<Entity>().filter(Column::GroupId.eq(group_id.to_vec()));
        let query = query.order_by_asc(Column::Ordinal);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn remote_commit_log(
        &self,
        group_id: GroupId,
        after: SequenceId,
        rows: usize,
    ) -> Result<Vec<RemoteCommitLogRecord>, StoreError> {
        use remote_commit_log::{Column, Entity};
        let reader = self.reader()?;
        let Ok(after) = from_u64(after.0) else {
            return Ok(Vec::new());
        };
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::GroupId.eq(group_id.to_vec()))
            .filter(Column::LogSequenceId.gt(after))
            .order_by_asc(Column::LogSequenceId)
            .limit(limit(rows));
        records(self.tenant(), query.all(reader).await.map_err(from_db)?)
    }

    async fn readds(&self, group_id: GroupId) -> Result<Vec<ReaddRecord>, StoreError> {
        use readd::{Column, Entity};
        let query = self.tenant().find::<Entity>().filter(Column::GroupId.eq(group_id.to_vec()));
        let query = query.order_by_asc(Column::InstallationId);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }
}
