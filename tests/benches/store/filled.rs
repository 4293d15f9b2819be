//! Stores filled with conversations and messages, through the store's port.

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::message::{DeliveryStatus, MessageKind, message_id, text};
use hexmtp_domain::{Cursor, Epoch, GroupId, Originator, SequenceId, Timestamp};
use hexmtp_ports::store::{ChangeSet, ConversationRecord, MessageRecord, RowChange, Store};

/// Rows of one change set.
const CHUNK: usize = 4_000;

/// A second, in nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// When the first conversation was active last, and how much later the next one: later than anything that happens here.
const FIRST: i64 = 4_000_000_000 * SECOND;
const STEP: i64 = 100_000 * SECOND;

/// A text of the usual length: with it a ciphertext has about 270 bytes.
pub(crate) fn a_text(number: usize) -> String {
    format!("{number:0>8} {:-<70}", "what people say")
}

/// A real conversation, whose row all others are made from.
pub(crate) struct Template {
    record: ConversationRecord,
    sender: LeafMember,
}

impl Template {
    pub(crate) async fn of(store: &dyn Store, group: GroupId) -> Self {
        let record = store.conversation(group).await.expect("read").expect("a conversation");
        let sender = *record.members.first().expect("a member");
        Self { record, sender }
    }

    /// The last activity of the conversation of that number. The larger the number, the later.
    fn active_at(number: usize) -> Timestamp {
        Timestamp::from_nanos(
            FIRST.saturating_add(STEP.saturating_mul(i64::try_from(number).unwrap_or(i64::MAX))),
        )
    }

    fn conversation(&self, number: usize) -> ConversationRecord {
        ConversationRecord {
            id: group_id(number),
            last_message_at: Some(Self::active_at(number)),
            ..self.record.clone()
        }
    }

    /// The message of that number among `count`, one second after the one before it.
    fn message(&self, group: usize, number: usize, count: usize) -> MessageRecord {
        let content = text::encode(&a_text(number));
        let bytes = content.encode();
        let before_last = i64::try_from(count - number - 1).unwrap_or(i64::MAX);
        let key = format!("{group}-{number}");
        let sent_at = Timestamp::from_nanos(Self::active_at(group).as_nanos() - before_last * SECOND);
        MessageRecord {
            id: message_id(group_id(group), &key, &bytes),
            group_id: group_id(group),
            sender: self.sender,
            sent_at,
            inserted_at: sent_at,
            expires_at: None,
            reference: None,
            kind: MessageKind::Application,
            delivery: DeliveryStatus::Published,
            content_type: Some(content.content_type),
            content: bytes,
            idempotency_key: key,
            cursor: Some(Cursor::new(Originator::APPLICATION_MESSAGES, SequenceId(number as u64 + 1))),
            epoch: Some(Epoch(1)),
        }
    }
}

/// The id of the conversation of that number.
pub(crate) fn group_id(number: usize) -> GroupId {
    GroupId::new((number as u128).to_be_bytes())
}

/// How many messages each conversation has: the last and most recent one a tenth, the others an equal share.
pub(crate) fn shares(conversations: usize, messages: usize) -> Vec<usize> {
    let large = messages / 10;
    let mut shares = vec![(messages - large) / (conversations - 1); conversations - 1];
    shares.push(large);
    shares
}

/// Stores conversations with that many messages each.
pub(crate) async fn fill(store: &dyn Store, template: &Template, shares: &[usize]) {
    let mut rows = Vec::with_capacity(CHUNK + 1);
    for (group, count) in shares.iter().enumerate() {
        for number in 0..*count {
            rows.push(RowChange::InsertMessage(template.message(group, number, *count)));
            if rows.len() >= CHUNK {
                commit(store, std::mem::take(&mut rows)).await;
            }
        }
    }
    // By themselves, so that all messages that follow one another go into few statements.
    for group in 0..shares.len() {
        rows.push(RowChange::PutConversation(Box::new(template.conversation(group))));
        if rows.len() >= CHUNK {
            commit(store, std::mem::take(&mut rows)).await;
        }
    }
    commit(store, rows).await;
}

async fn commit(store: &dyn Store, rows: Vec<RowChange>) {
    store.commit(ChangeSet { rows, ..ChangeSet::default() }).await.expect("stored");
}
