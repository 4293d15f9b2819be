//! Who this installation is: at most one row.

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{InboxId, Secret, Timestamp};
use hexmtp_ports::store::{IdentityRecord, PreferencesRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use zeroize::Zeroize;

use crate::convert::{array, from_sequence, id, to_sequence};

/// The place of the only row.
pub(crate) const SLOT: i16 = 1;

/// The identity.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot: i16,
    pub inbox_id: Vec<u8>,
    pub key_seed: Vec<u8>,
    pub hmac_root: Vec<u8>,
    pub created_at: i64,
    pub registered: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a record.
pub(crate) fn to_row(record: &IdentityRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        slot: Set(SLOT),
        inbox_id: Set(record.inbox_id.to_vec()),
        key_seed: Set(record.key.seed().expose().to_vec()),
        hmac_root: Set(Vec::new()),
        created_at: Set(record.created_at.as_nanos()),
        registered: Set(record.registered.map(from_sequence).transpose()?),
    })
}

impl TryFrom<Model> for PreferencesRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self { hmac_root: Secret::new(row.hmac_root), hmac_cycled_at: Timestamp::ZERO })
    }
}

impl TryFrom<Model> for IdentityRecord {
    type Error = StoreError;

    fn try_from(mut row: Model) -> Result<Self, StoreError> {
        let seed = array("identity.key_seed", &row.key_seed);
        row.key_seed.zeroize();
        Ok(Self {
            inbox_id: id("identity.inbox_id", InboxId::from_slice(&row.inbox_id))?,
            key: InstallationKey::from_seed(seed?),
            created_at: Timestamp::from_nanos(row.created_at),
            registered: row.registered.map(|n| to_sequence("identity.registered", n)).transpose()?,
        })
    }
}
