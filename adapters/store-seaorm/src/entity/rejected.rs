//! Envelopes that were refused.

use hexmtp_domain::{Timestamp, Topic};
use hexmtp_ports::store::{RejectedRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{corrupt, cursor, from_sequence, text};
use crate::tenant::{FromRow, Owned, Tenant};

/// A refused envelope.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rejected")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i64,
    pub topic: Vec<u8>,
    pub originator: i64,
    pub sequence_id: i64,
    pub code: Vec<u8>,
    pub detail: Vec<u8>,
    pub rejected_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(
    tenant: &Tenant,
    ordinal: i64,
    record: RejectedRecord,
) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        ordinal: Set(ordinal),
        topic: Set(record.topic.to_bytes()),
        originator: Set(record.cursor.originator.0.into()),
        sequence_id: Set(from_sequence(record.cursor.sequence_id)?),
        code: Set(record.code.into_bytes()),
        detail: Set(record.detail.into_bytes()),
        rejected_at: Set(record.at.as_nanos()),
    })
}

impl FromRow<Model> for RejectedRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            topic: Topic::from_bytes(&row.topic).map_err(|_| corrupt("rejected.topic"))?,
            cursor: cursor("rejected.sequence_id", row.originator, row.sequence_id)?,
            code: text("rejected.code", row.code)?,
            detail: text("rejected.detail", row.detail)?,
            at: Timestamp::from_nanos(row.rejected_at),
        })
    }
}
