//! What members say about commits.

use hexmtp_proto::xmtp::identity::associations::RecoverableEd25519Signature;
use hexmtp_proto::xmtp::mls::message_contents::CommitLogEntry;
use sea_orm::entity::prelude::*;

use super::{LogTable, from_stored};

/// An entry, as its author signed it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_commit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub group_id: Vec<u8>,
    pub created_ns: i64,
    pub size: i64,
    pub entry: Vec<u8>,
    pub public_key: Vec<u8>,
    pub signature: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl LogTable for Entity {
    const ID: Column = Column::Id;
    const TOPIC: Column = Column::GroupId;
    const SIZE: Column = Column::Size;
}

impl From<Model> for CommitLogEntry {
    fn from(row: Model) -> Self {
        Self {
            sequence_id: from_stored(row.id),
            serialized_commit_log_entry: row.entry,
            signature: Some(RecoverableEd25519Signature { bytes: row.signature, public_key: row.public_key }),
        }
    }
}
