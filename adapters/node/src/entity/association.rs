//! Which inboxes an identifier is a member of.

use sea_orm::entity::prelude::*;

/// An association that is not revoked. The update that made it orders it among the others of its identifier: the
/// latest counts.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_associations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub identifier: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub inbox_id: Vec<u8>,
    pub update_id: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
