//! The own identity, key packages, identity logs and cursors.

use hexmtp_domain::{Cursor, Originator, SequenceId, Topic, VectorClock};
use hexmtp_ports::store::{HeldKey, IdentityRecord, KeyPackageRecord, RowChange};

use super::samples::{LARGEST, at, group, identity, inbox, installation, key_package, place, update};
use super::{Stores, put};

/// With and without a sequence id, with and without a key.
pub async fn identities_come_back_and_are_replaced(stores: Stores) {
    let store = stores.open().await;
    let unregistered = IdentityRecord { registered: None, ..identity(1) };
    let keyless = IdentityRecord { key: HeldKey::Elsewhere(identity(3).key.id()), ..identity(3) };
    for record in [unregistered, identity(1), keyless, identity(2)] {
        put(&store, vec![RowChange::PutIdentity(record.clone())]).await;
        assert_eq!(store.identity().await.unwrap(), Some(record));
    }
}

/// Oldest first, whatever the order of storing.
pub async fn key_packages_come_back_are_replaced_and_deleted(stores: Stores) {
    let store = stores.open().await;
    let older = KeyPackageRecord { created_at: at(-7), ..key_package(3) };
    let rows = [key_package(2), key_package(1), older.clone()];
    put(&store, rows.map(RowChange::PutKeyPackage).to_vec()).await;
    assert_eq!(store.key_packages().await.unwrap(), [older.clone(), key_package(1), key_package(2)]);
    let superseded = KeyPackageRecord { uploaded: true, superseded_at: Some(at(9)), ..key_package(1) };
    put(&store, vec![RowChange::PutKeyPackage(superseded.clone())]).await;
    assert_eq!(store.key_packages().await.unwrap(), [older.clone(), superseded, key_package(2)]);
    let delete = |n| RowChange::DeleteKeyPackage(key_package(n).reference);
    put(&store, vec![delete(1), delete(2), delete(200)]).await;
    assert_eq!(store.key_packages().await.unwrap(), [older]);
}

/// And not by a private one.
pub async fn key_packages_are_found_by_either_public_key(stores: Stores) {
    let store = stores.open().await;
    put(&store, [1, 2, 3].map(|n| RowChange::PutKeyPackage(key_package(n))).to_vec()).await;
    assert_eq!(store.key_package_for(&[2, 1]).await.unwrap(), Some(key_package(2)));
    assert_eq!(store.key_package_for(&[3, 3]).await.unwrap(), Some(key_package(3)));
    for unknown in [&[2, 2][..], &[2, 4], &[2], &[], &[9; 1216]] {
        assert_eq!(store.key_package_for(unknown).await.unwrap(), None, "{unknown:?}");
    }
}

/// What is there stays, even when it is said differently (R-STO-005).
pub async fn identity_updates_are_appended_once(stores: Stores) {
    let store = stores.open().await;
    let append = |numbers: &[u64]| RowChange::AppendIdentityUpdates {
        inbox_id: inbox(1),
        updates: numbers.iter().copied().map(update).collect(),
    };
    put(&store, vec![append(&[3, 5])]).await;
    let mut different = update(3);
    different.update = b"different".to_vec();
    let twice = RowChange::AppendIdentityUpdates { inbox_id: inbox(1), updates: vec![different] };
    put(&store, vec![append(&[3, 5, 8]), append(&[8, 9]), append(&[]), twice]).await;
    let stored = store.identity_updates(inbox(1), SequenceId(0)).await.unwrap();
    assert_eq!(stored, [update(3), update(5), update(8), update(9)]);
    assert!(store.identity_updates(inbox(2), SequenceId(0)).await.unwrap().is_empty());
}

/// More of them than fit into one statement.
pub async fn identity_updates_come_after_a_sequence_id_and_ascending(stores: Stores) {
    let store = stores.open().await;
    let updates = (1..=300).rev().map(update).chain([update(LARGEST)]).collect();
    put(&store, vec![RowChange::AppendIdentityUpdates { inbox_id: inbox(1), updates }]).await;
    let after = |number| store.identity_updates(inbox(1), SequenceId(number));
    assert_eq!(after(298).await.unwrap(), [update(299), update(300), update(LARGEST)]);
    assert_eq!(after(0).await.unwrap().len(), 301);
    assert!(after(LARGEST).await.unwrap().is_empty());
    assert!(after(u64::MAX).await.unwrap().is_empty());
}

/// Zero for those that are unknown, and also when one is asked for twice.
pub async fn the_latest_identity_updates_come_in_the_order_asked(stores: Stores) {
    let store = stores.open().await;
    let append = |n, numbers: &[u64]| RowChange::AppendIdentityUpdates {
        inbox_id: inbox(n),
        updates: numbers.iter().copied().map(update).collect(),
    };
    put(&store, vec![append(1, &[9, 7]), append(2, &[LARGEST]), append(3, &[])]).await;
    let asked = [inbox(2), inbox(4), inbox(1), inbox(3), inbox(2)];
    let latest = store.latest_identity_updates(&asked).await.unwrap();
    assert_eq!(latest, [LARGEST, 0, 9, 0, LARGEST].map(SequenceId));
    assert!(store.latest_identity_updates(&[]).await.unwrap().is_empty());
    let many = vec![inbox(1); 1500];
    assert_eq!(store.latest_identity_updates(&many).await.unwrap(), vec![SequenceId(9); 1500]);
}

/// Neither within a change set nor between two (R-STO-006).
pub async fn a_cursor_never_moves_back(stores: Stores) {
    let store = stores.open().await;
    let topic = Topic::Group(group(1));
    let advance = |number| RowChange::AdvanceCursor { topic, cursor: place(number) };
    put(&store, vec![advance(3), advance(7), advance(5)]).await;
    assert_eq!(store.cursor(topic).await.unwrap(), VectorClock::from_iter([place(7)]));
    put(&store, vec![advance(6)]).await;
    assert_eq!(store.cursor(topic).await.unwrap(), VectorClock::from_iter([place(7)]));
    put(&store, vec![advance(LARGEST)]).await;
    assert_eq!(store.cursor(topic).await.unwrap(), VectorClock::from_iter([place(LARGEST)]));
}

/// Topics whose identifiers are the same bytes, and all originators.
pub async fn cursors_of_topics_and_originators_are_apart(stores: Stores) {
    let store = stores.open().await;
    let topics = [
        Topic::Group(group(1)),
        Topic::Welcome(installation(1)),
        Topic::Identity(inbox(1)),
        Topic::KeyPackage(installation(1)),
    ];
    let originators = [Originator(0), Originator::APPLICATION_MESSAGES, Originator(u32::MAX)];
    let mut rows = Vec::new();
    let mut number = 0;
    for topic in topics {
        for originator in originators {
            number += 1;
            rows.push(RowChange::AdvanceCursor {
                topic,
                cursor: Cursor::new(originator, SequenceId(number)),
            });
        }
    }
    put(&store, rows).await;
    for (topic, first) in topics.into_iter().zip([1, 4, 7, 10]) {
        let expected: VectorClock =
            originators.iter().zip(first..).map(|(o, n)| Cursor::new(*o, SequenceId(n))).collect();
        assert_eq!(store.cursor(topic).await.unwrap(), expected);
    }
    assert_eq!(store.cursor(Topic::Group(group(2))).await.unwrap(), VectorClock::new());
}
