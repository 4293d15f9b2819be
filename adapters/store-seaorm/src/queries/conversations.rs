//! Conversations.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::{GroupId, InboxId};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    ConversationFilter, ConversationListItem, ConversationQuery, ConversationRecord, StoreError,
};
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::{not_yet, record, records};
use crate::SqliteStore;
use crate::convert::limit;
use crate::entity::consent;
use crate::entity::conversation::{Column, Entity, kind_number};
use crate::error::from_db;

fn most_recently_active_first(query: Select<Entity>) -> Select<Entity> {
    query.order_by_desc(Column::ActiveAt).order_by_asc(Column::Id)
}

/// The conversations that consent is stored for.
fn with_consent() -> SelectStatement {
    // Only the kind counts here.
    let kind = ConsentEntity::Conversation(GroupId::new([0; 16])).kind_to_stored();
    Query::select()
        .column(consent::Column::Entity)
        .from(consent::Entity)
        .and_where(consent::Column::Kind.eq(kind))
        .take()
}

/// Those with one of these states; what nothing is stored for is unknown.
fn has_consent(states: &[ConsentState]) -> Condition {
    let numbers = states.iter().map(|state| state.to_stored());
    let stored = with_consent().and_where(consent::Column::State.is_in(numbers)).take();
    let condition = Condition::any().add(Column::Id.in_subquery(stored));
    match states.contains(&ConsentState::Unknown) {
        true => condition.add(Column::Id.not_in_subquery(with_consent())),
        false => condition,
    }
}

fn select(filter: &ConversationFilter) -> Select<Entity> {
    let mut query = Entity::find();
    if !filter.kinds.is_empty() {
        query = query.filter(Column::Kind.is_in(filter.kinds.iter().map(|kind| kind_number(*kind))));
    }
    if !filter.consent.is_empty() {
        query = query.filter(has_consent(&filter.consent));
    }
    if let Some(bound) = filter.created_after {
        query = query.filter(Column::CreatedAt.gte(bound.as_nanos()));
    }
    if let Some(bound) = filter.created_before {
        query = query.filter(Column::CreatedAt.lt(bound.as_nanos()));
    }
    most_recently_active_first(query).limit(filter.limit.map(limit))
}

#[port]
impl ConversationQuery for SqliteStore {
    async fn conversation(&self, id: GroupId) -> Result<Option<ConversationRecord>, StoreError> {
        record(Entity::find_by_id(id.to_vec()).one(self.reader()?).await.map_err(from_db)?)
    }

    async fn conversations(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationRecord>, StoreError> {
        records(select(filter).all(self.reader()?).await.map_err(from_db)?)
    }

    async fn conversation_ids(&self, filter: &ConversationFilter) -> Result<Vec<GroupId>, StoreError> {
        Ok(self.conversations(filter).await?.into_iter().map(|record| record.id).collect())
    }

    async fn conversation_list(
        &self,
        _: &ConversationFilter,
    ) -> Result<Vec<ConversationListItem>, StoreError> {
        Err(not_yet())
    }

    async fn count_conversations(&self, _: &ConversationFilter) -> Result<u64, StoreError> {
        Err(not_yet())
    }

    async fn dm_groups(&self, pair: (InboxId, InboxId)) -> Result<Vec<ConversationRecord>, StoreError> {
        let query = Entity::find()
            .filter(Column::DmFirst.eq(pair.0.to_vec()))
            .filter(Column::DmSecond.eq(pair.1.to_vec()));
        records(most_recently_active_first(query).all(self.reader()?).await.map_err(from_db)?)
    }
}
