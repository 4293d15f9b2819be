//! Messages.

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::message::{ContentTypeId, DeliveryStatus, MessageKind};
use hexmtp_domain::{Cursor, Epoch, GroupId, InboxId, InstallationId, MessageId, Timestamp};
use hexmtp_ports::store::{MessageRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{corrupt, cursor, from_sequence, from_u64, id, text, to_u32, to_u64};
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const CONTENT: &str = "messages.content";
/// The originator and number of a message that has no place yet: behind all places, as in the order of messages. No
/// originator has this number, which has more than 32 bits.
pub(crate) const NOWHERE: (i64, i64) = (1 << 32, i64::MAX);

/// A message. `ordinal` tells in which order messages were stored.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub ordinal: i64,
    pub group_id: Vec<u8>,
    pub sender_inbox: Vec<u8>,
    pub sender_installation: Vec<u8>,
    pub sent_at: i64,
    pub inserted_at: i64,
    pub expires_at: Option<i64>,
    pub kind: i16,
    pub delivery: i16,
    pub content_authority: Option<Vec<u8>>,
    pub content_type: Option<Vec<u8>>,
    pub content_major: Option<i64>,
    pub content_minor: Option<i64>,
    pub content: Vec<u8>,
    pub reference: Option<Vec<u8>>,
    pub idempotency_key: Vec<u8>,
    pub originator: i64,
    pub sequence_id: i64,
    pub epoch: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(
    tenant: &Tenant,
    ordinal: i64,
    record: MessageRecord,
) -> Result<ActiveModel, StoreError> {
    let (authority, name, major, minor) = match record.content_type {
        None => (None, None, None, None),
        Some(content_type) => (
            Some(content_type.authority_id.into_bytes()),
            Some(content_type.type_id.into_bytes()),
            Some(content_type.version_major.into()),
            Some(content_type.version_minor.into()),
        ),
    };
    let (originator, sequence_id) = record.cursor.map_or(Ok(NOWHERE), place)?;
    Ok(ActiveModel {
        installation: Set(tenant.id),
        ordinal: Set(ordinal),
        id: Set(record.id.to_vec()),
        group_id: Set(record.group_id.to_vec()),
        sender_inbox: Set(record.sender.inbox_id.to_vec()),
        sender_installation: Set(record.sender.installation_id.to_vec()),
        sent_at: Set(record.sent_at.as_nanos()),
        inserted_at: Set(record.inserted_at.as_nanos()),
        expires_at: Set(record.expires_at.map(Timestamp::as_nanos)),
        kind: Set(record.kind.to_stored()),
        delivery: Set(record.delivery.to_stored()),
        content_authority: Set(authority),
        content_type: Set(name),
        content_major: Set(major),
        content_minor: Set(minor),
        content: Set(tenant.seal(CONTENT, &[record.id.as_ref()], record.content)?),
        reference: Set(record.reference.map(|id| id.to_vec())),
        idempotency_key: Set(record.idempotency_key.into_bytes()),
        originator: Set(originator),
        sequence_id: Set(sequence_id),
        epoch: Set(record.epoch.map(|epoch| from_u64(epoch.0)).transpose()?),
    })
}

fn content_type(
    authority: Option<Vec<u8>>,
    name: Option<Vec<u8>>,
    version: (Option<i64>, Option<i64>),
) -> Result<Option<ContentTypeId>, StoreError> {
    match (authority, name, version) {
        (None, None, (None, None)) => Ok(None),
        (Some(authority), Some(name), (Some(major), Some(minor))) => Ok(Some(ContentTypeId {
            authority_id: text("messages.content_authority", authority)?,
            type_id: text("messages.content_type", name)?,
            version_major: to_u32("messages.content_major", major)?,
            version_minor: to_u32("messages.content_minor", minor)?,
        })),
        _ => Err(corrupt("messages.content_type")),
    }
}

/// A place, as stored.
pub(crate) fn place(cursor: Cursor) -> Result<(i64, i64), StoreError> {
    Ok((cursor.originator.0.into(), from_sequence(cursor.sequence_id)?))
}

fn stored_place(originator: i64, sequence_id: i64) -> Result<Option<Cursor>, StoreError> {
    match (originator, sequence_id) {
        NOWHERE => Ok(None),
        _ => cursor("messages.sequence_id", originator, sequence_id).map(Some),
    }
}

impl FromRow<Model> for MessageRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let content = tenant.open(CONTENT, &[&row.id], row.content)?;
        Ok(Self {
            id: id("messages.id", MessageId::from_slice(&row.id))?,
            group_id: id("messages.group_id", GroupId::from_slice(&row.group_id))?,
            sender: LeafMember {
                inbox_id: id("messages.sender_inbox", InboxId::from_slice(&row.sender_inbox))?,
                installation_id: id(
                    "messages.sender_installation",
                    InstallationId::from_slice(&row.sender_installation),
                )?,
            },
            sent_at: Timestamp::from_nanos(row.sent_at),
            inserted_at: Timestamp::from_nanos(row.inserted_at),
            expires_at: row.expires_at.map(Timestamp::from_nanos),
            kind: MessageKind::from_stored(row.kind).ok_or_else(|| corrupt("messages.kind"))?,
            delivery: DeliveryStatus::from_stored(row.delivery)
                .ok_or_else(|| corrupt("messages.delivery"))?,
            content_type: content_type(
                row.content_authority,
                row.content_type,
                (row.content_major, row.content_minor),
            )?,
            content,
            reference: row
                .reference
                .map(|bytes| id("messages.reference", MessageId::from_slice(&bytes)))
                .transpose()?,
            idempotency_key: text("messages.idempotency_key", row.idempotency_key)?,
            cursor: stored_place(row.originator, row.sequence_id)?,
            epoch: row.epoch.map(|number| to_u64("messages.epoch", number).map(Epoch)).transpose()?,
        })
    }
}
