//! Requests to take messages back.

use hexmtp_domain::{GroupId, InboxId, MessageId, Timestamp};
use hexmtp_ports::store::{DeletionRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::id;
use crate::tenant::{FromRow, Owned, Tenant};

/// A request. `ordinal` tells in which order requests were stored.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deletions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request: Vec<u8>,
    pub ordinal: i64,
    pub group_id: Vec<u8>,
    pub target: Vec<u8>,
    pub requested_by: Vec<u8>,
    pub as_super_admin: bool,
    pub requested_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, ordinal: i64, record: &DeletionRecord) -> ActiveModel {
    ActiveModel {
        installation: Set(tenant.id),
        request: Set(record.request.to_vec()),
        ordinal: Set(ordinal),
        group_id: Set(record.group_id.to_vec()),
        target: Set(record.target.to_vec()),
        requested_by: Set(record.by.to_vec()),
        as_super_admin: Set(record.as_super_admin),
        requested_at: Set(record.at.as_nanos()),
    }
}

impl FromRow<Model> for DeletionRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            request: id("deletions.request", MessageId::from_slice(&row.request))?,
            group_id: id("deletions.group_id", GroupId::from_slice(&row.group_id))?,
            target: id("deletions.target", MessageId::from_slice(&row.target))?,
            by: id("deletions.requested_by", InboxId::from_slice(&row.requested_by))?,
            as_super_admin: row.as_super_admin,
            at: Timestamp::from_nanos(row.requested_at),
        })
    }
}
