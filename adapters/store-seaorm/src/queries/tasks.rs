//! Durable tasks, and messages of the own devices that are to be dealt with.

use hexmtp_domain::{MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{StoreError, SyncProgress, SyncState, TaskId, TaskQuery, TaskRecord};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::SqlStore;
use crate::convert::limit;
use crate::entity::sync_progress;
use crate::entity::task::{Column, Entity};
use crate::error::from_db;
use crate::tenant::{record, records};

#[port]
impl TaskQuery for SqlStore {
    async fn task(&self, id: TaskId) -> Result<Option<TaskRecord>, StoreError> {
        let query = Entity::find_by_id((self.tenant().id, id.0.to_vec()));
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn due_tasks(&self, now: Timestamp, rows: usize) -> Result<Vec<TaskRecord>, StoreError> {
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::DueAt.lte(now.as_nanos()))
            .order_by_asc(Column::DueAt)
            .order_by_asc(Column::Id)
            .limit(limit(rows));
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = self.tenant().find::<Entity>().select_only().column(Column::DueAt);
        let query = query.order_by_asc(Column::DueAt).limit(1);
        let first: Option<i64> = query.into_tuple().one(self.reader()?).await.map_err(from_db)?;
        Ok(first.map(Timestamp::from_nanos))
    }

    async fn sync_progress(&self, message_id: MessageId) -> Result<Option<SyncProgress>, StoreError> {
        let query = sync_progress::Entity::find_by_id((self.tenant().id, message_id.to_vec()));
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn pending_sync_messages(&self) -> Result<Vec<SyncProgress>, StoreError> {
        use sync_progress::{Column, Entity, state_number};
        let pending = Column::State.eq(state_number(SyncState::Pending));
        let query = self.tenant().find::<Entity>().filter(pending).order_by_asc(Column::MessageId);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }
}
