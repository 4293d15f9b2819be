//! The places that iced envelopes depend on.

use hexmtp_domain::Cursor;
use hexmtp_ports::store::{IcedEnvelope, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::from_sequence;
use crate::tenant::{Owned, Tenant};

/// An iced envelope depends on a place of its topic.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "iced_dependencies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub needed_originator: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub needed_sequence_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub originator: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence_id: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The rows of an envelope, one for each place that it depends on.
pub(crate) fn to_rows(tenant: &Tenant, record: &IcedEnvelope) -> Result<Vec<ActiveModel>, StoreError> {
    let mut needed: Vec<Cursor> = record.depends_on.clone();
    needed.sort_unstable();
    needed.dedup();
    let row = |needed: Cursor| {
        Ok(ActiveModel {
            installation: Set(tenant.id),
            topic: Set(record.topic.to_bytes()),
            needed_originator: Set(needed.originator.0.into()),
            needed_sequence_id: Set(from_sequence(needed.sequence_id)?),
            originator: Set(record.cursor.originator.0.into()),
            sequence_id: Set(from_sequence(record.cursor.sequence_id)?),
        })
    };
    needed.into_iter().map(row).collect()
}
