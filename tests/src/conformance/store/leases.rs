//! Leases.

use futures_util::future::join_all;
use hexmtp_domain::{Topic, VectorClock};
use hexmtp_ports::store::{
    ChangeSet, FeedPosition, LeaseName, MlsRowChange, Revision, RowChange, Scope, Store, StoreError, TaskId,
};

use super::samples::{conversation, group, identity, message, message_id, place};
use super::samples_work::{give_back, lease, take, task};
use super::{Stores, put};

const NAME: LeaseName = LeaseName::Task(TaskId([1; 32]));

fn outbox(n: u8) -> LeaseName {
    LeaseName::Outbox(group(n))
}

/// Until when a lease is refused; `None` for one that is given.
async fn refused(store: &dyn Store, row: RowChange) -> Option<i64> {
    match store.commit(ChangeSet { rows: vec![row], ..ChangeSet::default() }).await {
        Ok(_) => None,
        Err(StoreError::Leased { name, until }) => {
            assert_eq!(name, NAME);
            Some(until.as_nanos())
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// Free, held, prolonged by its holder, run out, taken over, given back (R-STO-325).
pub async fn a_lease_is_held_by_one(stores: Stores) {
    let (one, other) = (stores.open().await, stores.open().await);
    assert_eq!(one.lease(NAME).await.unwrap(), None);
    assert_eq!(refused(&*one, take(NAME, 1, 10, 20)).await, None);
    assert_eq!(other.lease(NAME).await.unwrap(), Some(lease(NAME, 1, 20)));
    assert_eq!(refused(&*other, take(NAME, 2, 10, 99)).await, Some(20));
    assert_eq!(refused(&*one, take(NAME, 1, 15, 30)).await, None);
    assert_eq!(refused(&*other, take(NAME, 2, 20, 99)).await, Some(30));
    assert_eq!(refused(&*other, take(NAME, 2, 29, 99)).await, Some(30));
    assert_eq!(other.lease(NAME).await.unwrap(), Some(lease(NAME, 1, 30)));
    // It is free from the moment at which it ends.
    assert_eq!(refused(&*other, take(NAME, 2, 30, 40)).await, None);
    assert_eq!(refused(&*one, take(NAME, 1, 39, 99)).await, Some(40));
    // Its holder may take it again when it has run out, also for less.
    assert_eq!(refused(&*other, take(NAME, 2, 50, 60)).await, None);
    assert_eq!(refused(&*other, take(NAME, 2, 51, 55)).await, None);
    assert_eq!(one.lease(NAME).await.unwrap(), Some(lease(NAME, 2, 55)));
    put(&other, vec![give_back(NAME, 2)]).await;
    assert_eq!(one.lease(NAME).await.unwrap(), None);
    assert_eq!(refused(&*one, take(NAME, 1, 51, 52)).await, None);
    // At the ends of time.
    assert_eq!(refused(&*one, take(NAME, 1, i64::MIN, i64::MAX)).await, None);
    assert_eq!(refused(&*other, take(NAME, 2, i64::MAX - 1, 0)).await, Some(i64::MAX));
    assert_eq!(refused(&*other, take(NAME, 2, i64::MAX, i64::MIN)).await, None);
    assert_eq!(refused(&*one, take(NAME, 1, i64::MIN, 5)).await, None);
}

/// By whoever does not hold it: nothing happens, also when it has run out.
pub async fn a_stranger_cannot_give_a_lease_back(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![give_back(NAME, 1)]).await;
    assert_eq!(store.lease(NAME).await.unwrap(), None);
    put(&store, vec![take(NAME, 1, 10, 20)]).await;
    put(&store, vec![give_back(NAME, 2), give_back(outbox(1), 1)]).await;
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 1, 20)));
    assert_eq!(refused(&*store, take(NAME, 2, 11, 12)).await, Some(20));
    put(&store, vec![take(NAME, 2, 30, 40), give_back(NAME, 1)]).await;
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 2, 40)));
}

/// A task and a group whose identifiers are the same bytes, and two groups.
pub async fn leases_of_different_names_are_apart(stores: Stores) {
    let store = stores.open().await;
    let leases =
        [(NAME, 1, 20), (outbox(1), 2, 30), (outbox(2), 1, 40), (LeaseName::Task(TaskId([2; 32])), 2, 50)];
    put(&store, leases.iter().map(|(name, by, until)| take(*name, *by, 10, *until)).collect()).await;
    put(&store, vec![give_back(outbox(2), 1)]).await;
    for (name, by, until) in leases {
        let expected = (name != outbox(2)).then(|| lease(name, by, until));
        assert_eq!(store.lease(name).await.unwrap(), expected);
    }
    // A lease outlasts its task: it is given back beside it.
    put(&store, vec![RowChange::InsertTask(task(1, 0)), RowChange::DeleteTask(TaskId([1; 32]))]).await;
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 1, 20)));
}

/// In order: a lease that the same change set gave back is free, one that it took is not.
pub async fn leases_of_one_change_set_are_taken_in_order(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![take(NAME, 1, 10, 20), give_back(NAME, 1), take(NAME, 2, 10, 30)]).await;
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 2, 30)));
    let rows = vec![give_back(NAME, 2), take(NAME, 1, 10, 40), take(NAME, 3, 11, 50)];
    let result = store.commit(ChangeSet { rows, ..ChangeSet::default() }).await;
    assert!(matches!(result, Err(StoreError::Leased { name: NAME, .. })), "{result:?}");
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 2, 30)));
    // A conversation that is deleted gives its lease back.
    let whole = || RowChange::PutConversation(Box::new(conversation(1)));
    put(&store, vec![whole(), take(outbox(1), 1, 10, 20)]).await;
    put(&store, vec![RowChange::DeleteConversation(group(1)), take(outbox(1), 2, 10, 20)]).await;
    assert_eq!(store.lease(outbox(1)).await.unwrap(), Some(lease(outbox(1), 2, 20)));
    // One that is not there does not.
    let rows = vec![RowChange::DeleteConversation(group(1)), take(outbox(1), 3, 10, 20)];
    let result = store.commit(ChangeSet { rows, ..ChangeSet::default() }).await;
    assert!(matches!(result, Err(StoreError::Leased { .. })), "{result:?}");
    put(&store, vec![whole(), RowChange::DeleteConversation(group(1)), take(outbox(1), 3, 10, 20)]).await;
    assert_eq!(store.lease(outbox(1)).await.unwrap(), Some(lease(outbox(1), 3, 20)));
}

/// Wherever in the change set it is asked for: no revision moves, no row and no word to the feed stays (R-STO-326).
pub async fn a_held_lease_undoes_the_whole_change_set(stores: Stores) {
    let store = stores.open().await;
    let scope = Scope::Group(group(1));
    put(&store, vec![take(NAME, 1, 10, 20), RowChange::InsertMessage(message(9, group(1), 1))]).await;
    let others = [
        RowChange::PutConversation(Box::new(conversation(1))),
        RowChange::InsertMessage(message(1, group(1), 5)),
        RowChange::PutIdentity(identity(1)),
        RowChange::DeleteMessage(message_id(9)),
        RowChange::AdvanceCursor { topic: Topic::Group(group(1)), cursor: place(3) },
        take(outbox(1), 2, 10, 99),
    ];
    for position in 0..=others.len() {
        let mut rows = others.to_vec();
        rows.insert(position, take(NAME, 2, 10, 99));
        let mls = vec![MlsRowChange { scope, key: b"k".to_vec(), value: Some(b"lost".to_vec()) }];
        let changes = ChangeSet { mls, rows, ..ChangeSet::expecting(scope, Revision(0)) };
        match store.commit(changes).await {
            Err(StoreError::Leased { name, until }) => assert_eq!((name, until.as_nanos()), (NAME, 20)),
            other => panic!("{other:?}"),
        }
        let loaded = store.load(&[scope]).await.unwrap().remove(0);
        assert_eq!((loaded.revision, loaded.rows.len()), (Revision(0), 0));
        assert_eq!(store.conversation(group(1)).await.unwrap(), None);
        assert_eq!(store.message(message_id(1)).await.unwrap(), None);
        assert!(store.message(message_id(9)).await.unwrap().is_some());
        assert_eq!(store.identity().await.unwrap(), None);
        assert_eq!(store.cursor(Topic::Group(group(1))).await.unwrap(), VectorClock::new());
        assert_eq!(store.lease(outbox(1)).await.unwrap(), None);
        assert_eq!(store.position().await.unwrap(), FeedPosition(1));
    }
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 1, 20)));
    // The store is not stuck in a transaction.
    let rows = [others.to_vec(), vec![take(NAME, 2, 20, 99)]].concat();
    store.commit(ChangeSet { rows, ..ChangeSet::expecting(scope, Revision(0)) }).await.unwrap();
    assert_eq!(store.lease(NAME).await.unwrap(), Some(lease(NAME, 2, 99)));
}

/// Where both fail, since only loading again helps then.
pub async fn a_conflict_is_told_before_a_lease(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![take(NAME, 1, 10, 20)]).await;
    let stale = ChangeSet {
        rows: vec![take(NAME, 2, 10, 99)],
        ..ChangeSet::expecting(Scope::Installation, Revision(3))
    };
    let result = store.commit(stale).await;
    assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
}

/// Of several that come at the same time over two sessions, one gets it.
pub async fn of_concurrent_takers_one_gets_the_lease(stores: Stores) {
    let sessions = [stores.open().await, stores.open().await];
    for round in 0..10_u8 {
        let start = i64::from(round) * 10;
        let attempt = |by: u8| {
            let store = &sessions[usize::from(by % 2)];
            let rows = vec![
                RowChange::InsertMessage(message(round * 4 + by, group(1), 1)),
                take(NAME, 100 + by, start, start + 10),
            ];
            async move { store.commit(ChangeSet { rows, ..ChangeSet::default() }).await }
        };
        let results = join_all((0..4).map(attempt)).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let leased = results.iter().filter(|result| matches!(result, Err(StoreError::Leased { .. })));
        assert_eq!(leased.count(), 3, "{results:?}");
        assert_eq!(sessions[0].position().await.unwrap(), FeedPosition(u64::from(round) + 1));
    }
}
