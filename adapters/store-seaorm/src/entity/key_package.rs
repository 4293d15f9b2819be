//! The key packages of this installation.

use hexmtp_domain::{KeyPackageRef, Secret, Timestamp};
use hexmtp_ports::store::{KeyPackageRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::id;
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed columns.
const INIT: &str = "key_packages.init_private";
const WRAPPER: &str = "key_packages.wrapper_private";

/// A key package.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_packages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
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

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: KeyPackageRecord) -> Result<ActiveModel, StoreError> {
    let sealed =
        |column, secret: &Secret| tenant.seal(column, &[record.reference.as_ref()], secret.expose().to_vec());
    let init_private = sealed(INIT, &record.init_key.1)?;
    let wrapper_private = sealed(WRAPPER, &record.wrapper_key.1)?;
    Ok(ActiveModel {
        installation: Set(tenant.id),
        reference: Set(record.reference.to_vec()),
        init_public: Set(record.init_key.0),
        init_private: Set(init_private),
        wrapper_public: Set(record.wrapper_key.0),
        wrapper_private: Set(wrapper_private),
        created_at: Set(record.created_at.as_nanos()),
        uploaded: Set(record.uploaded),
        superseded_at: Set(record.superseded_at.map(Timestamp::as_nanos)),
    })
}

impl FromRow<Model> for KeyPackageRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let opened = |column, sealed| tenant.open(column, &[&row.reference], sealed).map(Secret::new);
        Ok(Self {
            reference: id("key_packages.reference", KeyPackageRef::from_slice(&row.reference))?,
            init_key: (row.init_public, opened(INIT, row.init_private)?),
            wrapper_key: (row.wrapper_public, opened(WRAPPER, row.wrapper_private)?),
            created_at: Timestamp::from_nanos(row.created_at),
            uploaded: row.uploaded,
            superseded_at: row.superseded_at.map(Timestamp::from_nanos),
        })
    }
}
