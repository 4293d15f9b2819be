//! Envelopes that came before those that they depend on.

use hexmtp_domain::{Timestamp, Topic};
use hexmtp_ports::store::{IcedEnvelope, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::blob;
use crate::convert::{corrupt, cursor, from_sequence};
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const ENVELOPE: &str = "iced.envelope";

/// An envelope. What it depends on is a list here, and in a table of its own by which it is found.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "iced")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub originator: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence_id: i64,
    pub depends_on: Vec<u8>,
    pub since: i64,
    pub envelope: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: IcedEnvelope) -> Result<ActiveModel, StoreError> {
    let topic = record.topic.to_bytes();
    let (originator, sequence_id) =
        (i64::from(record.cursor.originator.0), from_sequence(record.cursor.sequence_id)?);
    let key: &[&[u8]] = &[&topic, &originator.to_be_bytes(), &sequence_id.to_be_bytes()];
    let envelope = tenant.seal(ENVELOPE, key, record.envelope)?;
    Ok(ActiveModel {
        installation: Set(tenant.id),
        topic: Set(topic),
        originator: Set(originator),
        sequence_id: Set(sequence_id),
        depends_on: Set(blob::encode_cursors(&record.depends_on)?),
        since: Set(record.since.as_nanos()),
        envelope: Set(envelope),
    })
}

impl FromRow<Model> for IcedEnvelope {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let key: &[&[u8]] = &[&row.topic, &row.originator.to_be_bytes(), &row.sequence_id.to_be_bytes()];
        Ok(Self {
            envelope: tenant.open(ENVELOPE, key, row.envelope)?,
            topic: Topic::from_bytes(&row.topic).map_err(|_| corrupt("iced.topic"))?,
            cursor: cursor("iced.sequence_id", row.originator, row.sequence_id)?,
            depends_on: blob::decode_cursors("iced.depends_on", &row.depends_on)?,
            since: Timestamp::from_nanos(row.since),
        })
    }
}
