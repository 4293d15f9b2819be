//! What the installations of an inbox share: at most one row of each installation.

use hexmtp_domain::{Secret, Timestamp};
use hexmtp_ports::store::{PreferencesRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const HMAC_ROOT: &str = "preferences.hmac_root";

/// The preferences.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "preferences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    pub hmac_root: Vec<u8>,
    pub hmac_cycled_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &PreferencesRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        hmac_root: Set(tenant.seal(HMAC_ROOT, &[], record.hmac_root.expose().to_vec())?),
        hmac_cycled_at: Set(record.hmac_cycled_at.as_nanos()),
    })
}

impl FromRow<Model> for PreferencesRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            hmac_root: Secret::new(tenant.open(HMAC_ROOT, &[], row.hmac_root)?),
            hmac_cycled_at: Timestamp::from_nanos(row.hmac_cycled_at),
        })
    }
}
