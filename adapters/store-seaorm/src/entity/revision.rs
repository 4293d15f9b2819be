//! How often each scope was changed.

use hexmtp_ports::store::Scope;
use sea_orm::entity::prelude::*;

use crate::tenant::Owned;

/// A scope that exists.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: Vec<u8>,
    pub revision: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The key of a scope: a byte for its kind, then its identifier.
pub(crate) fn scope_key(scope: &Scope) -> Vec<u8> {
    let (kind, id): (u8, &[u8]) = match scope {
        Scope::Group(id) => (0, id.as_ref()),
        Scope::KeyPackage(reference) => (1, reference.as_ref()),
        Scope::Installation => (2, &[]),
    };
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(kind);
    key.extend_from_slice(id);
    key
}
