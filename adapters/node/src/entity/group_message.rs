//! Messages and commits of groups.

use hexmtp_proto::xmtp::mls::api::v1::group_message::V1;
use sea_orm::entity::prelude::*;

use super::{LogTable, from_stored};

/// A message. The hash covers group and data: a message that is sent again is recognised by it (PEER.md 4).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_group_messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub group_id: Vec<u8>,
    pub created_ns: i64,
    pub payload_hash: Vec<u8>,
    pub size: i64,
    pub data: Vec<u8>,
    pub sender_hmac: Vec<u8>,
    pub should_push: bool,
    pub is_commit: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl LogTable for Entity {
    const ID: Column = Column::Id;
    const TOPIC: Column = Column::GroupId;
    const SIZE: Column = Column::Size;
}

impl From<Model> for V1 {
    fn from(row: Model) -> Self {
        Self {
            id: from_stored(row.id),
            created_ns: from_stored(row.created_ns),
            group_id: row.group_id,
            data: row.data,
            sender_hmac: row.sender_hmac,
            should_push: row.should_push,
            is_commit: row.is_commit,
        }
    }
}
