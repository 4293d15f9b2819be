//! Messages.

use std::collections::BTreeMap;

use hexmtp_domain::{MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{DeletionRecord, MessageFilter, MessageQuery, MessageRecord, StoreError};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::BATCH;
use super::message_filter::{arrange, plan, select};
use crate::SqlStore;
use crate::convert::{id as checked, limit};
use crate::entity::deletion;
use crate::entity::message::{Column, Entity};
use crate::error::from_db;
use crate::tenant::{record, records};

#[port]
impl MessageQuery for SqlStore {
    async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        let query = Entity::find_by_id((self.tenant().id, id.to_vec()));
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Option<MessageRecord>>, StoreError> {
        let reader = self.reader()?;
        let mut found = BTreeMap::new();
        for ids in ids.chunks(BATCH) {
            let query = self.tenant().find::<Entity>();
            let query = query.filter(Column::Id.is_in(ids.iter().map(|id| id.to_vec())));
            let rows = query.all(reader).await.map_err(from_db)?;
            let messages: Vec<MessageRecord> = records(self.tenant(), rows)?;
            found.extend(messages.into_iter().map(|message| (message.id, message)));
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
        let reader = self.reader()?;
        let plan = plan(self.tenant(), filter);
        let mut rows = Vec::new();
        for statement in plan.statements {
            rows.extend(statement.all(reader).await.map_err(from_db)?);
        }
        if plan.unordered {
            arrange(filter, &mut rows);
        }
        records(self.tenant(), rows)
    }

    async fn count_messages(&self, filter: &MessageFilter) -> Result<u64, StoreError> {
        let query = select(self.tenant(), filter, &filter.groups, &filter.references);
        query.count(self.reader()?).await.map_err(from_db)
    }

    async fn deletions_of(&self, ids: &[MessageId]) -> Result<Vec<DeletionRecord>, StoreError> {
        let reader = self.reader()?;
        let mut rows = Vec::new();
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        for ids in ids.chunks(BATCH) {
            let query = self.tenant().find::<deletion::Entity>();
            let query = query.filter(deletion::Column::Target.is_in(ids.iter().map(|id| id.to_vec())));
            rows.extend(query.all(reader).await.map_err(from_db)?);
        }
        rows.sort_by_key(|row| row.ordinal);
        records(self.tenant(), rows)
    }

    async fn expired_messages(&self, now: Timestamp, rows: usize) -> Result<Vec<MessageId>, StoreError> {
        let query = self.tenant().find::<Entity>().select_only().column(Column::Id);
        let query = query
            .filter(Column::ExpiresAt.lte(now.as_nanos()))
            .order_by_asc(Column::ExpiresAt)
            .order_by_asc(Column::Ordinal)
            .limit(limit(rows));
        let ids: Vec<Vec<u8>> = query.into_tuple().all(self.reader()?).await.map_err(from_db)?;
        ids.iter().map(|id| checked("messages.id", MessageId::from_slice(id))).collect()
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = self.tenant().find::<Entity>().select_only().column(Column::ExpiresAt);
        let query = query.filter(Column::ExpiresAt.is_not_null()).order_by_asc(Column::ExpiresAt).limit(1);
        let first: Option<i64> = query.into_tuple().one(self.reader()?).await.map_err(from_db)?;
        Ok(first.map(Timestamp::from_nanos))
    }
}
