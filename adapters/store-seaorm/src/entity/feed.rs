//! The change feed.

use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::store::{FeedEntry, FeedEvent, FeedPosition, StoreError};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QuerySelect};

use crate::convert::{corrupt, id, to_u64};
use crate::error::from_db;

/// A change. Positions are never used twice, not even after the last row was deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feed")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub event: i16,
    pub group_id: Vec<u8>,
    pub message_id: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an event.
pub(crate) fn to_row(event: &FeedEvent) -> Option<ActiveModel> {
    let (number, group_id, message_id) = match event {
        FeedEvent::MessageStored { group_id, id } => (1, group_id, Some(id)),
        FeedEvent::MessageSettled { group_id, id } => (2, group_id, Some(id)),
        FeedEvent::ConversationStored(group_id) => (3, group_id, None),
        FeedEvent::ConversationChanged(group_id) => (4, group_id, None),
        _ => return None,
    };
    Some(ActiveModel {
        position: NotSet,
        event: Set(number),
        group_id: Set(group_id.to_vec()),
        message_id: Set(message_id.map(MessageId::to_vec)),
    })
}

/// The position of the last change; zero in a new store.
pub(crate) async fn last_position(connection: &impl ConnectionTrait) -> Result<FeedPosition, StoreError> {
    let query = Entity::find().select_only().column_as(Column::Position.max(), "position");
    let last: Option<Option<i64>> = query.into_tuple().one(connection).await.map_err(from_db)?;
    last.flatten().map_or(Ok(FeedPosition(0)), position)
}

/// A stored position.
pub(crate) fn position(number: i64) -> Result<FeedPosition, StoreError> {
    to_u64("feed.position", number).map(FeedPosition)
}

impl TryFrom<Model> for FeedEntry {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let group_id = id("feed.group_id", GroupId::from_slice(&row.group_id))?;
        let message_id = row.message_id.as_deref().map(MessageId::from_slice);
        let message_id = message_id.map(|message_id| id("feed.message_id", message_id)).transpose()?;
        let event = match (row.event, message_id) {
            (1, Some(id)) => FeedEvent::MessageStored { group_id, id },
            (2, Some(id)) => FeedEvent::MessageSettled { group_id, id },
            (3, None) => FeedEvent::ConversationStored(group_id),
            (4, None) => FeedEvent::ConversationChanged(group_id),
            _ => return Err(corrupt("feed.event")),
        };
        Ok(Self { position: position(row.position)?, event })
    }
}
