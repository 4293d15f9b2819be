//! Intents, and who works on them.

use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{GroupId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{IntentQuery, IntentRecord, LeaseName, LeaseRecord, StoreError};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::SqlStore;
use crate::convert::id as checked;
use crate::entity::intent::{Column, Entity};
use crate::entity::lease;
use crate::error::from_db;
use crate::tenant::{record, records};

#[port]
impl IntentQuery for SqlStore {
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, StoreError> {
        let query = Entity::find_by_id((self.tenant().id, id.0.to_vec()));
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn open_intents(&self, group_id: GroupId) -> Result<Vec<IntentRecord>, StoreError> {
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::Settled.eq(false))
            .filter(Column::GroupId.eq(group_id.to_vec()))
            .order_by_asc(Column::Ordinal);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn groups_with_open_intents(&self) -> Result<Vec<GroupId>, StoreError> {
        let query = self.tenant().find::<Entity>().select_only().column(Column::GroupId).distinct();
        let query = query.filter(Column::Settled.eq(false)).order_by_asc(Column::GroupId);
        let groups: Vec<Vec<u8>> = query.into_tuple().all(self.reader()?).await.map_err(from_db)?;
        groups.iter().map(|group_id| checked("intents.group_id", GroupId::from_slice(group_id))).collect()
    }

    async fn lease(&self, name: LeaseName) -> Result<Option<LeaseRecord>, StoreError> {
        let (kind, subject) = lease::key(&name);
        let query = lease::Entity::find_by_id((self.tenant().id, kind, subject));
        let found = query.one(self.reader()?).await.map_err(from_db)?;
        let held = |row: lease::Model| {
            let holder = lease::holder(&row.holder)?;
            Ok(LeaseRecord { name, holder, until: Timestamp::from_nanos(row.until) })
        };
        found.map(held).transpose()
    }
}
