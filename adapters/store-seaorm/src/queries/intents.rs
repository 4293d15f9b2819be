//! Intents.

use hexmtp_domain::GroupId;
use hexmtp_domain::intent::{IntentId, IntentState};
use hexmtp_ports::port;
use hexmtp_ports::store::{IntentQuery, IntentRecord, LeaseName, LeaseRecord, StoreError};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{not_yet, record, records};
use crate::SqliteStore;
use crate::convert::id as checked;
use crate::entity::intent::{Column, Entity};
use crate::error::from_db;

/// Not settled, said in a way that an index on the state serves.
fn is_open() -> SimpleExpr {
    let states = (1..=i16::from(u8::MAX)).filter_map(IntentState::from_stored);
    Column::State.is_in(states.filter(|state| !state.is_settled()).map(IntentState::to_stored))
}

#[port]
impl IntentQuery for SqliteStore {
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, StoreError> {
        let query = Entity::find().filter(Column::Id.eq(id.0.to_vec()));
        record(query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn open_intents(&self, group_id: GroupId) -> Result<Vec<IntentRecord>, StoreError> {
        let query = Entity::find().filter(Column::GroupId.eq(group_id.to_vec())).filter(is_open());
        records(query.order_by_asc(Column::Ordinal).all(self.reader()?).await.map_err(from_db)?)
    }

    async fn groups_with_open_intents(&self) -> Result<Vec<GroupId>, StoreError> {
        let query = Entity::find().select_only().column(Column::GroupId).distinct().filter(is_open());
        let groups: Vec<Vec<u8>> =
            query.order_by_asc(Column::GroupId).into_tuple().all(self.reader()?).await.map_err(from_db)?;
        groups.iter().map(|group_id| checked("intents.group_id", GroupId::from_slice(group_id))).collect()
    }

    async fn lease(&self, _: LeaseName) -> Result<Option<LeaseRecord>, StoreError> {
        Err(not_yet())
    }
}
