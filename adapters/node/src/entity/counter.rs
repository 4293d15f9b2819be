//! The counters from which rows get their numbers.

use sea_orm::entity::prelude::*;

/// The last number and time that a table's rows were given, and the size of its largest row. Kept apart from the
/// rows, so that a number is never given twice even if an operator deletes old rows.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_counters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub last_id: i64,
    pub last_ns: i64,
    pub largest: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
