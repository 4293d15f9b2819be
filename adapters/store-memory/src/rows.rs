//! How rows of the application are changed.

use hexmtp_domain::consent::ConsentRecord;
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Cursor, GroupId, InboxId, MessageId, Timestamp, Topic};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{
    CachedAssociationState, ConversationRecord, DeletionRecord, FeedEvent, LeaseName, MessageRecord,
    PreferencesRecord, RowChange, Scope, Watermark,
};

use crate::data::Data;

impl Data {
    /// Applies a row whose lease, if it asks for one, was found free.
    pub(crate) fn apply(&mut self, row: RowChange) {
        match row {
            RowChange::PutIdentity(identity) => self.identity = Some(identity),
            RowChange::PutPreferences(record) => self.put_preferences(record),
            RowChange::PutKeyPackage(record) => _ = self.key_packages.insert(record.reference, record),
            RowChange::DeleteKeyPackage(reference) => _ = self.key_packages.remove(&reference),
            RowChange::AppendIdentityUpdates { inbox_id, updates } => self.append_updates(inbox_id, updates),
            RowChange::CacheAssociationState(cached) => self.cache_association_state(cached),
            RowChange::CacheInboxOf { identifier, inbox_id } => _ = self.inboxes.insert(identifier, inbox_id),
            RowChange::PutConversation(record) => self.put_conversation(*record),
            RowChange::DeleteConversation(id) => self.delete_conversation(id),
            RowChange::InsertMessage(record) => self.insert_message(record),
            RowChange::SetDelivery { id, status, published } => self.set_delivery(id, status, published),
            RowChange::DeleteMessage(id) => self.delete_message(id),
            RowChange::RecordDeletion(record) => self.record_deletion(record),
            RowChange::InsertIntent(record) => _ = self.intents.insert_new(record.id, record),
            RowChange::SetIntent { id, state, payload, attempts, error } => {
                if let Some(intent) = self.intents.get_mut(id) {
                    (intent.state, intent.payload) = (state, payload);
                    (intent.attempts, intent.error) = (attempts, error);
                }
            }
            RowChange::AdvanceCursor { topic, cursor } => {
                self.cursors.entry(topic).or_default().advance(cursor);
            }
            RowChange::AdvanceWatermark { mark, to } => self.advance_watermark(mark, to),
            RowChange::PutConsent(record) => self.put_consent(record),
            RowChange::AppendCommitLog(record) => self.commit_log.push(record),
            RowChange::AppendRemoteCommitLog(record) => {
                self.remote_commit_log.entry((record.group_id, record.log_sequence_id)).or_insert(record);
            }
            RowChange::PutReadd(record) => {
                self.readds.insert((record.group_id, record.installation_id), record);
            }
            RowChange::RecordRejected(record) => self.rejected.push(record),
            RowChange::DeferWelcome(deferred) => {
                self.deferred_welcomes.entry(deferred.envelope.cursor).or_insert(deferred);
            }
            RowChange::ForgetDeferredWelcome(cursor) => _ = self.deferred_welcomes.remove(&cursor),
            RowChange::Ice(iced) => _ = self.iced.entry((iced.topic, iced.cursor)).or_insert(iced),
            RowChange::Thaw { topic, cursor } => _ = self.iced.remove(&(topic, cursor)),
            RowChange::PutCutover(record) => self.cutover = Some(record),
            RowChange::PutSyncProgress(record) => _ = self.sync_progress.insert(record.message_id, record),
            RowChange::InsertTask(record) => _ = self.tasks.entry(record.id).or_insert(record),
            RowChange::SetTask { id, attempts, due_at, error } => {
                if let Some(task) = self.tasks.get_mut(&id) {
                    (task.attempts, task.due_at, task.error) = (attempts, due_at, error);
                }
            }
            RowChange::DeleteTask(id) => _ = self.tasks.remove(&id),
            RowChange::TakeLease { name, holder, until, .. } => self.take_lease(name, holder, until),
            RowChange::ReleaseLease { name, holder } => self.release_lease(name, holder),
        }
    }

    fn put_preferences(&mut self, record: PreferencesRecord) {
        if self.preferences.as_ref().is_none_or(|stored| record.supersedes(stored)) {
            self.preferences = Some(record);
            self.feed.push(FeedEvent::PreferencesChanged);
        }
    }

    fn append_updates(&mut self, inbox_id: InboxId, updates: Vec<LoggedUpdate>) {
        let log = self.identity_updates.entry(inbox_id).or_default();
        for update in updates {
            log.entry(update.sequence_id).or_insert(update);
        }
    }

    fn cache_association_state(&mut self, cached: CachedAssociationState) {
        self.association_states.entry((cached.inbox_id, cached.sequence_id)).or_insert(cached);
    }

    fn put_conversation(&mut self, record: ConversationRecord) {
        let id = record.id;
        let known = self.conversations.insert(id, record).is_some();
        self.feed.push(match known {
            true => FeedEvent::ConversationChanged(id),
            false => FeedEvent::ConversationStored(id),
        });
    }

    /// What belongs to nobody but the conversation goes with it, and the feed is told once.
    fn delete_conversation(&mut self, id: GroupId) {
        if self.conversations.remove(&id).is_none() {
            return;
        }
        let of_group = |message| self.messages.get(message).is_some_and(|record| record.group_id == id);
        self.sync_progress.retain(|message, _| !of_group(*message));
        self.messages.retain(|record| record.group_id != id);
        self.deletions.retain(|record| record.group_id != id);
        self.intents.retain(|record| record.group_id != id);
        self.leases.remove(&LeaseName::Outbox(id));
        self.mls.remove(&Scope::Group(id));
        self.commit_log.retain(|record| record.group_id != id);
        self.remote_commit_log.retain(|(group_id, _), _| *group_id != id);
        self.readds.retain(|(group_id, _), _| *group_id != id);
        self.cursors.remove(&Topic::Group(id));
        self.watermarks.retain(|mark, _| mark.group_id() != id);
        self.iced.retain(|(topic, _), _| *topic != Topic::Group(id));
        self.feed.push(FeedEvent::ConversationDeleted(id));
    }

    fn insert_message(&mut self, record: MessageRecord) {
        let (group_id, id) = (record.group_id, record.id);
        if self.messages.insert_new(id, record) {
            self.feed.push(FeedEvent::MessageStored { group_id, id });
        }
    }

    fn set_delivery(
        &mut self,
        id: MessageId,
        status: DeliveryStatus,
        published: Option<(Timestamp, Cursor)>,
    ) {
        if let Some(message) = self.messages.get_mut(id) {
            message.delivery = status;
            if let Some((sent_at, cursor)) = published {
                message.sent_at = sent_at;
                message.cursor = Some(cursor);
            }
            self.feed.push(FeedEvent::MessageSettled { group_id: message.group_id, id });
        }
    }

    fn delete_message(&mut self, id: MessageId) {
        if let Some(message) = self.messages.remove(id) {
            self.feed.push(FeedEvent::MessageDeleted { group_id: message.group_id, id });
        }
    }

    fn record_deletion(&mut self, record: DeletionRecord) {
        let (group_id, id) = (record.group_id, record.target);
        if self.deletions.insert_new(record.request, record) {
            self.feed.push(FeedEvent::MessageTakenBack { group_id, id });
        }
    }

    fn advance_watermark(&mut self, mark: Watermark, to: u64) {
        let stored = self.watermarks.entry(mark).or_default();
        *stored = to.max(*stored);
    }

    fn put_consent(&mut self, record: ConsentRecord) {
        let stored = self.consent.get(&record.entity);
        if stored.is_none_or(|stored| record.supersedes(stored)) {
            self.feed.push(FeedEvent::ConsentChanged(record.entity));
            self.consent.insert(record.entity, record);
        }
    }
}
