//! Lists of messages: every condition and both orders.

use hexmtp_domain::message::{ContentTypeId, DeliveryStatus, MessageKind};
use hexmtp_domain::{GroupId, InboxId, MessageId};
use hexmtp_ports::store::{
    ContentTypeName, Direction, MessageFilter, MessageOrder, MessageRecord, RowChange, Store,
};

use super::samples::{TEXT, at, group, inbox, leaf, message, message_id};
use super::{Stores, put};

fn all() -> MessageFilter {
    MessageFilter::default()
}

fn insert(records: impl IntoIterator<Item = MessageRecord>) -> Vec<RowChange> {
    records.into_iter().map(RowChange::InsertMessage).collect()
}

/// Both directions, the count, and a page agree on what the filter finds.
async fn expect(store: &dyn Store, filter: &MessageFilter, expected: &[u8]) {
    let mut expected: Vec<MessageId> = expected.iter().copied().map(message_id).collect();
    let ids = |records: Vec<MessageRecord>| records.into_iter().map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids(store.messages(filter).await.unwrap()), expected, "{filter:?}");
    let reverse = MessageFilter { direction: Direction::Descending, ..filter.clone() };
    expected.reverse();
    assert_eq!(ids(store.messages(&reverse).await.unwrap()), expected, "{reverse:?}");
    let page = MessageFilter { limit: Some(2), ..reverse };
    let found = ids(store.messages(&page).await.unwrap());
    assert_eq!(found, expected[..expected.len().min(2)], "{page:?}");
    assert_eq!(store.count_messages(&page).await.unwrap(), expected.len() as u64, "{page:?}");
}

fn of_type(authority_id: &str, type_id: &str, version_major: u32) -> Option<ContentTypeId> {
    let (authority_id, type_id) = (authority_id.to_owned(), type_id.to_owned());
    Some(ContentTypeId { authority_id, type_id, version_major, version_minor: 3 })
}

fn names(names: &[(&str, &str)]) -> Vec<ContentTypeName> {
    let name = |(authority_id, type_id): &(&str, &str)| ContentTypeName {
        authority_id: (*authority_id).to_owned(),
        type_id: (*type_id).to_owned(),
    };
    names.iter().map(name).collect()
}

/// In all versions; both halves of the name count; what cannot be read is of no type (R-STO-304).
pub async fn messages_are_filtered_by_content_type(stores: Stores) {
    let store = stores.open().await;
    let record = |n: u8, content_type| MessageRecord { content_type, ..message(n, group(1), n.into()) };
    let records = [
        record(1, of_type("xmtp.org", "text", 1)),
        record(2, of_type("xmtp.org", "text", u32::MAX)),
        record(3, of_type("xmtp.org", "reaction", 1)),
        record(4, of_type("example.org", "text", 1)),
        record(5, None),
        record(6, of_type(TEXT, "", 0)),
        record(7, of_type("", TEXT, 0)),
    ];
    put(&store, insert(records)).await;
    let only = |types: &[(&str, &str)]| MessageFilter { content_types: names(types), ..all() };
    let except = |types: &[(&str, &str)]| MessageFilter { except_content_types: names(types), ..all() };
    let text = ("xmtp.org", "text");
    let cases = [
        (all(), vec![1, 2, 3, 4, 5, 6, 7]),
        (only(&[text]), vec![1, 2]),
        (only(&[text, ("example.org", "text"), text]), vec![1, 2, 4]),
        (only(&[("example.org", "reaction")]), vec![]),
        (only(&[(TEXT, "")]), vec![6]),
        (only(&[("", "")]), vec![]),
        (only(&[("xmtp.org", "TEXT"), ("xmtp.org", "tex_"), ("xmtp.org", "%")]), vec![]),
        (except(&[text]), vec![3, 4, 5, 6, 7]),
        (except(&[text, ("xmtp.org", "reaction"), ("", TEXT)]), vec![4, 5, 6]),
        (except(&[("nobody", "knows")]), vec![1, 2, 3, 4, 5, 6, 7]),
        (
            MessageFilter { except_content_types: names(&[text]), ..only(&[text, ("xmtp.org", "reaction")]) },
            vec![3],
        ),
    ];
    for (filter, expected) in cases {
        expect(&*store, &filter, &expected).await;
    }
}

/// An inbox with all its installations.
pub async fn senders_can_be_kept_out(stores: Stores) {
    let store = stores.open().await;
    let record = |n: u8, by: u8| {
        let mut sender = leaf(by);
        sender.installation_id = leaf(n).installation_id;
        MessageRecord { sender, ..message(n, group(1), n.into()) }
    };
    put(&store, insert([record(1, 7), record(2, 8), record(3, 7), record(4, 9)])).await;
    for (senders, expected) in [
        (vec![7], vec![2, 4]),
        (vec![8, 9, 8], vec![1, 3]),
        (vec![1, 2, 3, 4], vec![1, 2, 3, 4]),
        (vec![7, 8, 9], vec![]),
    ] {
        let except_senders = senders.into_iter().map(inbox).collect();
        expect(&*store, &MessageFilter { except_senders, ..all() }, &expected).await;
    }
}

/// What answers or reacts to a message, known or not (R-STO-305).
pub async fn messages_are_found_by_what_they_refer_to(stores: Stores) {
    let store = stores.open().await;
    let record = |n: u8, to: Option<u8>| MessageRecord {
        reference: to.map(message_id),
        ..message(n, group(1), n.into())
    };
    put(&store, insert([record(1, None), record(2, Some(1)), record(3, Some(99)), record(4, Some(1))])).await;
    for (references, expected) in
        [(vec![1], vec![2, 4]), (vec![99], vec![3]), (vec![99, 1, 1], vec![2, 3, 4]), (vec![2], vec![])]
    {
        let references = references.into_iter().map(message_id).collect();
        expect(&*store, &MessageFilter { references, ..all() }, &expected).await;
    }
}

/// Whether or not their time has come.
pub async fn disappearing_messages_can_be_left_out(stores: Stores) {
    let store = stores.open().await;
    let record = |n: u8, expires: Option<i64>| MessageRecord {
        expires_at: expires.map(at),
        ..message(n, group(1), n.into())
    };
    put(
        &store,
        insert([record(1, None), record(2, Some(i64::MAX)), record(3, Some(i64::MIN)), record(4, Some(0))]),
    )
    .await;
    expect(&*store, &MessageFilter { except_disappearing: true, ..all() }, &[1]).await;
    expect(&*store, &all(), &[1, 2, 3, 4]).await;
}

/// Both bounds lie outside.
pub async fn messages_are_filtered_by_when_they_were_stored(stores: Stores) {
    let store = stores.open().await;
    let record =
        |n: u8, inserted: i64| MessageRecord { inserted_at: at(inserted), ..message(n, group(1), n.into()) };
    let records = [
        record(1, 30),
        record(2, 10),
        record(3, 20),
        record(4, i64::MAX),
        record(5, i64::MIN),
        record(6, 20),
    ];
    put(&store, insert(records)).await;
    let between = |after: Option<i64>, before: Option<i64>| MessageFilter {
        inserted_after: after.map(at),
        inserted_before: before.map(at),
        ..all()
    };
    let cases = [
        (between(Some(20), None), vec![1, 4]),
        (between(None, Some(20)), vec![2, 5]),
        (between(Some(10), Some(30)), vec![3, 6]),
        (between(Some(20), Some(21)), vec![]),
        (between(Some(i64::MIN), Some(i64::MAX)), vec![1, 2, 3, 6]),
    ];
    for (filter, expected) in cases {
        expect(&*store, &filter, &expected).await;
    }
}

/// Ties keep the order in which they were stored; places and times of sending do not count (R-STO-306).
pub async fn messages_come_in_the_order_of_storing(stores: Stores) {
    let store = stores.open().await;
    let record = |n: u8, inserted: i64, sent: i64| MessageRecord {
        inserted_at: at(inserted),
        ..message(n, group(1), sent)
    };
    let records = [
        record(7, 20, 1),
        record(1, 20, 99),
        record(9, 10, 50),
        record(2, i64::MAX, i64::MIN),
        record(3, i64::MIN, i64::MAX),
        record(4, 20, 1),
    ];
    put(&store, insert(records)).await;
    let inserted = MessageFilter { order: MessageOrder::Inserted, ..all() };
    expect(&*store, &inserted, &[3, 9, 7, 1, 4, 2]).await;
    expect(&*store, &all(), &[2, 7, 4, 9, 1, 3]).await;
    // A message that is settled keeps its place in this order.
    let status = DeliveryStatus::Published;
    put(&store, vec![RowChange::SetDelivery { id: message_id(7), status, published: None }]).await;
    expect(&*store, &inserted, &[3, 9, 7, 1, 4, 2]).await;
    // One that was deleted and stored again is the last of its time.
    put(&store, vec![RowChange::DeleteMessage(message_id(7))]).await;
    put(&store, insert([record(7, 20, 1)])).await;
    expect(&*store, &inserted, &[3, 9, 1, 4, 7, 2]).await;
    expect(&*store, &all(), &[2, 4, 7, 9, 1, 3]).await;
}

/// Each condition takes a message away, all together leave two.
pub async fn conditions_on_messages_are_combined(stores: Stores) {
    let store = stores.open().await;
    let wanted = |n: u8| MessageRecord {
        inserted_at: at(50),
        content_type: of_type("xmtp.org", "text", 1),
        reference: Some(message_id(200)),
        sender: leaf(1),
        ..message(n, group(1), 50)
    };
    let records = [
        wanted(20),
        MessageRecord { group_id: group(2), ..wanted(1) },
        MessageRecord { sent_at: at(40), ..wanted(2) },
        MessageRecord { sent_at: at(60), ..wanted(3) },
        MessageRecord { inserted_at: at(40), ..wanted(4) },
        MessageRecord { inserted_at: at(60), ..wanted(5) },
        MessageRecord { kind: MessageKind::MembershipChange, ..wanted(6) },
        MessageRecord { delivery: DeliveryStatus::Failed, ..wanted(7) },
        MessageRecord { content_type: None, ..wanted(8) },
        MessageRecord { content_type: of_type("xmtp.org", "reply", 1), ..wanted(9) },
        MessageRecord { sender: leaf(2), ..wanted(10) },
        MessageRecord { reference: None, ..wanted(11) },
        MessageRecord { expires_at: Some(at(99)), ..wanted(12) },
        wanted(13),
    ];
    put(&store, insert(records)).await;
    let filter = MessageFilter {
        groups: vec![group(1), group(3)],
        sent_after: Some(at(40)),
        sent_before: Some(at(60)),
        inserted_after: Some(at(40)),
        inserted_before: Some(at(60)),
        kind: Some(MessageKind::Application),
        delivery: Some(DeliveryStatus::Published),
        content_types: names(&[("xmtp.org", "text"), ("xmtp.org", "reply")]),
        except_content_types: names(&[("xmtp.org", "reply")]),
        except_senders: vec![inbox(2)],
        references: vec![message_id(200)],
        except_disappearing: true,
        ..all()
    };
    expect(&*store, &filter, &[20, 13]).await;
    expect(&*store, &MessageFilter { order: MessageOrder::Inserted, ..filter }, &[20, 13]).await;
}

/// Longer than any list of values that a statement takes.
pub async fn conditions_may_name_thousands(stores: Stores) {
    let store = stores.open().await;
    let answer = MessageRecord { reference: Some(message_id(2)), ..message(3, group(2), 3) };
    put(&store, insert([message(1, group(1), 1), message(2, group(2), 2), answer])).await;
    let id = |n: u16| {
        let mut bytes = [n.to_be_bytes()[1]; 32];
        bytes[0] = n.to_be_bytes()[0].wrapping_add(100);
        bytes
    };
    let many = || 0..3000_u16;
    let groups = many().map(|n| GroupId::from_slice(&id(n)[..16]).unwrap());
    let filter = MessageFilter { groups: groups.chain([group(2)]).collect(), ..all() };
    expect(&*store, &filter, &[2, 3]).await;
    let references = many().map(|n| MessageId::new(id(n))).chain([message_id(2)]).collect();
    expect(&*store, &MessageFilter { references, ..all() }, &[3]).await;
    let except_senders = many().map(|n| InboxId::new(id(n))).chain([inbox(1)]).collect();
    expect(&*store, &MessageFilter { except_senders, ..all() }, &[2, 3]).await;
}
