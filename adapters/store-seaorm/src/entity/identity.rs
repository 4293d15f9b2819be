//! Who this installation is: at most one row of each installation.

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{InboxId, InstallationId, Timestamp};
use hexmtp_ports::store::{HeldKey, IdentityRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use zeroize::Zeroizing;

use crate::convert::{array, from_sequence, id, to_sequence};
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const KEY_SEED: &str = "identity.key_seed";

/// What stands before the id of an installation whose key is not in the store. A key's seed has 32 bytes, so that
/// neither is taken for the other, and an older version of this software takes what it does not know for damage.
const ELSEWHERE: u8 = 1;

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
        key_seed: Set(tenant.seal(KEY_SEED, &[], to_column(&record.key))?),
        created_at: Set(record.created_at.as_nanos()),
        registered: Set(record.registered.map(from_sequence).transpose()?),
    })
}

impl FromRow<Model> for IdentityRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let opened = Zeroizing::new(tenant.open(KEY_SEED, &[], row.key_seed)?);
        Ok(Self {
            inbox_id: id("identity.inbox_id", InboxId::from_slice(&row.inbox_id))?,
            key: from_column(&opened)?,
            created_at: Timestamp::from_nanos(row.created_at),
            registered: row.registered.map(|n| to_sequence("identity.registered", n)).transpose()?,
        })
    }
}

fn to_column(key: &HeldKey) -> Vec<u8> {
    match key {
        HeldKey::Here(key) => key.seed().expose().to_vec(),
        HeldKey::Elsewhere(installation) => [&[ELSEWHERE], installation.as_bytes().as_slice()].concat(),
    }
}

fn from_column(stored: &[u8]) -> Result<HeldKey, StoreError> {
    match stored {
        [ELSEWHERE, installation @ ..] if stored.len() == 33 => {
            Ok(HeldKey::Elsewhere(id(KEY_SEED, InstallationId::from_slice(installation))?))
        }
        seed => Ok(InstallationKey::from_seed(array(KEY_SEED, seed)?).into()),
    }
}
