//! How far the log of each topic was read.

use sea_orm::entity::prelude::*;

use crate::tenant::Owned;

/// The highest sequence id of an originator in a topic.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cursors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub originator: i64,
    pub sequence_id: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}
