//! Welcome pointers whose pointees are not there yet.

use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{Timestamp, WelcomeDestination};
use hexmtp_ports::delivery::{WelcomeEnvelope, WelcomePayload};
use hexmtp_ports::store::{DeferredWelcome, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{corrupt, cursor, from_sequence, id};
use crate::tenant::{FromRow, Owned, Tenant};

/// The sealed column.
const DATA: &str = "deferred_welcomes.data";

/// A pointer. Only a welcome, which nobody defers so far, has metadata.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deferred_welcomes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub originator: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence_id: i64,
    pub destination: Vec<u8>,
    pub server_time: i64,
    pub data: Vec<u8>,
    pub hpke_public_key: Vec<u8>,
    pub algorithm: i16,
    pub metadata: Option<Vec<u8>>,
    pub since: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

const fn algorithm_number(algorithm: WrapperAlgorithm) -> i16 {
    match algorithm {
        WrapperAlgorithm::Curve25519 => 1,
        WrapperAlgorithm::XWing => 2,
        WrapperAlgorithm::Symmetric => 3,
    }
}

fn algorithm(number: i16) -> Result<WrapperAlgorithm, StoreError> {
    Ok(match number {
        1 => WrapperAlgorithm::Curve25519,
        2 => WrapperAlgorithm::XWing,
        3 => WrapperAlgorithm::Symmetric,
        _ => return Err(corrupt("deferred_welcomes.algorithm")),
    })
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: DeferredWelcome) -> Result<ActiveModel, StoreError> {
    let WelcomeEnvelope { destination, cursor, server_time, payload } = record.envelope;
    let (data, hpke_public_key, algorithm, metadata) = match payload {
        WelcomePayload::Welcome { data, hpke_public_key, algorithm, metadata } => {
            (data, hpke_public_key, algorithm, Some(metadata))
        }
        WelcomePayload::Pointer { data, hpke_public_key, algorithm } => {
            (data, hpke_public_key, algorithm, None)
        }
    };
    let (originator, sequence_id) = (i64::from(cursor.originator.0), from_sequence(cursor.sequence_id)?);
    Ok(ActiveModel {
        installation: Set(tenant.id),
        originator: Set(originator),
        sequence_id: Set(sequence_id),
        destination: Set(destination.to_vec()),
        server_time: Set(server_time.as_nanos()),
        data: Set(tenant.seal(DATA, &[&originator.to_be_bytes(), &sequence_id.to_be_bytes()], data)?),
        hpke_public_key: Set(hpke_public_key),
        algorithm: Set(algorithm_number(algorithm)),
        metadata: Set(metadata),
        since: Set(record.since.as_nanos()),
    })
}

impl FromRow<Model> for DeferredWelcome {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let Model { data, hpke_public_key, .. } = row;
        let data =
            tenant.open(DATA, &[&row.originator.to_be_bytes(), &row.sequence_id.to_be_bytes()], data)?;
        let algorithm = algorithm(row.algorithm)?;
        let payload = match row.metadata {
            Some(metadata) => WelcomePayload::Welcome { data, hpke_public_key, algorithm, metadata },
            None => WelcomePayload::Pointer { data, hpke_public_key, algorithm },
        };
        let destination = WelcomeDestination::from_slice(&row.destination);
        let envelope = WelcomeEnvelope {
            destination: id("deferred_welcomes.destination", destination)?,
            cursor: cursor("deferred_welcomes.sequence_id", row.originator, row.sequence_id)?,
            server_time: Timestamp::from_nanos(row.server_time),
            payload,
        };
        Ok(Self { envelope, since: Timestamp::from_nanos(row.since) })
    }
}
