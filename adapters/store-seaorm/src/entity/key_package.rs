//! The key packages of this installation.

use hexmtp_domain::{KeyPackageRef, Secret, Timestamp};
use hexmtp_ports::store::{KeyPackageRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::id;

/// A key package.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_packages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub reference: Vec<u8>,
    pub init_public: Vec<u8>,
    pub init_private: Vec<u8>,
    pub wrapper_public: Vec<u8>,
    pub wrapper_private: Vec<u8>,
    pub created_at: i64,
    pub uploaded: bool,
    pub superseded_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a record.
pub(crate) fn to_row(record: KeyPackageRecord) -> ActiveModel {
    ActiveModel {
        reference: Set(record.reference.to_vec()),
        init_public: Set(record.init_key.0),
        init_private: Set(record.init_key.1.expose().to_vec()),
        wrapper_public: Set(record.wrapper_key.0),
        wrapper_private: Set(record.wrapper_key.1.expose().to_vec()),
        created_at: Set(record.created_at.as_nanos()),
        uploaded: Set(record.uploaded),
        superseded_at: Set(record.superseded_at.map(Timestamp::as_nanos)),
    }
}

impl TryFrom<Model> for KeyPackageRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            reference: id("key_packages.reference", KeyPackageRef::from_slice(&row.reference))?,
            init_key: (row.init_public, Secret::new(row.init_private)),
            wrapper_key: (row.wrapper_public, Secret::new(row.wrapper_private)),
            created_at: Timestamp::from_nanos(row.created_at),
            uploaded: row.uploaded,
            superseded_at: row.superseded_at.map(Timestamp::from_nanos),
        })
    }
}
