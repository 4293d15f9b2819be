//! The rows of the MLS engine, which only it can read.

use sea_orm::entity::prelude::*;

use crate::tenant::Owned;

/// The sealed column.
pub(crate) const VALUE: &str = "mls_rows.value";

/// A row of a scope.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mls_rows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}
