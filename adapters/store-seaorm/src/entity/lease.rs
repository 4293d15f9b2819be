//! Who may do what only one process may do at a time.

use hexmtp_domain::Timestamp;
use hexmtp_ports::store::{LeaseHolder, LeaseName, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::array;
use crate::tenant::{Owned, Tenant};

/// A lease as it was last taken.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: Vec<u8>,
    pub holder: Vec<u8>,
    pub until: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The columns that name a lease.
pub(crate) fn key(name: &LeaseName) -> (i16, Vec<u8>) {
    match name {
        LeaseName::Outbox(group_id) => (1, group_id.to_vec()),
        LeaseName::Task(id) => (2, id.0.to_vec()),
    }
}

/// The row of a lease.
pub(crate) fn to_row(
    tenant: &Tenant,
    name: &LeaseName,
    holder: LeaseHolder,
    until: Timestamp,
) -> ActiveModel {
    let (kind, subject) = key(name);
    ActiveModel {
        installation: Set(tenant.id),
        kind: Set(kind),
        subject: Set(subject),
        holder: Set(holder.0.to_vec()),
        until: Set(until.as_nanos()),
    }
}

/// A stored holder.
pub(crate) fn holder(bytes: &[u8]) -> Result<LeaseHolder, StoreError> {
    array("leases.holder", bytes).map(LeaseHolder)
}
