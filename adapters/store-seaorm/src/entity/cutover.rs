//! Where the network's move to another API stands: at most one row of each installation.

use hexmtp_domain::Timestamp;
use hexmtp_ports::store::{CutoverRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::tenant::{FromRow, Owned, Tenant};

/// The move.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cutover")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    pub announced_for: Option<i64>,
    pub checked_at: i64,
    pub moved: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &CutoverRecord) -> ActiveModel {
    ActiveModel {
        installation: Set(tenant.id),
        announced_for: Set(record.at.map(Timestamp::as_nanos)),
        checked_at: Set(record.checked_at.as_nanos()),
        moved: Set(record.moved),
    }
}

impl FromRow<Model> for CutoverRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            at: row.announced_for.map(Timestamp::from_nanos),
            checked_at: Timestamp::from_nanos(row.checked_at),
            moved: row.moved,
        })
    }
}
