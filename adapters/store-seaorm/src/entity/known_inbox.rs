//! Which inboxes identifiers belong to, as the network said last.

use hexmtp_domain::InboxId;
use hexmtp_domain::identity::Identifier;
use hexmtp_ports::store::StoreError;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::id;
use crate::tenant::{Owned, Tenant};

/// What is known of an identifier.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_inboxes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub identifier: Vec<u8>,
    pub inbox_id: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The columns that name an identifier. The relying party of a passkey is no part of it.
pub(crate) fn key(identifier: &Identifier) -> (i16, Vec<u8>) {
    match identifier {
        Identifier::Ethereum(address) => (1, address.as_bytes().to_vec()),
        Identifier::Passkey(key) => (2, key.as_bytes().to_vec()),
        Identifier::Unclaimable(text) => (3, text.as_bytes().to_vec()),
    }
}

/// The row of an identifier.
pub(crate) fn to_row(tenant: &Tenant, identifier: &Identifier, inbox_id: Option<InboxId>) -> ActiveModel {
    let (kind, bytes) = key(identifier);
    ActiveModel {
        installation: Set(tenant.id),
        kind: Set(kind),
        identifier: Set(bytes),
        inbox_id: Set(inbox_id.map(|inbox| inbox.to_vec())),
    }
}

/// The inbox of a row; `None` for an identifier that belongs to none.
pub(crate) fn inbox(stored: Option<&[u8]>) -> Result<Option<InboxId>, StoreError> {
    stored.map(|bytes| id("known_inboxes.inbox_id", InboxId::from_slice(bytes))).transpose()
}
