//! The newest key package of each installation.

use sea_orm::entity::prelude::*;

/// A key package in its TLS encoding.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_key_packages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: Vec<u8>,
    pub uploaded_ns: i64,
    pub key_package: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
