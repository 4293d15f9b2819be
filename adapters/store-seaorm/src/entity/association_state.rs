//! Folded identity logs.

use hexmtp_domain::InboxId;
use hexmtp_ports::store::{CachedAssociationState, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{from_sequence, id, to_sequence};
use crate::tenant::{FromRow, Owned, Tenant};

/// What a log says after one of its updates.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "association_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub inbox_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence_id: i64,
    pub state: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: CachedAssociationState) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        inbox_id: Set(record.inbox_id.to_vec()),
        sequence_id: Set(from_sequence(record.sequence_id)?),
        state: Set(record.state),
    })
}

impl FromRow<Model> for CachedAssociationState {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            inbox_id: id("association_states.inbox_id", InboxId::from_slice(&row.inbox_id))?,
            sequence_id: to_sequence("association_states.sequence_id", row.sequence_id)?,
            state: row.state,
        })
    }
}
