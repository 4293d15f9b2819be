//! How far the re-adding of installations has come.

use hexmtp_domain::{GroupId, InstallationId};
use hexmtp_ports::store::{ReaddRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{from_sequence, id, to_sequence};
use crate::tenant::{FromRow, Owned, Tenant};

/// The re-adding of an installation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "readds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation_id: Vec<u8>,
    pub requested_at: Option<i64>,
    pub responded_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &ReaddRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        group_id: Set(record.group_id.to_vec()),
        installation_id: Set(record.installation_id.to_vec()),
        requested_at: Set(record.requested_at.map(from_sequence).transpose()?),
        responded_at: Set(record.responded_at.map(from_sequence).transpose()?),
    })
}

impl FromRow<Model> for ReaddRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        let commit = |column, number: Option<i64>| number.map(|n| to_sequence(column, n)).transpose();
        Ok(Self {
            group_id: id("readds.group_id", GroupId::from_slice(&row.group_id))?,
            installation_id: id("readds.installation_id", InstallationId::from_slice(&row.installation_id))?,
            requested_at: commit("readds.requested_at", row.requested_at)?,
            responded_at: commit("readds.responded_at", row.responded_at)?,
        })
    }
}
