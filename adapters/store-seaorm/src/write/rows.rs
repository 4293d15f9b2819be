//! The rows of the application.

use std::collections::BTreeMap;

use hexmtp_domain::{Cursor, InboxId, Topic, VectorClock};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{
    ConversationRecord, DeferredWelcome, FeedEvent, IdentityRecord, IntentRecord, KeyPackageRecord,
    MessageRecord, RowChange, StoreError,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, Iterable, QueryFilter};

use super::{BATCH, cursors, messages};
use crate::convert::from_sequence;
use crate::entity::{
    commit_log, consent, conversation, deferred_welcome, identity, identity_update, intent, key_package,
    rejected,
};
use crate::error::from_db;
use crate::queries::not_yet;

/// Applies rows in their order, and gives what the feed should tell.
///
/// Messages that follow one another go into one statement, and so do all cursors: those depend on nothing else.
pub(super) async fn apply(
    transaction: &DatabaseTransaction,
    rows: Vec<RowChange>,
) -> Result<Vec<FeedEvent>, StoreError> {
    let mut writer =
        Writer { transaction, events: Vec::new(), messages: Vec::new(), clocks: BTreeMap::new() };
    for row in rows {
        writer.apply(row).await?;
    }
    writer.flush_messages().await?;
    cursors::advance(transaction, writer.clocks).await?;
    Ok(writer.events)
}

struct Writer<'a> {
    transaction: &'a DatabaseTransaction,
    events: Vec<FeedEvent>,
    /// Messages that are not yet written.
    messages: Vec<MessageRecord>,
    /// Cursors that are not yet written.
    clocks: BTreeMap<Topic, VectorClock>,
}

impl Writer<'_> {
    async fn apply(&mut self, row: RowChange) -> Result<(), StoreError> {
        match row {
            RowChange::PutIdentity(record) => self.put_identity(&record).await,
            RowChange::PutKeyPackage(record) => self.put_key_package(record).await,
            RowChange::DeleteKeyPackage(reference) => {
                let delete = key_package::Entity::delete_by_id(reference.to_vec());
                delete.exec(self.transaction).await.map(drop).map_err(from_db)
            }
            RowChange::AppendIdentityUpdates { inbox_id, updates } => {
                self.append_identity_updates(inbox_id, updates).await
            }
            RowChange::PutConversation(record) => self.put_conversation(*record).await,
            RowChange::InsertMessage(record) => {
                self.messages.push(record);
                Ok(())
            }
            RowChange::SetDelivery { id, status, published } => {
                self.flush_messages().await?;
                let event = messages::set_delivery(self.transaction, id, status, published).await?;
                self.events.extend(event);
                Ok(())
            }
            RowChange::InsertIntent(record) => self.insert_intent(record).await,
            RowChange::SetIntent { id, state, payload, attempts, error } => {
                let change = intent::progress(state, payload, attempts, error)?;
                let update =
                    intent::Entity::update_many().set(change).filter(intent::Column::Id.eq(id.0.to_vec()));
                update.exec(self.transaction).await.map(drop).map_err(from_db)
            }
            RowChange::AdvanceCursor { topic, cursor } => {
                self.clocks.entry(topic).or_default().advance(cursor);
                Ok(())
            }
            RowChange::PutConsent(record) => self.put_consent(consent::to_row(&record)).await,
            RowChange::AppendCommitLog(record) => {
                let insert = commit_log::Entity::insert(commit_log::to_row(&record)?);
                insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
            }
            RowChange::RecordRejected(record) => {
                let insert = rejected::Entity::insert(rejected::to_row(record)?);
                insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
            }
            RowChange::DeferWelcome(record) => self.defer_welcome(record).await,
            RowChange::ForgetDeferredWelcome(cursor) => self.forget_deferred_welcome(cursor).await,
            RowChange::PutPreferences(record) => {
                let change = identity::ActiveModel {
                    hmac_root: Set(record.hmac_root.expose().to_vec()),
                    ..Default::default()
                };
                let update = identity::Entity::update_many().set(change);
                update.exec(self.transaction).await.map(drop).map_err(from_db)
            }
            // There are no tables yet for the others.
            RowChange::CacheAssociationState(_)
            | RowChange::CacheInboxOf { .. }
            | RowChange::DeleteConversation(_)
            | RowChange::DeleteMessage(_)
            | RowChange::RecordDeletion(_)
            | RowChange::AdvanceWatermark { .. }
            | RowChange::AppendRemoteCommitLog(_)
            | RowChange::PutReadd(_)
            | RowChange::Ice(_)
            | RowChange::Thaw { .. }
            | RowChange::PutCutover(_)
            | RowChange::PutSyncProgress(_)
            | RowChange::InsertTask(_)
            | RowChange::SetTask { .. }
            | RowChange::DeleteTask(_)
            | RowChange::TakeLease { .. }
            | RowChange::ReleaseLease { .. } => Err(not_yet()),
        }
    }

    async fn flush_messages(&mut self) -> Result<(), StoreError> {
        messages::insert(self.transaction, std::mem::take(&mut self.messages), &mut self.events).await
    }

    async fn put_identity(&self, record: &IdentityRecord) -> Result<(), StoreError> {
        let columns = identity::Column::iter()
            .filter(|column| !matches!(column, identity::Column::Slot | identity::Column::HmacRoot));
        let replace = OnConflict::column(identity::Column::Slot).update_columns(columns).to_owned();
        let insert = identity::Entity::insert(identity::to_row(record)?).on_conflict(replace);
        insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
    }

    async fn put_key_package(&self, record: KeyPackageRecord) -> Result<(), StoreError> {
        let columns =
            key_package::Column::iter().filter(|column| !matches!(column, key_package::Column::Reference));
        let replace = OnConflict::column(key_package::Column::Reference).update_columns(columns).to_owned();
        let insert = key_package::Entity::insert(key_package::to_row(record)).on_conflict(replace);
        insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
    }

    async fn append_identity_updates(
        &self,
        inbox_id: InboxId,
        updates: Vec<LoggedUpdate>,
    ) -> Result<(), StoreError> {
        let key = [identity_update::Column::InboxId, identity_update::Column::SequenceId];
        let mut updates = updates.into_iter().peekable();
        while updates.peek().is_some() {
            let rows = updates.by_ref().take(BATCH).map(|update| identity_update::to_row(inbox_id, update));
            identity_update::Entity::insert_many(rows.collect::<Result<Vec<_>, _>>()?)
                .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
                .exec_without_returning(self.transaction)
                .await
                .map_err(from_db)?;
        }
        Ok(())
    }

    async fn put_conversation(&mut self, record: ConversationRecord) -> Result<(), StoreError> {
        self.flush_messages().await?;
        let id = record.id;
        let row = conversation::to_row(record)?;
        // The change of a known conversation is by far the more frequent case.
        let updated = conversation::Entity::update_many()
            .set(conversation::ActiveModel { id: NotSet, ..row.clone() })
            .filter(conversation::Column::Id.eq(id.to_vec()))
            .exec(self.transaction)
            .await
            .map_err(from_db)?;
        if updated.rows_affected > 0 {
            self.events.push(FeedEvent::ConversationChanged(id));
            return Ok(());
        }
        conversation::Entity::insert(row).exec_without_returning(self.transaction).await.map_err(from_db)?;
        self.events.push(FeedEvent::ConversationStored(id));
        Ok(())
    }

    async fn insert_intent(&self, record: IntentRecord) -> Result<(), StoreError> {
        let keep = OnConflict::column(intent::Column::Id).do_nothing().to_owned();
        let insert = intent::Entity::insert(intent::to_row(record)?).on_conflict(keep);
        insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
    }

    async fn defer_welcome(&self, record: DeferredWelcome) -> Result<(), StoreError> {
        let key = [deferred_welcome::Column::Originator, deferred_welcome::Column::SequenceId];
        let keep = OnConflict::columns(key).do_nothing().to_owned();
        let insert = deferred_welcome::Entity::insert(deferred_welcome::to_row(record)?).on_conflict(keep);
        insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
    }

    async fn forget_deferred_welcome(&self, cursor: Cursor) -> Result<(), StoreError> {
        let key = (i64::from(cursor.originator.0), from_sequence(cursor.sequence_id)?);
        let delete = deferred_welcome::Entity::delete_by_id(key);
        delete.exec(self.transaction).await.map(drop).map_err(from_db)
    }

    async fn put_consent(&self, row: consent::ActiveModel) -> Result<(), StoreError> {
        // The rule of `ConsentRecord::supersedes`, as SQL.
        let newer = Expr::col(("excluded", consent::Column::DecidedAt))
            .gt(Expr::col((consent::Entity, consent::Column::DecidedAt)));
        let replace = OnConflict::columns([consent::Column::Kind, consent::Column::Entity])
            .update_columns([consent::Column::State, consent::Column::DecidedAt])
            .action_and_where(newer)
            .to_owned();
        let insert = consent::Entity::insert(row).on_conflict(replace);
        insert.exec_without_returning(self.transaction).await.map(drop).map_err(from_db)
    }
}
