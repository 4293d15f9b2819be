//! What was done about messages in the group of the own devices.

use hexmtp_domain::MessageId;
use hexmtp_ports::store::{StoreError, SyncProgress, SyncState};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{corrupt, id, to_u32};
use crate::tenant::{FromRow, Owned, Tenant};

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_progress")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Vec<u8>,
    pub attempts: i64,
    pub state: i16,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The number of a state, as stored.
pub(crate) const fn state_number(state: SyncState) -> i16 {
    match state {
        SyncState::Pending => 1,
        SyncState::Done => 2,
        SyncState::Failed => 3,
    }
}

fn state(number: i16) -> Result<SyncState, StoreError> {
    Ok(match number {
        1 => SyncState::Pending,
        2 => SyncState::Done,
        3 => SyncState::Failed,
        _ => return Err(corrupt("sync_progress.state")),
    })
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &SyncProgress) -> ActiveModel {
    ActiveModel {
        installation: Set(tenant.id),
        message_id: Set(record.message_id.to_vec()),
        attempts: Set(record.attempts.into()),
        state: Set(state_number(record.state)),
    }
}

impl FromRow<Model> for SyncProgress {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            message_id: id("sync_progress.message_id", MessageId::from_slice(&row.message_id))?,
            attempts: to_u32("sync_progress.attempts", row.attempts)?,
            state: state(row.state)?,
        })
    }
}
