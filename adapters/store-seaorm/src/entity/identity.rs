//! Who this installation is: at most one row of each installation.

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{InboxId, Timestamp};
use hexmtp_ports::store::{IdentityRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use zeroize::Zeroizing;

use crate::convert::{array, from_sequence, id, to_sequence};
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const KEY_SEED: &str = "identity.key_seed";

/// The identity.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    pub inbox_id: Vec<u8>,
    pub key_seed: Vec<u8>,
    pub created_at: i64,
    pub registered: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &IdentityRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        inbox_id: Set(record.inbox_id.to_vec()),
        key_seed: Set(tenant.seal(KEY_SEED, &[], record.key.seed().expose().to_vec())?),
        created_at: Set(record.created_at.as_nanos()),
        registered: Set(record.registered.map(from_sequence).transpose()?),
    })
}

impl FromRow<Model> for IdentityRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let opened = Zeroizing::new(tenant.open(KEY_SEED, &[], row.key_seed)?);
        let seed = array(KEY_SEED, &opened)?;
        Ok(Self {
            inbox_id: id("identity.inbox_id", InboxId::from_slice(&row.inbox_id))?,
            key: InstallationKey::from_seed(seed),
            created_at: Timestamp::from_nanos(row.created_at),
            registered: row.registered.map(|n| to_sequence("identity.registered", n)).transpose()?,
        })
    }
}
