//! Messages that are taken back, removed, or disappear; messages by their ids.

use hexmtp_domain::MessageId;
use hexmtp_ports::store::{DeletionRecord, FeedEvent, FeedPosition, MessageFilter, MessageRecord, RowChange};

use super::samples::{at, deletion, full_message, group, message, message_id};
use super::samples_work::around;
use super::{Stores, put};

fn insert(records: impl IntoIterator<Item = MessageRecord>) -> Vec<RowChange> {
    records.into_iter().map(RowChange::InsertMessage).collect()
}

fn names(numbers: &[u8]) -> Vec<MessageId> {
    numbers.iter().copied().map(message_id).collect()
}

/// In the order asked, also one that is asked for twice, and nothing for what is unknown (R-STO-307).
pub async fn messages_come_by_id_in_the_order_asked(stores: Stores) {
    let store = stores.open().await;
    put(&store, insert([message(1, group(1), 1), full_message(2, group(2), 2), message(3, group(1), 3)]))
        .await;
    let found = store.messages_by_id(&names(&[3, 9, 2, 3, 1, 9])).await.unwrap();
    let [one, two, three] =
        [message(1, group(1), 1), full_message(2, group(2), 2), message(3, group(1), 3)].map(Some);
    assert_eq!(found, [three.clone(), None, two, three, one.clone(), None]);
    assert!(store.messages_by_id(&[]).await.unwrap().is_empty());
    let many: Vec<_> = (0..1500).map(|n: u16| message_id(if n.is_multiple_of(2) { 1 } else { 77 })).collect();
    let found = store.messages_by_id(&many).await.unwrap();
    assert_eq!(found.len(), 1500);
    assert!(found.iter().step_by(2).all(|record| *record == one));
    assert!(found.iter().skip(1).step_by(2).all(Option::is_none));
}

/// The message stays as it is; one request counts once, several of one message all come back (R-STO-308).
pub async fn messages_are_taken_back(stores: Stores) {
    let store = stores.open().await;
    put(&store, insert([message(1, group(1), 1), message(2, group(1), 2)])).await;
    let by_admin = DeletionRecord { as_super_admin: true, at: at(i64::MIN), ..deletion(20, group(1), 1) };
    let again = DeletionRecord { target: message_id(2), ..by_admin.clone() };
    let rows = [deletion(21, group(1), 1), by_admin.clone(), again, deletion(19, group(2), 2)];
    assert_eq!(put(&store, rows.map(RowChange::RecordDeletion).to_vec()).await, FeedPosition(5));
    let of = |ids: &[u8]| {
        let (store, ids) = (store.clone(), names(ids));
        async move { store.deletions_of(&ids).await.unwrap() }
    };
    assert_eq!(of(&[1]).await, [deletion(21, group(1), 1), by_admin.clone()]);
    assert_eq!(of(&[2]).await, [deletion(19, group(2), 2)]);
    let all = [deletion(21, group(1), 1), by_admin, deletion(19, group(2), 2)];
    assert_eq!(of(&[2, 1, 9, 2, 1]).await, all);
    assert!(of(&[]).await.is_empty());
    assert!(of(&[20, 21]).await.is_empty());
    assert_eq!(store.message(message_id(1)).await.unwrap(), Some(message(1, group(1), 1)));
    let told = store.changes_after(FeedPosition(2), 9).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|entry| entry.event).collect();
    let taken_back = |of, n| FeedEvent::MessageTakenBack { group_id: group(of), id: message_id(n) };
    assert_eq!(told, [taken_back(1, 1), taken_back(1, 1), taken_back(2, 2)]);
}

/// As the network may deliver them (R-STO-309).
pub async fn a_message_can_be_taken_back_before_it_comes(stores: Stores) {
    let store = stores.open().await;
    let early = deletion(20, group(1), 1);
    assert_eq!(put(&store, vec![RowChange::RecordDeletion(early.clone())]).await, FeedPosition(1));
    assert_eq!(store.message(message_id(1)).await.unwrap(), None);
    put(&store, insert([message(1, group(1), 1)])).await;
    assert_eq!(store.deletions_of(&[message_id(1)]).await.unwrap(), std::slice::from_ref(&early));
    // It outlasts the message on this device.
    put(&store, vec![RowChange::DeleteMessage(message_id(1))]).await;
    assert_eq!(store.deletions_of(&[message_id(1)]).await.unwrap(), [early]);
}

/// From every list and count; the feed is told once; an unknown one is passed over (R-STO-310).
pub async fn a_message_is_removed_from_this_device(stores: Stores) {
    let store = stores.open().await;
    put(&store, insert([message(1, group(1), 1), message(2, group(1), 2), message(3, group(2), 3)])).await;
    let delete = |n| RowChange::DeleteMessage(message_id(n));
    assert_eq!(put(&store, vec![delete(2), delete(2), delete(9)]).await, FeedPosition(4));
    let left = store.messages(&MessageFilter::default()).await.unwrap();
    assert_eq!(left, [message(1, group(1), 1), message(3, group(2), 3)]);
    assert_eq!(store.message(message_id(2)).await.unwrap(), None);
    assert_eq!(store.count_messages(&MessageFilter::default()).await.unwrap(), 2);
    let told = store.changes_after(FeedPosition(3), 9).await.unwrap();
    assert_eq!(told[0].event, FeedEvent::MessageDeleted { group_id: group(1), id: message_id(2) });
    // It is a new one when it comes again, also within one change set.
    let rows = [insert([message(2, group(2), 5)]), vec![delete(3)], insert([message(3, group(1), 3)])];
    assert_eq!(put(&store, rows.concat()).await, FeedPosition(7));
    assert_eq!(store.message(message_id(2)).await.unwrap(), Some(message(2, group(2), 5)));
    assert_eq!(store.message(message_id(3)).await.unwrap(), Some(message(3, group(1), 3)));
}

/// At their moment, the earliest first, ties in the order of storing (R-STO-311).
pub async fn messages_disappear_in_order(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(store.next_expiry().await.unwrap(), None);
    assert!(store.expired_messages(at(i64::MAX), 9).await.unwrap().is_empty());
    let record = |n: u8, expires: Option<i64>| MessageRecord {
        expires_at: expires.map(at),
        ..message(n, group(n), 100 - i64::from(n))
    };
    let records = [
        record(1, Some(i64::MAX)),
        record(6, Some(20)),
        record(2, None),
        record(3, Some(20)),
        record(4, Some(i64::MIN)),
        record(5, Some(-7)),
    ];
    put(&store, insert(records)).await;
    let expired = |now, limit| {
        let store = store.clone();
        async move { store.expired_messages(now, limit).await.unwrap() }
    };
    for (now, expected) in around(20).into_iter().zip([&[4, 5][..], &[4, 5, 6, 3], &[4, 5, 6, 3]]) {
        assert_eq!(expired(now, usize::MAX).await, names(expected), "{now:?}");
    }
    assert_eq!(expired(at(i64::MIN), 9).await, names(&[4]));
    assert_eq!(expired(at(i64::MAX), 9).await, names(&[4, 5, 6, 3, 1]));
    assert_eq!(expired(at(i64::MAX), 3).await, names(&[4, 5, 6]));
    assert!(expired(at(i64::MAX), 0).await.is_empty());
    // The next one is the earliest of those that are left, whether its time has come or not.
    for (gone, next) in [(4, Some(-7)), (5, Some(20)), (6, Some(20)), (3, Some(i64::MAX)), (1, None)] {
        put(&store, vec![RowChange::DeleteMessage(message_id(gone))]).await;
        assert_eq!(store.next_expiry().await.unwrap(), next.map(at), "{gone}");
    }
    assert_eq!(store.count_messages(&MessageFilter::default()).await.unwrap(), 1);
}
