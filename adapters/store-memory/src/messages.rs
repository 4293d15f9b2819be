//! The queries for messages.

use hexmtp_domain::{MessageId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    DeletionRecord, Direction, MessageFilter, MessageQuery, MessageRecord, StoreError,
};

use crate::MemoryStore;
use crate::queries::not_yet;

fn matches(filter: &MessageFilter, message: &MessageRecord) -> bool {
    (filter.groups.is_empty() || filter.groups.contains(&message.group_id))
        && filter.sent_after.is_none_or(|bound| message.sent_at > bound)
        && filter.sent_before.is_none_or(|bound| message.sent_at < bound)
        && filter.kind.is_none_or(|kind| message.kind == kind)
        && filter.delivery.is_none_or(|delivery| message.delivery == delivery)
}

/// The order of messages, oldest first; a stable sort keeps the order of storing among equals. One that has no
/// place yet comes after those that have one. The number counts before its originator, because the originators of
/// the v3 API number the messages of a group in one row (PROTOCOL.md 5.2).
fn order(message: &MessageRecord) -> impl Ord + use<> {
    let place = message.cursor.map(|cursor| (cursor.sequence_id, cursor.originator));
    (message.sent_at, place.is_none(), place)
}

#[port]
impl MessageQuery for MemoryStore {
    async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        self.read(|data| data.message(id).cloned())
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
        self.read(|data| {
            let mut found: Vec<_> = data.messages.iter().filter(|message| matches(filter, message)).collect();
            found.sort_by_key(|message| order(message));
            if filter.direction == Direction::Descending {
                found.reverse();
            }
            found.into_iter().take(filter.limit.unwrap_or(usize::MAX)).cloned().collect()
        })
    }

    async fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Option<MessageRecord>>, StoreError> {
        self.read(|data| ids.iter().map(|id| data.message(*id).cloned()).collect())
    }

    async fn deletions_of(&self, _: &[MessageId]) -> Result<Vec<DeletionRecord>, StoreError> {
        Err(not_yet())
    }

    async fn expired_messages(&self, _: Timestamp, _: usize) -> Result<Vec<MessageId>, StoreError> {
        Err(not_yet())
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(not_yet())
    }

    async fn count_messages(&self, filter: &MessageFilter) -> Result<u64, StoreError> {
        self.read(|data| data.messages.iter().filter(|message| matches(filter, message)).count() as u64)
    }
}
