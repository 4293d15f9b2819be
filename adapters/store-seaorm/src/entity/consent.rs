//! Consent.

use hexmtp_domain::Timestamp;
use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_ports::store::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::corrupt;
use crate::tenant::{FromRow, Owned, Tenant};

/// The consent for an entity.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity: Vec<u8>,
    pub state: i16,
    pub decided_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &ConsentRecord) -> ActiveModel {
    ActiveModel {
        installation: Set(tenant.id),
        kind: Set(record.entity.kind_to_stored()),
        entity: Set(record.entity.id_bytes().to_vec()),
        state: Set(record.state.to_stored()),
        decided_at: Set(record.at.as_nanos()),
    }
}

impl FromRow<Model> for ConsentRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            entity: ConsentEntity::from_stored(row.kind, &row.entity)
                .ok_or_else(|| corrupt("consent.entity"))?,
            state: ConsentState::from_stored(row.state).ok_or_else(|| corrupt("consent.state"))?,
            at: Timestamp::from_nanos(row.decided_at),
        })
    }
}
