//! The rows of the application.

use std::collections::BTreeMap;

use hexmtp_domain::consent::ConsentRecord;
use hexmtp_domain::intent::{IntentId, IntentState, StagedPayload};
use hexmtp_domain::{InboxId, Timestamp, Topic, VectorClock};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{
    CachedAssociationState, ConversationRecord, FeedEvent, IdentityRecord, IntentRecord, KeyPackageRecord,
    MessageRecord, PreferencesRecord, RowChange, StoreError, TaskId,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, QueryFilter};

use super::{BATCH, Writer, deletion, ice, lease, messages, progress};
use crate::entity::{
    association_state, commit_log, consent, conversation, identity, identity_update, intent, key_package,
    known_inbox, preferences, readd, rejected, remote_commit_log, task,
};
use crate::error::from_db;

/// What is written later, so that many rows go into one statement.
#[derive(Default)]
struct Pending {
    /// Messages that follow one another.
    messages: Vec<MessageRecord>,
    /// Cursors: nothing but a deletion depends on them.
    clocks: BTreeMap<Topic, VectorClock>,
}

/// Applies rows in their order.
pub(super) async fn apply(writer: &mut Writer<'_>, rows: Vec<RowChange>) -> Result<(), StoreError> {
    let mut pending = Pending::default();
    for row in rows {
        match row {
            RowChange::InsertMessage(record) => pending.messages.push(record),
            RowChange::AdvanceCursor { topic, cursor } => {
                pending.clocks.entry(topic).or_default().advance(cursor);
            }
            row => {
                // What is told to the feed, or depends on messages, comes after those before it.
                if needs_messages(&row) && !pending.messages.is_empty() {
                    messages::insert(writer, std::mem::take(&mut pending.messages)).await?;
                }
                if matches!(row, RowChange::DeleteConversation(_)) {
                    progress::advance(writer, std::mem::take(&mut pending.clocks)).await?;
                }
                writer.apply(row).await?;
            }
        }
    }
    messages::insert(writer, pending.messages).await?;
    progress::advance(writer, pending.clocks).await
}

const fn needs_messages(row: &RowChange) -> bool {
    matches!(
        row,
        RowChange::PutPreferences(_)
            | RowChange::PutConversation(_)
            | RowChange::DeleteConversation(_)
            | RowChange::SetDelivery { .. }
            | RowChange::DeleteMessage(_)
            | RowChange::RecordDeletion(_)
            | RowChange::PutConsent(_)
    )
}

impl Writer<'_> {
    async fn apply(&mut self, row: RowChange) -> Result<(), StoreError> {
        match row {
            RowChange::PutPreferences(record) => self.put_preferences(&record).await,
            RowChange::PutConversation(record) => self.put_conversation(*record).await,
            RowChange::DeleteConversation(id) => deletion::delete_conversation(self, id).await,
            RowChange::SetDelivery { id, status, published } => {
                messages::set_delivery(self, id, status, published).await
            }
            RowChange::DeleteMessage(id) => messages::delete(self, id).await,
            RowChange::RecordDeletion(record) => messages::record_deletion(self, &record).await,
            RowChange::PutConsent(record) => self.put_consent(&record).await,
            RowChange::InsertIntent(record) => self.insert_intent(record).await,
            RowChange::SetIntent { id, state, payload, attempts, error } => {
                self.set_intent(id, (state, payload), (attempts, error)).await
            }
            RowChange::TakeLease { name, holder, now, until } => {
                lease::take(self, name, holder, (now, until)).await
            }
            RowChange::ReleaseLease { name, holder } => lease::release(self, name, holder).await,
            row => self.apply_quietly(row).await,
        }
    }

    /// Rows that the feed is not told of.
    async fn apply_quietly(&mut self, row: RowChange) -> Result<(), StoreError> {
        match row {
            RowChange::PutIdentity(record) => self.put_identity(&record).await,
            RowChange::PutKeyPackage(record) => self.put_key_package(record).await,
            RowChange::DeleteKeyPackage(reference) => {
                let own = key_package::Column::Reference.eq(reference.to_vec());
                self.delete::<key_package::Entity>(own).await.map(drop)
            }
            RowChange::AppendIdentityUpdates { inbox_id, updates } => {
                self.append_identity_updates(inbox_id, updates).await
            }
            RowChange::CacheAssociationState(record) => self.cache_association_state(record).await,
            RowChange::CacheInboxOf { identifier, inbox_id } => {
                self.cache_inbox(known_inbox::to_row(self.tenant, &identifier, inbox_id)).await
            }
            RowChange::AdvanceWatermark { mark, to } => progress::advance_watermark(self, mark, to).await,
            RowChange::AppendCommitLog(record) => {
                let row = commit_log::to_row(self.tenant, self.counters.next_ordinal(), &record)?;
                self.insert(commit_log::Entity::insert(row)).await.map(drop)
            }
            RowChange::AppendRemoteCommitLog(record) => {
                self.append_remote_commit_log(remote_commit_log::to_row(self.tenant, &record)?).await
            }
            RowChange::PutReadd(record) => self.put_readd(readd::to_row(self.tenant, &record)?).await,
            RowChange::RecordRejected(record) => {
                let row = rejected::to_row(self.tenant, self.counters.next_ordinal(), record)?;
                self.insert(rejected::Entity::insert(row)).await.map(drop)
            }
            RowChange::DeferWelcome(record) => progress::defer_welcome(self, record).await,
            RowChange::ForgetDeferredWelcome(cursor) => progress::forget_deferred_welcome(self, cursor).await,
            RowChange::Ice(record) => ice::ice(self, record).await,
            RowChange::Thaw { topic, cursor } => ice::thaw(self, topic, cursor).await,
            RowChange::PutCutover(record) => progress::put_cutover(self, &record).await,
            RowChange::PutSyncProgress(record) => progress::put_sync_progress(self, &record).await,
            RowChange::InsertTask(record) => self.insert_task(task::to_row(self.tenant, record)?).await,
            RowChange::SetTask { id, attempts, due_at, error } => {
                self.set_task(id, attempts, due_at, error).await
            }
            RowChange::DeleteTask(id) => {
                self.delete::<task::Entity>(task::Column::Id.eq(id.0.to_vec())).await.map(drop)
            }
            // Applied before, or by `apply`.
            RowChange::PutPreferences(_)
            | RowChange::PutConversation(_)
            | RowChange::DeleteConversation(_)
            | RowChange::InsertMessage(_)
            | RowChange::SetDelivery { .. }
            | RowChange::DeleteMessage(_)
            | RowChange::RecordDeletion(_)
            | RowChange::InsertIntent(_)
            | RowChange::SetIntent { .. }
            | RowChange::AdvanceCursor { .. }
            | RowChange::PutConsent(_)
            | RowChange::TakeLease { .. }
            | RowChange::ReleaseLease { .. } => Ok(()),
        }
    }

    async fn put_identity(&self, record: &IdentityRecord) -> Result<(), StoreError> {
        use identity::{Column, Entity};
        let columns = Column::iter().filter(|column| !matches!(column, Column::Installation));
        let replace = OnConflict::column(Column::Installation).update_columns(columns).to_owned();
        let insert = Entity::insert(identity::to_row(self.tenant, record)?).on_conflict(replace);
        self.insert(insert).await.map(drop)
    }

    async fn put_preferences(&mut self, record: &PreferencesRecord) -> Result<(), StoreError> {
        use preferences::{Column, Entity};
        // The rule of `PreferencesRecord::supersedes`, as SQL.
        let newer =
            Expr::col(("excluded", Column::HmacCycledAt)).gt(Expr::col((Entity, Column::HmacCycledAt)));
        let replace = OnConflict::column(Column::Installation)
            .update_columns([Column::HmacRoot, Column::HmacCycledAt])
            .action_and_where(newer)
            .to_owned();
        let insert = Entity::insert(preferences::to_row(self.tenant, record)?).on_conflict(replace);
        if self.insert(insert).await? {
            self.events.push(FeedEvent::PreferencesChanged);
        }
        Ok(())
    }

    async fn put_key_package(&self, record: KeyPackageRecord) -> Result<(), StoreError> {
        use key_package::{Column, Entity};
        let columns =
            Column::iter().filter(|column| !matches!(column, Column::Installation | Column::Reference));
        let key = [Column::Installation, Column::Reference];
        let replace = OnConflict::columns(key).update_columns(columns).to_owned();
        let insert = Entity::insert(key_package::to_row(self.tenant, record)?).on_conflict(replace);
        self.insert(insert).await.map(drop)
    }

    async fn append_identity_updates(
        &self,
        inbox_id: InboxId,
        updates: Vec<LoggedUpdate>,
    ) -> Result<(), StoreError> {
        use identity_update::{Column, Entity};
        let key = [Column::Installation, Column::InboxId, Column::SequenceId];
        let mut updates = updates.into_iter().peekable();
        while updates.peek().is_some() {
            let batch = updates.by_ref().take(BATCH);
            let rows = batch.map(|update| identity_update::to_row(self.tenant, inbox_id, update));
            Entity::insert_many(rows.collect::<Result<Vec<_>, _>>()?)
                .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
                .exec_without_returning(self.transaction)
                .await
                .map_err(from_db)?;
        }
        Ok(())
    }

    async fn cache_association_state(&self, record: CachedAssociationState) -> Result<(), StoreError> {
        use association_state::{Column, Entity};
        let key = [Column::Installation, Column::InboxId, Column::SequenceId];
        let insert = Entity::insert(association_state::to_row(self.tenant, record)?);
        self.insert(insert.on_conflict(OnConflict::columns(key).do_nothing().to_owned())).await.map(drop)
    }

    async fn cache_inbox(&self, row: known_inbox::ActiveModel) -> Result<(), StoreError> {
        use known_inbox::{Column, Entity};
        let key = [Column::Installation, Column::Kind, Column::Identifier];
        let replace = OnConflict::columns(key).update_column(Column::InboxId).to_owned();
        self.insert(Entity::insert(row).on_conflict(replace)).await.map(drop)
    }

    async fn put_conversation(&mut self, record: ConversationRecord) -> Result<(), StoreError> {
        use conversation::{ActiveModel, Column, Entity};
        let id = record.id;
        let row = conversation::to_row(self.tenant, record)?;
        // The change of a known conversation is by far the more frequent case.
        let update = self.tenant.update::<Entity>().set(ActiveModel {
            installation: NotSet,
            id: NotSet,
            ..row.clone()
        });
        let update = update.filter(Column::Id.eq(id.to_vec()));
        if update.exec(self.transaction).await.map_err(from_db)?.rows_affected > 0 {
            self.events.push(FeedEvent::ConversationChanged(id));
            return Ok(());
        }
        self.insert(Entity::insert(row)).await?;
        self.events.push(FeedEvent::ConversationStored(id));
        Ok(())
    }

    async fn insert_intent(&mut self, record: IntentRecord) -> Result<(), StoreError> {
        use intent::{Column, Entity};
        let row = intent::to_row(self.tenant, self.counters.next_ordinal(), record)?;
        let keep = OnConflict::columns([Column::Installation, Column::Id]).do_nothing().to_owned();
        self.insert(Entity::insert(row).on_conflict(keep)).await.map(drop)
    }

    async fn set_intent(
        &self,
        id: IntentId,
        (state, payload): (IntentState, Option<StagedPayload>),
        (attempts, error): (u32, Option<String>),
    ) -> Result<(), StoreError> {
        let change = intent::progress(self.tenant, id, (state, payload), (attempts, error))?;
        let update = self.tenant.update::<intent::Entity>().set(change);
        let update = update.filter(intent::Column::Id.eq(id.0.to_vec()));
        update.exec(self.transaction).await.map(drop).map_err(from_db)
    }

    async fn put_consent(&mut self, record: &ConsentRecord) -> Result<(), StoreError> {
        use consent::{Column, Entity};
        // The rule of `ConsentRecord::supersedes`, as SQL.
        let newer = Expr::col(("excluded", Column::DecidedAt)).gt(Expr::col((Entity, Column::DecidedAt)));
        let replace = OnConflict::columns([Column::Installation, Column::Kind, Column::Entity])
            .update_columns([Column::State, Column::DecidedAt])
            .action_and_where(newer)
            .to_owned();
        if self.insert(Entity::insert(consent::to_row(self.tenant, record)).on_conflict(replace)).await? {
            self.events.push(FeedEvent::ConsentChanged(record.entity));
        }
        Ok(())
    }

    async fn append_remote_commit_log(&self, row: remote_commit_log::ActiveModel) -> Result<(), StoreError> {
        use remote_commit_log::{Column, Entity};
        let key = [Column::Installation, Column::GroupId, Column::LogSequenceId];
        let keep = OnConflict::columns(key).do_nothing().to_owned();
        self.insert(Entity::insert(row).on_conflict(keep)).await.map(drop)
    }

    async fn put_readd(&self, row: readd::ActiveModel) -> Result<(), StoreError> {
        use readd::{Column, Entity};
        let replace = OnConflict::columns([Column::Installation, Column::GroupId, Column::InstallationId])
            .update_columns([Column::RequestedAt, Column::RespondedAt])
            .to_owned();
        self.insert(Entity::insert(row).on_conflict(replace)).await.map(drop)
    }

    async fn insert_task(&self, row: task::ActiveModel) -> Result<(), StoreError> {
        use task::{Column, Entity};
        let keep = OnConflict::columns([Column::Installation, Column::Id]).do_nothing().to_owned();
        self.insert(Entity::insert(row).on_conflict(keep)).await.map(drop)
    }

    async fn set_task(
        &self,
        id: TaskId,
        attempts: u32,
        due_at: Timestamp,
        error: Option<String>,
    ) -> Result<(), StoreError> {
        let change = task::ActiveModel {
            attempts: Set(attempts.into()),
            due_at: Set(due_at.as_nanos()),
            error: Set(error.map(String::into_bytes)),
            ..Default::default()
        };
        let update = self.tenant.update::<task::Entity>().set(change);
        let update = update.filter(task::Column::Id.eq(id.0.to_vec()));
        update.exec(self.transaction).await.map(drop).map_err(from_db)
    }
}
