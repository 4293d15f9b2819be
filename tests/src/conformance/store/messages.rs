//! Messages.

use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{Cursor, MessageId, Originator, SequenceId};
use hexmtp_ports::store::{Direction, FeedEvent, FeedPosition, MessageFilter, MessageRecord, RowChange};

use super::samples::{at, full_message, group, message, message_id, place};
use super::{Stores, put};

fn insert(records: impl IntoIterator<Item = MessageRecord>) -> Vec<RowChange> {
    records.into_iter().map(RowChange::InsertMessage).collect()
}

fn ids(records: &[MessageRecord]) -> Vec<MessageId> {
    records.iter().map(|record| record.id).collect()
}

fn names(numbers: &[u8]) -> Vec<MessageId> {
    numbers.iter().copied().map(message_id).collect()
}

/// With nothing and with everything.
pub async fn messages_come_back_whole(stores: Stores) {
    let store = stores.open().await;
    let records = [
        message(1, group(1), i64::MIN),
        full_message(2, group(1), i64::MAX),
        MessageRecord { delivery: DeliveryStatus::Failed, ..message(3, group(1), 0) },
    ];
    put(&store, insert(records.clone())).await;
    for record in records {
        assert_eq!(store.message(record.id).await.unwrap(), Some(record));
    }
    assert_eq!(store.message(message_id(4)).await.unwrap(), None);
}

/// The first one stays, and the feed is told once: within a change set, and between two (R-STO-008).
pub async fn a_message_is_stored_once(stores: Stores) {
    let store = stores.open().await;
    let first = message(1, group(1), 5);
    let other = full_message(1, group(2), 6);
    let position = put(&store, insert([first.clone(), other.clone(), message(2, group(1), 7)])).await;
    assert_eq!(position, FeedPosition(2));
    assert_eq!(put(&store, insert([other])).await, FeedPosition(2));
    assert_eq!(store.message(first.id).await.unwrap(), Some(first.clone()));
    let events: Vec<_> = store
        .changes_after(FeedPosition(0), 10)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    let stored = |n| FeedEvent::MessageStored { group_id: group(1), id: message_id(n) };
    assert_eq!(events, [stored(1), stored(2)]);
}

/// Alone and in a listing.
pub async fn a_message_of_ten_megabytes_comes_back(stores: Stores) {
    let store = stores.open().await;
    let content: Vec<u8> = (0..10 * 1024 * 1024_u32).map(|n| n.to_le_bytes()[2]).collect();
    let record = MessageRecord { content, ..message(1, group(1), 1) };
    put(&store, insert([record.clone()])).await;
    assert!(store.message(record.id).await.unwrap() == Some(record.clone()));
    assert!(store.messages(&MessageFilter::default()).await.unwrap() == [record]);
}

/// More of them than fit into one statement, some of them twice.
pub async fn many_messages_of_one_commit_keep_their_order(stores: Stores) {
    let store = stores.open().await;
    let id = |number: u16| {
        let mut bytes = [0; 32];
        // The order of the ids is not the order of storing.
        bytes[..2].copy_from_slice(&number.wrapping_mul(40503).to_be_bytes());
        MessageId::new(bytes)
    };
    let record = |number: u16| MessageRecord { id: id(number), ..message(0, group(1), 1) };
    let records = (0..400).chain(100..200).map(record);
    assert_eq!(put(&store, insert(records)).await, FeedPosition(400));
    let expected: Vec<_> = (0..400).map(id).collect();
    assert_eq!(ids(&store.messages(&MessageFilter::default()).await.unwrap()), expected);
    let told: Vec<_> = store.changes_after(FeedPosition(0), 1000).await.unwrap();
    let told: Vec<_> = told
        .into_iter()
        .filter_map(|entry| match entry.event {
            FeedEvent::MessageStored { id, .. } => Some(id),
            _ => None,
        })
        .collect();
    assert_eq!(told, expected);
}

/// Time, then the number in the log (of whatever originator), then what has no place yet, then the order of
/// storing; the other direction is the exact reverse (R-STO-009).
pub async fn messages_are_ordered_by_time_place_and_storing(stores: Stores) {
    let store = stores.open().await;
    let record = |n, sent_at, cursor| MessageRecord { cursor, ..message(n, group(1), sent_at) };
    let at_place = |originator, number| Some(Cursor::new(Originator(originator), SequenceId(number)));
    let records = [
        record(9, 10, None),
        record(3, 10, at_place(10, 2)),
        record(2, 10, at_place(0, 2)),
        record(8, 10, None),
        record(4, 10, at_place(0, 3)),
        record(1, 10, at_place(10, 1)),
        record(6, 20, None),
        record(5, 5, at_place(10, 99)),
        record(7, 10, at_place(0, 3)),
    ];
    put(&store, insert(records)).await;
    let order = [5, 1, 2, 3, 4, 7, 9, 8, 6];
    let mut reverse = order;
    reverse.reverse();
    for (direction, order) in [(Direction::Ascending, order), (Direction::Descending, reverse)] {
        for limit in [None, Some(0), Some(1), Some(4), Some(9), Some(100), Some(usize::MAX)] {
            let filter = MessageFilter { direction, limit, ..MessageFilter::default() };
            let expected = names(&order[..limit.unwrap_or(9).min(9)]);
            assert_eq!(ids(&store.messages(&filter).await.unwrap()), expected, "{filter:?}");
        }
    }
}

/// Each filter alone and all together; counting ignores the limit and the direction.
pub async fn messages_are_filtered_and_counted(stores: Stores) {
    let store = stores.open().await;
    let records = [
        message(1, group(1), 10),
        MessageRecord { kind: MessageKind::MembershipChange, ..message(2, group(1), 20) },
        MessageRecord { delivery: DeliveryStatus::Unpublished, ..message(3, group(2), 30) },
        MessageRecord { delivery: DeliveryStatus::Failed, ..message(4, group(3), 40) },
        message(5, group(2), 50),
    ];
    put(&store, insert(records)).await;
    let all = MessageFilter::default;
    let cases = [
        (all(), vec![1, 2, 3, 4, 5]),
        (MessageFilter { groups: vec![group(1)], ..all() }, vec![1, 2]),
        (MessageFilter { groups: vec![group(3), group(2), group(9)], ..all() }, vec![3, 4, 5]),
        (MessageFilter { groups: vec![group(9)], ..all() }, vec![]),
        (MessageFilter { sent_after: Some(at(30)), ..all() }, vec![4, 5]),
        (MessageFilter { sent_before: Some(at(30)), ..all() }, vec![1, 2]),
        (MessageFilter { sent_after: Some(at(10)), sent_before: Some(at(40)), ..all() }, vec![2, 3]),
        (MessageFilter { kind: Some(MessageKind::MembershipChange), ..all() }, vec![2]),
        (MessageFilter { kind: Some(MessageKind::Application), ..all() }, vec![1, 3, 4, 5]),
        (MessageFilter { delivery: Some(DeliveryStatus::Failed), ..all() }, vec![4]),
        (MessageFilter { delivery: Some(DeliveryStatus::Published), ..all() }, vec![1, 2, 5]),
        (
            MessageFilter {
                groups: vec![group(1), group(2)],
                sent_after: Some(at(5)),
                sent_before: Some(at(51)),
                kind: Some(MessageKind::Application),
                delivery: Some(DeliveryStatus::Published),
                ..all()
            },
            vec![1, 5],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&store.messages(&filter).await.unwrap()), names(&expected), "{filter:?}");
        let last = MessageFilter { limit: Some(1), direction: Direction::Descending, ..filter };
        let newest = &expected[expected.len().saturating_sub(1)..];
        assert_eq!(ids(&store.messages(&last).await.unwrap()), names(newest), "{last:?}");
        assert_eq!(store.count_messages(&last).await.unwrap(), expected.len() as u64, "{last:?}");
    }
}

/// With the server's time and place, and without.
pub async fn delivery_is_settled(stores: Stores) {
    let store = stores.open().await;
    let unpublished = |n| MessageRecord { delivery: DeliveryStatus::Unpublished, ..message(n, group(1), 5) };
    put(&store, insert([unpublished(1), unpublished(2)])).await;
    let settle = |n, status, published| RowChange::SetDelivery { id: message_id(n), status, published };
    let rows = vec![
        settle(1, DeliveryStatus::Published, Some((at(77), place(8)))),
        settle(2, DeliveryStatus::Failed, None),
    ];
    assert_eq!(put(&store, rows).await, FeedPosition(4));
    let expected = MessageRecord { sent_at: at(77), cursor: Some(place(8)), ..message(1, group(1), 5) };
    assert_eq!(store.message(message_id(1)).await.unwrap(), Some(expected.clone()));
    let failed = MessageRecord { delivery: DeliveryStatus::Failed, ..unpublished(2) };
    assert_eq!(store.message(message_id(2)).await.unwrap(), Some(failed));
    // A status alone leaves the place as it is.
    put(&store, vec![settle(1, DeliveryStatus::Failed, None)]).await;
    let expected = MessageRecord { delivery: DeliveryStatus::Failed, ..expected };
    assert_eq!(store.message(message_id(1)).await.unwrap(), Some(expected));
    // Stored and settled in one change set.
    let mut rows = insert([unpublished(3)]);
    rows.push(settle(3, DeliveryStatus::Published, Some((at(6), place(9)))));
    put(&store, rows).await;
    let stored = store.message(message_id(3)).await.unwrap().unwrap();
    assert_eq!((stored.delivery, stored.sent_at), (DeliveryStatus::Published, at(6)));
}

/// It is passed over, and the feed tells nothing.
pub async fn an_unknown_message_cannot_be_settled(stores: Stores) {
    let store = stores.open().await;
    let settle = RowChange::SetDelivery {
        id: message_id(1),
        status: DeliveryStatus::Published,
        published: Some((at(1), place(1))),
    };
    let mut rows = vec![settle];
    rows.extend(insert([MessageRecord { delivery: DeliveryStatus::Unpublished, ..message(1, group(1), 5) }]));
    assert_eq!(put(&store, rows).await, FeedPosition(1));
    let stored = store.message(message_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.delivery, DeliveryStatus::Unpublished);
}
