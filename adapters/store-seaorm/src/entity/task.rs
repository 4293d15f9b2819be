//! Durable tasks.

use hexmtp_domain::Timestamp;
use hexmtp_ports::store::{StoreError, TaskId, TaskRecord};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{array, text, to_u32};
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const DATA: &str = "tasks.data";

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub kind: Vec<u8>,
    pub data: Vec<u8>,
    pub created_at: i64,
    pub due_at: i64,
    pub expires_at: Option<i64>,
    pub attempts: i64,
    pub error: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: TaskRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        id: Set(record.id.0.to_vec()),
        kind: Set(record.kind.into_bytes()),
        data: Set(tenant.seal(DATA, &[&record.id.0], record.data)?),
        created_at: Set(record.created_at.as_nanos()),
        due_at: Set(record.due_at.as_nanos()),
        expires_at: Set(record.expires_at.map(Timestamp::as_nanos)),
        attempts: Set(record.attempts.into()),
        error: Set(record.error.map(String::into_bytes)),
    })
}

impl FromRow<Model> for TaskRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            data: tenant.open(DATA, &[&row.id], row.data)?,
            id: TaskId(array("tasks.id", &row.id)?),
            kind: text("tasks.kind", row.kind)?,
            created_at: Timestamp::from_nanos(row.created_at),
            due_at: Timestamp::from_nanos(row.due_at),
            expires_at: row.expires_at.map(Timestamp::from_nanos),
            attempts: to_u32("tasks.attempts", row.attempts)?,
            error: row.error.map(|bytes| text("tasks.error", bytes)).transpose()?,
        })
    }
}
