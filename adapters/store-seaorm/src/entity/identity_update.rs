//! The identity logs as far as they were fetched.

use hexmtp_domain::{InboxId, Timestamp};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{from_sequence, to_sequence};
use crate::tenant::{FromRow, Owned, Tenant};

/// An update of an inbox.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity_updates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub inbox_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence_id: i64,
    pub server_time: i64,
    pub payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of an update.
pub(crate) fn to_row(
    tenant: &Tenant,
    inbox_id: InboxId,
    update: LoggedUpdate,
) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        inbox_id: Set(inbox_id.to_vec()),
        sequence_id: Set(from_sequence(update.sequence_id)?),
        server_time: Set(update.server_time.as_nanos()),
        payload: Set(update.update),
    })
}

impl FromRow<Model> for LoggedUpdate {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            sequence_id: to_sequence("identity_updates.sequence_id", row.sequence_id)?,
            server_time: Timestamp::from_nanos(row.server_time),
            update: row.payload,
        })
    }
}
