//! Intents.

use hexmtp_domain::intent::{Intent, IntentId, IntentState, StagedPayload};
use hexmtp_domain::welcome::PostCommit;
use hexmtp_domain::{Epoch, GroupId, MessageId, PayloadHash, Timestamp};
use hexmtp_ports::store::{IntentRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{array, corrupt, from_u64, id, text, to_u32, to_u64};
use crate::tenant::{FromRow, Owned, Tenant};

/// An intent. `ordinal` tells in which order intents were stored, `settled` what its state means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "intents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub ordinal: i64,
    pub group_id: Vec<u8>,
    pub kind: i16,
    pub data: Vec<u8>,
    pub state: i16,
    pub settled: bool,
    pub payload: Option<Vec<u8>>,
    pub payload_hash: Option<Vec<u8>>,
    pub payload_epoch: Option<i64>,
    pub post_commit: Option<Vec<u8>>,
    pub message_id: Option<Vec<u8>>,
    pub should_push: bool,
    pub attempts: i64,
    pub created_at: i64,
    pub error: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, ordinal: i64, record: IntentRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        ordinal: Set(ordinal),
        id: Set(record.id.0.to_vec()),
        group_id: Set(record.group_id.to_vec()),
        kind: Set(record.intent.kind()),
        data: Set(tenant.seal("intents.data", &[&record.id.0], record.intent.encode())?),
        message_id: Set(record.message_id.map(|id| id.to_vec())),
        should_push: Set(record.should_push),
        created_at: Set(record.created_at.as_nanos()),
        ..progress(tenant, record.id, (record.state, record.payload), (record.attempts, record.error))?
    })
}

/// The columns that change when an intent moves on.
pub(crate) fn progress(
    tenant: &Tenant,
    id: IntentId,
    (state, payload): (IntentState, Option<StagedPayload>),
    (attempts, error): (u32, Option<String>),
) -> Result<ActiveModel, StoreError> {
    let sealed = |column, value| tenant.seal(column, &[&id.0], value);
    let epoch = payload.as_ref().map(|payload| from_u64(payload.epoch.0)).transpose()?;
    let post_commit = payload.as_ref().and_then(|payload| payload.post_commit.as_ref());
    Ok(ActiveModel {
        state: Set(state.to_stored()),
        settled: Set(state.is_settled()),
        payload_epoch: Set(epoch),
        post_commit: Set(post_commit
            .map(|value| sealed("intents.post_commit", value.encode()))
            .transpose()?),
        payload_hash: Set(payload.as_ref().map(|payload| payload.hash.to_vec())),
        payload: Set(payload.map(|payload| sealed("intents.payload", payload.data)).transpose()?),
        attempts: Set(attempts.into()),
        error: Set(error.map(String::into_bytes)),
        ..Default::default()
    })
}

fn staged(tenant: &Tenant, row: &mut Model) -> Result<Option<StagedPayload>, StoreError> {
    let post_commit = row
        .post_commit
        .take()
        .map(|bytes| {
            let bytes = tenant.open("intents.post_commit", &[&row.id], bytes)?;
            PostCommit::decode(&bytes).map_err(|_| corrupt("intents.post_commit"))
        })
        .transpose()?;
    match (row.payload.take(), row.payload_hash.take(), row.payload_epoch) {
        (None, None, None) if post_commit.is_none() => Ok(None),
        (Some(data), Some(hash), Some(epoch)) => Ok(Some(StagedPayload {
            data: tenant.open("intents.payload", &[&row.id], data)?,
            hash: id("intents.payload_hash", PayloadHash::from_slice(&hash))?,
            epoch: Epoch(to_u64("intents.payload_epoch", epoch)?),
            post_commit,
        })),
        _ => Err(corrupt("intents.payload")),
    }
}

impl FromRow<Model> for IntentRecord {
    fn from_row(tenant: &Tenant, mut row: Model) -> Result<Self, StoreError> {
        let payload = staged(tenant, &mut row)?;
        let data = tenant.open("intents.data", &[&row.id], row.data)?;
        Ok(Self {
            id: IntentId(array("intents.id", &row.id)?),
            group_id: id("intents.group_id", GroupId::from_slice(&row.group_id))?,
            intent: Intent::decode(row.kind, &data).map_err(|_| corrupt("intents.data"))?,
            state: IntentState::from_stored(row.state).ok_or_else(|| corrupt("intents.state"))?,
            payload,
            message_id: row
                .message_id
                .map(|bytes| id("intents.message_id", MessageId::from_slice(&bytes)))
                .transpose()?,
            should_push: row.should_push,
            attempts: to_u32("intents.attempts", row.attempts)?,
            created_at: Timestamp::from_nanos(row.created_at),
            error: row.error.map(|bytes| text("intents.error", bytes)).transpose()?,
        })
    }
}
