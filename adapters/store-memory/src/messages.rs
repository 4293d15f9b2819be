//! The queries for messages.

use std::collections::BTreeSet;

use hexmtp_domain::{Cursor, MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    ContentTypeName, DeletionRecord, Direction, MessageFilter, MessageOrder, MessageQuery, MessageRecord,
    StoreError,
};

use crate::MemoryStore;
use crate::data::Data;

fn is_of_one(message: &MessageRecord, types: &[ContentTypeName]) -> bool {
    message.content_type.as_ref().is_some_and(|found| {
        types.iter().any(|name| name.authority_id == found.authority_id && name.type_id == found.type_id)
    })
}

fn is_within(time: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    after.is_none_or(|bound| time > bound) && before.is_none_or(|bound| time < bound)
}

fn matches(filter: &MessageFilter, message: &MessageRecord) -> bool {
    let references = || message.reference.is_some_and(|id| filter.references.contains(&id));
    (filter.groups.is_empty() || filter.groups.contains(&message.group_id))
        && is_within(message.sent_at, filter.sent_after, filter.sent_before)
        && is_within(message.inserted_at, filter.inserted_after, filter.inserted_before)
        && filter.kind.is_none_or(|kind| message.kind == kind)
        && filter.delivery.is_none_or(|delivery| message.delivery == delivery)
        && (filter.content_types.is_empty() || is_of_one(message, &filter.content_types))
        && !is_of_one(message, &filter.except_content_types)
        && !filter.except_senders.contains(&message.sender.inbox_id)
        && (filter.references.is_empty() || references())
        && !(filter.except_disappearing && message.expires_at.is_some())
}

/// The order of messages by when they were sent, oldest first; a stable sort keeps the order of storing among equals.
/// One that has no place yet comes after those that have one. The number counts before its originator, because the
/// originators of the v3 API number the messages of a group in one row (PROTOCOL.md 5.2).
pub(crate) fn by_sent(message: &MessageRecord) -> impl Ord + use<> {
    let place = message.cursor.map(|Cursor { originator, sequence_id }| (sequence_id, originator));
    (message.sent_at, place.is_none(), place)
}

/// The matching messages in the order of the filter.
fn listing<'a>(data: &'a Data, filter: &MessageFilter) -> Vec<&'a MessageRecord> {
    let mut found: Vec<_> = data.messages.iter().filter(|message| matches(filter, message)).collect();
    match filter.order {
        MessageOrder::Sent => found.sort_by_key(|message| by_sent(message)),
        MessageOrder::Inserted => found.sort_by_key(|message| message.inserted_at),
    }
    if filter.direction == Direction::Descending {
        found.reverse();
    }
    found.truncate(filter.limit.unwrap_or(usize::MAX));
    found
}

#[port]
impl MessageQuery for MemoryStore {
    async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        self.read(|data| data.messages.get(id).cloned())
    }

    async fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Option<MessageRecord>>, StoreError> {
        self.read(|data| ids.iter().map(|id| data.messages.get(*id).cloned()).collect())
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
        self.read(|data| listing(data, filter).into_iter().cloned().collect())
    }

    async fn count_messages(&self, filter: &MessageFilter) -> Result<u64, StoreError> {
        self.read(|data| data.messages.iter().filter(|message| matches(filter, message)).count() as u64)
    }

    async fn deletions_of(&self, ids: &[MessageId]) -> Result<Vec<DeletionRecord>, StoreError> {
        let ids: BTreeSet<_> = ids.iter().collect();
        self.read(|data| {
            data.deletions.iter().filter(|record| ids.contains(&record.target)).cloned().collect()
        })
    }

    async fn expired_messages(&self, now: Timestamp, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        let mut expired: Vec<_> = self.read(|data| {
            let expiries = data.messages.iter().filter_map(|message| Some((message.expires_at?, message.id)));
            expiries.filter(|(expires_at, _)| *expires_at <= now).collect()
        })?;
        // A stable sort: the order of storing stays among equals.
        expired.sort_by_key(|(expires_at, _)| *expires_at);
        Ok(expired.into_iter().map(|(_, id)| id).take(limit).collect())
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|data| data.messages.iter().filter_map(|message| message.expires_at).min())
    }
}
