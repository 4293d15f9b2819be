//! Welcomes, pointers to welcomes, and what is pointed to.

use hexmtp_proto::xmtp::mls::api::v1::WelcomeMessage;
use hexmtp_proto::xmtp::mls::api::v1::welcome_message::{V1, Version, WelcomePointer};
use sea_orm::entity::prelude::*;

use super::{LogTable, from_stored};

/// A welcome. Its algorithm is the number of the wire, which a pointer counts in an enumeration of its own.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_welcomes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub destination: Vec<u8>,
    pub created_ns: i64,
    pub payload_hash: Vec<u8>,
    pub size: i64,
    pub is_pointer: bool,
    pub data: Vec<u8>,
    pub hpke_public_key: Vec<u8>,
    pub algorithm: i32,
    pub metadata: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl LogTable for Entity {
    const ID: Column = Column::Id;
    const TOPIC: Column = Column::Destination;
    const SIZE: Column = Column::Size;
}

impl From<Model> for WelcomeMessage {
    fn from(row: Model) -> Self {
        let (id, created_ns) = (from_stored(row.id), from_stored(row.created_ns));
        let version = if row.is_pointer {
            Version::WelcomePointer(WelcomePointer {
                id,
                created_ns,
                installation_key: row.destination,
                welcome_pointer: row.data,
                hpke_public_key: row.hpke_public_key,
                wrapper_algorithm: row.algorithm,
            })
        } else {
            Version::V1(V1 {
                id,
                created_ns,
                installation_key: row.destination,
                data: row.data,
                hpke_public_key: row.hpke_public_key,
                wrapper_algorithm: row.algorithm,
                welcome_metadata: row.metadata,
            })
        };
        Self { version: Some(version) }
    }
}
