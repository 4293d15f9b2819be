//! Conversations.

use std::collections::BTreeMap;

use hexmtp_domain::consent::ConsentState;
use hexmtp_domain::message::MessageKind;
use hexmtp_domain::{GroupId, InboxId};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    ConversationFilter, ConversationListItem, ConversationQuery, ConversationRecord, MessageRecord,
    StoreError,
};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QuerySelect};

use super::BATCH;
use super::conversation_filter::{consent_kind, listing, matching, most_recently_active_first};
use crate::SqlStore;
use crate::convert::{corrupt, id as checked};
use crate::entity::conversation::{Column, Entity};
use crate::entity::{consent, message};
use crate::error::from_db;
use crate::tenant::{record, records};

/// For each of these conversations the id of the last message that somebody sent in it.
fn last_messages(tenant: i64, groups: &[GroupId]) -> SelectStatement {
    let (last, column) = (|| Alias::new("last"), |column| Expr::col((Alias::new("last"), column)));
    let descending = [
        message::Column::SentAt,
        message::Column::SequenceId,
        message::Column::Originator,
        message::Column::Ordinal,
    ];
    let mut of_group = Query::select()
        .column((last(), message::Column::Id))
        .from_as(message::Entity, last())
        .and_where(column(message::Column::Installation).eq(tenant))
        .and_where(column(message::Column::GroupId).equals((Entity, Column::Id)))
        .and_where(column(message::Column::Kind).eq(MessageKind::Application.to_stored()))
        .take();
    for column in descending {
        of_group.order_by((last(), column), Order::Desc);
    }
    of_group.limit(1);
    Query::select()
        .expr(Expr::from(of_group))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Installation)).eq(tenant))
        .and_where(Expr::col((Entity, Column::Id)).is_in(groups.iter().map(|id| id.to_vec())))
        .take()
}

impl SqlStore {
    async fn consents_of(&self, groups: &[GroupId]) -> Result<BTreeMap<Vec<u8>, ConsentState>, StoreError> {
        use consent::{Column, Entity};
        let query = self.tenant().find::<Entity>().filter(Column::Kind.eq(consent_kind()));
        let query = query.filter(Column::Entity.is_in(groups.iter().map(|id| id.to_vec())));
        let rows = query.all(self.reader()?).await.map_err(from_db)?;
        let state = |row: consent::Model| match ConsentState::from_stored(row.state) {
            Some(state) => Ok((row.entity, state)),
            None => Err(corrupt("consent.state")),
        };
        rows.into_iter().map(state).collect()
    }

    async fn last_messages_of(
        &self,
        groups: &[GroupId],
    ) -> Result<BTreeMap<GroupId, MessageRecord>, StoreError> {
        use message::{Column, Entity};
        let query = self.tenant().find::<Entity>();
        let query = query.filter(Column::Id.in_subquery(last_messages(self.tenant().id, groups)));
        let rows = query.all(self.reader()?).await.map_err(from_db)?;
        let messages: Vec<MessageRecord> = records(self.tenant(), rows)?;
        Ok(messages.into_iter().map(|message| (message.group_id, message)).collect())
    }
}

#[port]
impl ConversationQuery for SqlStore {
    async fn conversation(&self, id: GroupId) -> Result<Option<ConversationRecord>, StoreError> {
        let query = Entity::find_by_id((self.tenant().id, id.to_vec()));
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn conversations(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationRecord>, StoreError> {
        let query = listing(self.tenant(), filter);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn conversation_ids(&self, filter: &ConversationFilter) -> Result<Vec<GroupId>, StoreError> {
        let query = listing(self.tenant(), filter).select_only().column(Column::Id);
        let ids: Vec<Vec<u8>> = query.into_tuple().all(self.reader()?).await.map_err(from_db)?;
        ids.iter().map(|id| checked("conversations.id", GroupId::from_slice(id))).collect()
    }

    async fn conversation_list(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationListItem>, StoreError> {
        let mut items = Vec::new();
        let mut found = self.conversations(filter).await?.into_iter().peekable();
        while found.peek().is_some() {
            let batch: Vec<ConversationRecord> = found.by_ref().take(BATCH).collect();
            let groups: Vec<GroupId> = batch.iter().map(|conversation| conversation.id).collect();
            let consents = self.consents_of(&groups).await?;
            let mut last = self.last_messages_of(&groups).await?;
            items.extend(batch.into_iter().map(|conversation| {
                ConversationListItem {
                    consent: consents
                        .get(conversation.id.as_bytes().as_slice())
                        .copied()
                        .unwrap_or(ConsentState::Unknown),
                    last_message: last.remove(&conversation.id),
                    conversation,
                }
            }));
        }
        Ok(items)
    }

    async fn count_conversations(&self, filter: &ConversationFilter) -> Result<u64, StoreError> {
        matching(self.tenant(), filter).count(self.reader()?).await.map_err(from_db)
    }

    async fn dm_groups(&self, pair: (InboxId, InboxId)) -> Result<Vec<ConversationRecord>, StoreError> {
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::DmFirst.eq(pair.0.to_vec()))
            .filter(Column::DmSecond.eq(pair.1.to_vec()));
        let rows = most_recently_active_first(query).all(self.reader()?).await.map_err(from_db)?;
        records(self.tenant(), rows)
    }
}
