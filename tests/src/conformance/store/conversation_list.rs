//! Lists of conversations with their last messages.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::store::{
    ConversationFilter, ConversationListItem, ConversationRecord, MessageRecord, RowChange, Store,
};

use super::samples::{
    at, consent, conversation, deletion, full_conversation, full_message, group, inbox, message, message_id,
    place,
};
use super::{Stores, put};

async fn list(store: &dyn Store) -> Vec<ConversationListItem> {
    store.conversation_list(&ConversationFilter::default()).await.unwrap()
}

async fn last_message(store: &dyn Store, id: GroupId) -> Option<MessageId> {
    let items = list(store).await;
    let item = items.into_iter().find(|item| item.conversation.id == id).unwrap();
    item.last_message.map(|message| message.id)
}

fn whole(record: ConversationRecord) -> RowChange {
    RowChange::PutConversation(Box::new(record))
}

fn stored(n: u8, sent_at: i64) -> MessageRecord {
    message(n, group(1), sent_at)
}

/// Whole records, with the consent for the conversation and not for an inbox (R-STO-302).
pub async fn a_list_shows_consent_and_the_last_message(stores: Stores) {
    let store = stores.open().await;
    let sent = MessageRecord { kind: MessageKind::Application, ..full_message(1, group(1), 5) };
    let rows = vec![
        whole(full_conversation(1)),
        whole(conversation(2)),
        whole(conversation(3)),
        RowChange::InsertMessage(sent.clone()),
        RowChange::InsertMessage(message(2, group(3), 9)),
        RowChange::InsertMessage(message(3, group(99), 9)),
        RowChange::PutConsent(consent(ConsentEntity::Conversation(group(1)), ConsentState::Denied, 1)),
        RowChange::PutConsent(consent(ConsentEntity::Inbox(inbox(2)), ConsentState::Allowed, 1)),
        RowChange::PutConsent(consent(ConsentEntity::Conversation(group(3)), ConsentState::Allowed, 1)),
    ];
    put(&store, rows).await;
    let item =
        |conversation, consent, last_message| ConversationListItem { conversation, consent, last_message };
    let expected = [
        item(full_conversation(1), ConsentState::Denied, Some(sent)),
        item(conversation(3), ConsentState::Allowed, Some(message(2, group(3), 9))),
        item(conversation(2), ConsentState::Unknown, None),
    ];
    assert_eq!(list(&*store).await, expected);
    let one = ConversationFilter { limit: Some(1), ..ConversationFilter::default() };
    assert_eq!(store.conversation_list(&one).await.unwrap(), expected[..1]);
}

/// By time, then by number in the log, then what has no place yet, then the order of storing.
pub async fn the_last_message_is_the_last_by_the_order_of_sending(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![whole(conversation(1))]).await;
    assert_eq!(last_message(&*store, group(1)).await, None);
    let placed = |n, number| MessageRecord { cursor: Some(place(number)), ..stored(n, 10) };
    // Each with what is last once it is stored.
    let steps = [
        (stored(1, i64::MIN), 1),
        (placed(2, 7), 2),
        (placed(3, 6), 2),
        (placed(9, 7), 9),
        (placed(4, 7), 4),
        (stored(8, 10), 8),
        (stored(5, 10), 5),
        (placed(6, 99), 5),
        (stored(7, 9), 5),
        (stored(10, i64::MAX), 10),
    ];
    for (record, last) in steps {
        put(&store, vec![RowChange::InsertMessage(record)]).await;
        assert_eq!(last_message(&*store, group(1)).await, Some(message_id(last)));
    }
    // It is its time that counts, and not that of storing.
    let inserted = MessageRecord { inserted_at: at(i64::MAX), ..stored(11, 0) };
    put(&store, vec![RowChange::InsertMessage(inserted)]).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(10)));
}

/// What nobody sent does not show; what is not published, was given up or taken back does (R-STO-303).
pub async fn only_what_somebody_sent_is_a_last_message(stores: Stores) {
    let store = stores.open().await;
    let change = MessageRecord { kind: MessageKind::MembershipChange, ..stored(2, 20) };
    put(&store, vec![whole(conversation(1)), RowChange::InsertMessage(change)]).await;
    assert_eq!(last_message(&*store, group(1)).await, None);
    put(&store, vec![RowChange::InsertMessage(stored(1, 10))]).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(1)));
    let unpublished = MessageRecord { delivery: DeliveryStatus::Unpublished, ..stored(3, 30) };
    put(&store, vec![RowChange::InsertMessage(unpublished)]).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(3)));
    let failed =
        RowChange::SetDelivery { id: message_id(3), status: DeliveryStatus::Failed, published: None };
    put(&store, vec![failed, RowChange::RecordDeletion(deletion(4, group(1), 3))]).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(3)));
    // The server's time may put it before another one.
    let published = Some((at(5), place(1)));
    let settled = RowChange::SetDelivery { id: message_id(3), status: DeliveryStatus::Published, published };
    put(&store, vec![settled]).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(1)));
    put(&store, vec![RowChange::DeleteMessage(message_id(1))]).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(3)));
    put(&store, vec![RowChange::DeleteMessage(message_id(3))]).await;
    assert_eq!(last_message(&*store, group(1)).await, None);
}

/// Not that of the other groups of the pair.
pub async fn each_group_of_a_dm_has_its_own_last_message(stores: Stores) {
    let store = stores.open().await;
    let dm = |n| ConversationRecord {
        kind: ConversationKind::Dm,
        dm_pair: Some((inbox(1), inbox(2))),
        ..conversation(n)
    };
    let rows = vec![
        whole(dm(1)),
        whole(dm(2)),
        RowChange::InsertMessage(message(1, group(1), 50)),
        RowChange::InsertMessage(message(2, group(2), 10)),
    ];
    put(&store, rows).await;
    assert_eq!(last_message(&*store, group(1)).await, Some(message_id(1)));
    assert_eq!(last_message(&*store, group(2)).await, Some(message_id(2)));
    let filter = ConversationFilter { one_group_per_dm: true, ..ConversationFilter::default() };
    let items = store.conversation_list(&filter).await.unwrap();
    let last: Vec<_> = items.into_iter().map(|item| item.last_message.map(|message| message.id)).collect();
    assert_eq!(last, [Some(message_id(2))]);
}

/// More of them than fit into one statement.
pub async fn a_list_of_many_conversations_has_all_last_messages(stores: Stores) {
    let store = stores.open().await;
    let id = |n: u16| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        GroupId::new(bytes)
    };
    let message_of = |n: u16| {
        let mut bytes = [7; 32];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        MessageRecord { id: MessageId::new(bytes), ..message(0, id(n), n.into()) }
    };
    let mut rows = Vec::new();
    for n in 0..1200_u16 {
        rows.push(whole(ConversationRecord { id: id(n), ..conversation(0) }));
        rows.push(RowChange::InsertMessage(message_of(n)));
    }
    put(&store, rows).await;
    let items = list(&*store).await;
    assert_eq!(items.len(), 1200);
    for (item, n) in items.iter().zip(0..) {
        assert_eq!(item.conversation.id, id(n));
        assert_eq!(item.last_message, Some(message_of(n)));
    }
}
