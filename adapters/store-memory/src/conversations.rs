//! The queries for conversations.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::message::MessageKind;
use hexmtp_domain::{GroupId, InboxId, Timestamp};
use hexmtp_ports::port;
use hexmtp_ports::store::{
    ConversationFilter, ConversationListItem, ConversationOrder, ConversationQuery, ConversationRecord,
    MessageRecord, StoreError,
};

use crate::MemoryStore;
use crate::data::Data;
use crate::messages::by_sent;

fn last_activity(record: &ConversationRecord) -> Timestamp {
    record.last_message_at.unwrap_or(record.created_at)
}

fn most_recently_active_first(record: &ConversationRecord) -> impl Ord + use<> {
    (Reverse(last_activity(record)), record.id)
}

fn consent(data: &Data, id: GroupId) -> ConsentState {
    let stored = data.consent.get(&ConsentEntity::Conversation(id));
    stored.map_or(ConsentState::Unknown, |stored| stored.state)
}

fn is_within(time: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    after.is_none_or(|bound| time >= bound) && before.is_none_or(|bound| time < bound)
}

fn matches(data: &Data, filter: &ConversationFilter, record: &ConversationRecord) -> bool {
    let publishes = record.fork.publishes_commit_log;
    (filter.kinds.is_empty() || filter.kinds.contains(&record.kind))
        && (filter.consent.is_empty() || filter.consent.contains(&consent(data, record.id)))
        && (filter.membership.is_empty() || filter.membership.contains(&record.membership))
        && is_within(record.created_at, filter.created_after, filter.created_before)
        && is_within(last_activity(record), filter.active_after, filter.active_before)
        && filter.publishes_commit_log.is_none_or(|wanted| wanted == publishes)
}

/// The most recently active group of each pair.
fn one_group_per_dm(data: &Data) -> BTreeMap<(InboxId, InboxId), GroupId> {
    let mut found: Vec<_> = data.conversations.values().collect();
    found.sort_by_key(|record| Reverse(most_recently_active_first(record)));
    // The last one of a pair stays in the map: the first one of the list.
    found.into_iter().filter_map(|record| Some((record.dm_pair?, record.id))).collect()
}

/// The matching conversations, without order and limit.
fn matching<'a>(data: &'a Data, filter: &ConversationFilter) -> Vec<&'a ConversationRecord> {
    let chosen = filter.one_group_per_dm.then(|| one_group_per_dm(data));
    let is_chosen = |record: &ConversationRecord| match (&chosen, record.dm_pair) {
        (Some(chosen), Some(pair)) => chosen.get(&pair) == Some(&record.id),
        _ => true,
    };
    let all = data.conversations.values();
    all.filter(|record| is_chosen(record) && matches(data, filter, record)).collect()
}

/// The matching conversations in the order of the filter.
fn listing<'a>(data: &'a Data, filter: &ConversationFilter) -> Vec<&'a ConversationRecord> {
    let mut found = matching(data, filter);
    match filter.order {
        ConversationOrder::LastActivity => found.sort_by_key(|record| most_recently_active_first(record)),
        ConversationOrder::CreatedDescending => {
            found.sort_by_key(|record| (Reverse(record.created_at), record.id));
        }
        ConversationOrder::CreatedAscending => found.sort_by_key(|record| (record.created_at, record.id)),
    }
    found.truncate(filter.limit.unwrap_or(usize::MAX));
    found
}

/// The last message that somebody sent in each group.
fn last_messages(data: &Data) -> BTreeMap<GroupId, &MessageRecord> {
    let mut sent: Vec<_> =
        data.messages.iter().filter(|message| message.kind == MessageKind::Application).collect();
    sent.sort_by_key(|message| by_sent(message));
    sent.into_iter().map(|message| (message.group_id, message)).collect()
}

#[port]
impl ConversationQuery for MemoryStore {
    async fn conversation(&self, id: GroupId) -> Result<Option<ConversationRecord>, StoreError> {
        self.read(|data| data.conversations.get(&id).cloned())
    }

    async fn conversations(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationRecord>, StoreError> {
        self.read(|data| listing(data, filter).into_iter().cloned().collect())
    }

    async fn conversation_ids(&self, filter: &ConversationFilter) -> Result<Vec<GroupId>, StoreError> {
        self.read(|data| listing(data, filter).into_iter().map(|record| record.id).collect())
    }

    async fn conversation_list(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationListItem>, StoreError> {
        self.read(|data| {
            let last_messages = last_messages(data);
            let item = |record: &ConversationRecord| ConversationListItem {
                conversation: record.clone(),
                consent: consent(data, record.id),
                last_message: last_messages.get(&record.id).copied().cloned(),
            };
            listing(data, filter).into_iter().map(item).collect()
        })
    }

    async fn count_conversations(&self, filter: &ConversationFilter) -> Result<u64, StoreError> {
        self.read(|data| matching(data, filter).len() as u64)
    }

    async fn dm_groups(&self, pair: (InboxId, InboxId)) -> Result<Vec<ConversationRecord>, StoreError> {
        self.read(|data| {
            let found = data.conversations.values().filter(|record| record.dm_pair == Some(pair));
            let mut found: Vec<_> = found.cloned().collect();
            found.sort_by_key(most_recently_active_first);
            found
        })
    }
}
