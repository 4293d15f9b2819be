//! The identity logs.

use sea_orm::entity::prelude::*;

/// An update of an inbox, as the serialized protobuf message.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_identity_updates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub inbox_id: Vec<u8>,
    pub created_ns: i64,
    pub payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
