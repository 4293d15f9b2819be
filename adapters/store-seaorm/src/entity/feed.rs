//! The change feed.

use hexmtp_domain::consent::ConsentEntity;
use hexmtp_domain::{GroupId, InboxId, MessageId};
use hexmtp_ports::store::{FeedEntry, FeedEvent, FeedPosition, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{corrupt, id, to_u64};
use crate::tenant::{FromRow, Owned, Tenant};

/// A change. The positions of an installation have no gaps.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feed")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub event: i16,
    pub group_id: Option<Vec<u8>>,
    pub message_id: Option<Vec<u8>>,
    pub inbox_id: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of an event.
pub(crate) fn to_row(tenant: &Tenant, position: i64, event: &FeedEvent) -> ActiveModel {
    let (number, group_id, message_id, inbox_id) = match event {
        FeedEvent::MessageStored { group_id, id } => (1, Some(group_id), Some(id), None),
        FeedEvent::MessageSettled { group_id, id } => (2, Some(group_id), Some(id), None),
        FeedEvent::ConversationStored(group_id) => (3, Some(group_id), None, None),
        FeedEvent::ConversationChanged(group_id) => (4, Some(group_id), None, None),
        FeedEvent::MessageDeleted { group_id, id } => (5, Some(group_id), Some(id), None),
        FeedEvent::MessageTakenBack { group_id, id } => (6, Some(group_id), Some(id), None),
        FeedEvent::ConversationDeleted(group_id) => (7, Some(group_id), None, None),
        FeedEvent::ConsentChanged(ConsentEntity::Conversation(group_id)) => (8, Some(group_id), None, None),
        FeedEvent::ConsentChanged(ConsentEntity::Inbox(inbox_id)) => (8, None, None, Some(inbox_id)),
        FeedEvent::PreferencesChanged => (9, None, None, None),
    };
    ActiveModel {
        installation: Set(tenant.id),
        position: Set(position),
        event: Set(number),
        group_id: Set(group_id.map(|id| id.to_vec())),
        message_id: Set(message_id.map(|id| id.to_vec())),
        inbox_id: Set(inbox_id.map(|id| id.to_vec())),
    }
}

/// A stored position.
pub(crate) fn position(number: i64) -> Result<FeedPosition, StoreError> {
    to_u64("feed.position", number).map(FeedPosition)
}

fn event(
    number: i16,
    group_id: Option<GroupId>,
    message_id: Option<MessageId>,
    inbox_id: Option<InboxId>,
) -> Result<FeedEvent, StoreError> {
    Ok(match (number, group_id, message_id, inbox_id) {
        (1, Some(group_id), Some(id), None) => FeedEvent::MessageStored { group_id, id },
        (2, Some(group_id), Some(id), None) => FeedEvent::MessageSettled { group_id, id },
        (3, Some(group_id), None, None) => FeedEvent::ConversationStored(group_id),
        (4, Some(group_id), None, None) => FeedEvent::ConversationChanged(group_id),
        (5, Some(group_id), Some(id), None) => FeedEvent::MessageDeleted { group_id, id },
        (6, Some(group_id), Some(id), None) => FeedEvent::MessageTakenBack { group_id, id },
        (7, Some(group_id), None, None) => FeedEvent::ConversationDeleted(group_id),
        (8, Some(group_id), None, None) => FeedEvent::ConsentChanged(ConsentEntity::Conversation(group_id)),
        (8, None, None, Some(inbox_id)) => FeedEvent::ConsentChanged(ConsentEntity::Inbox(inbox_id)),
        (9, None, None, None) => FeedEvent::PreferencesChanged,
        _ => return Err(corrupt("feed.event")),
    })
}

impl FromRow<Model> for FeedEntry {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        let group_id = row.group_id.map(|bytes| id("feed.group_id", GroupId::from_slice(&bytes)));
        let message_id = row.message_id.map(|bytes| id("feed.message_id", MessageId::from_slice(&bytes)));
        let inbox_id = row.inbox_id.map(|bytes| id("feed.inbox_id", InboxId::from_slice(&bytes)));
        Ok(Self {
            position: position(row.position)?,
            event: event(row.event, group_id.transpose()?, message_id.transpose()?, inbox_id.transpose()?)?,
        })
    }
}
