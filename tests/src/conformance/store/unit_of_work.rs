//! Loading and committing.

use std::sync::Arc;

use hexmtp_domain::KeyPackageRef;
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, FeedPosition, MessageFilter, MlsRowChange, MlsRows, Revision, RowChange,
    Scope, Snapshot, Store, StoreError, StoreStatistics,
};

use super::samples::{conversation, full_message, group, inbox, key_package, message};
use super::{Stores, put};

const PACKAGE: Scope = Scope::KeyPackage(KeyPackageRef::new([7; 32]));

fn scope(n: u8) -> Scope {
    Scope::Group(group(n))
}

fn set(scope: Scope, key: &[u8], value: Option<&[u8]>) -> MlsRowChange {
    MlsRowChange { scope, key: key.to_vec(), value: value.map(<[u8]>::to_vec) }
}

async fn load_one(store: &Arc<dyn Store>, scope: Scope) -> Snapshot {
    store.load(&[scope]).await.unwrap().remove(0)
}

/// Commits MLS rows of one scope at the revision that it has.
async fn change(store: &Arc<dyn Store>, scope: Scope, rows: Vec<MlsRowChange>) {
    let revision = load_one(store, scope).await.revision;
    store.commit(ChangeSet { mls: rows, ..ChangeSet::expecting(scope, revision) }).await.unwrap();
}

fn rows(entries: &[(&[u8], &[u8])]) -> MlsRows {
    entries.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

/// All queries answer with nothing.
pub async fn a_new_store_is_empty(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(store.position().await.unwrap(), FeedPosition(0));
    assert!(store.changes_after(FeedPosition(0), 10).await.unwrap().is_empty());
    assert!(store.identity().await.unwrap().is_none());
    assert!(store.key_packages().await.unwrap().is_empty());
    assert!(store.conversations(&ConversationFilter::default()).await.unwrap().is_empty());
    assert!(store.messages(&MessageFilter::default()).await.unwrap().is_empty());
    assert_eq!(store.count_messages(&MessageFilter::default()).await.unwrap(), 0);
    assert!(store.conversation(group(1)).await.unwrap().is_none());
    assert!(store.dm_groups((inbox(1), inbox(2))).await.unwrap().is_empty());
    assert!(store.groups_with_open_intents().await.unwrap().is_empty());
    assert!(store.rejected(10).await.unwrap().is_empty());
    assert!(store.load(&[]).await.unwrap().is_empty());
    assert!(store.preferences().await.unwrap().is_none());
    assert!(store.conversation_list(&ConversationFilter::default()).await.unwrap().is_empty());
    assert_eq!(store.count_conversations(&ConversationFilter::default()).await.unwrap(), 0);
    assert!(store.deferred_welcomes().await.unwrap().is_empty());
    assert!(store.cutover().await.unwrap().is_none());
    assert!(store.next_expiry().await.unwrap().is_none());
    assert!(store.next_due().await.unwrap().is_none());
    assert!(store.pending_sync_messages().await.unwrap().is_empty());
    assert!(store.consents().await.unwrap().is_empty());
    let statistics = store.statistics().await.unwrap();
    let StoreStatistics { bytes, free_bytes, .. } = statistics;
    assert_eq!(statistics, StoreStatistics { bytes, free_bytes, ..StoreStatistics::default() });
}

/// R-STO-001
pub async fn a_scope_that_does_not_exist_has_revision_zero(stores: Stores) {
    let store = stores.open().await;
    for scope in [scope(1), PACKAGE, Scope::Installation] {
        let expected = Snapshot { scope, revision: Revision(0), rows: MlsRows::new() };
        assert_eq!(load_one(&store, scope).await, expected);
    }
}

/// Also when one is asked for twice.
pub async fn scopes_come_in_the_order_asked(stores: Stores) {
    let store = stores.open().await;
    change(&store, scope(2), vec![set(scope(2), b"k", Some(b"2"))]).await;
    change(&store, scope(1), vec![set(scope(1), b"k", Some(b"1"))]).await;
    let asked = [scope(2), PACKAGE, scope(1), scope(2)];
    let loaded = store.load(&asked).await.unwrap();
    assert_eq!(loaded.iter().map(|snapshot| snapshot.scope).collect::<Vec<_>>(), asked);
    assert_eq!(loaded[0].rows, rows(&[(b"k", b"2")]));
    assert!(loaded[1].rows.is_empty());
    assert_eq!(loaded[2].rows, rows(&[(b"k", b"1")]));
    assert_eq!(loaded[3], loaded[0]);
}

/// R-STO-002
pub async fn each_commit_moves_the_expected_scopes_by_one(stores: Stores) {
    let store = stores.open().await;
    for number in 0..5 {
        let expect = vec![(scope(1), Revision(number)), (Scope::Installation, Revision(number))];
        store.commit(ChangeSet { expect, ..ChangeSet::default() }).await.unwrap();
    }
    assert_eq!(load_one(&store, scope(1)).await.revision, Revision(5));
    assert_eq!(load_one(&store, Scope::Installation).await.revision, Revision(5));
    assert_eq!(load_one(&store, scope(2)).await.revision, Revision(0));
}

/// Keys and values of any bytes, also none.
pub async fn mls_rows_are_put_replaced_and_deleted(stores: Stores) {
    let store = stores.open().await;
    let here = scope(1);
    let first =
        vec![set(here, b"", Some(b"")), set(here, b"\0\xff", Some(b"a")), set(here, b"gone", Some(b"b"))];
    change(&store, here, first).await;
    assert_eq!(load_one(&store, here).await.rows, rows(&[(b"", b""), (b"\0\xff", b"a"), (b"gone", b"b")]));
    let second =
        vec![set(here, b"gone", None), set(here, b"\0\xff", Some(b"new")), set(here, b"unknown", None)];
    change(&store, here, second).await;
    assert_eq!(load_one(&store, here).await.rows, rows(&[(b"", b""), (b"\0\xff", b"new")]));
}

/// Put and deleted in one change set, both ways.
pub async fn the_last_change_of_an_mls_row_counts(stores: Stores) {
    let store = stores.open().await;
    let here = scope(1);
    let changes = vec![
        set(here, b"a", Some(b"1")),
        set(here, b"a", Some(b"2")),
        set(here, b"b", Some(b"1")),
        set(here, b"b", None),
        set(here, b"c", None),
        set(here, b"c", Some(b"3")),
    ];
    change(&store, here, changes).await;
    assert_eq!(load_one(&store, here).await.rows, rows(&[(b"a", b"2"), (b"c", b"3")]));
}

/// The same key in scopes whose identifiers are made of the same bytes.
pub async fn mls_rows_of_scopes_do_not_mix(stores: Stores) {
    let store = stores.open().await;
    let scopes = [scope(7), PACKAGE, Scope::Installation];
    for (scope, value) in scopes.iter().zip([b"1", b"2", b"3"]) {
        change(&store, *scope, vec![set(*scope, b"k", Some(value))]).await;
    }
    change(&store, PACKAGE, vec![set(PACKAGE, b"k", None)]).await;
    let loaded = store.load(&scopes).await.unwrap();
    assert_eq!(loaded[0].rows, rows(&[(b"k", b"1")]));
    assert_eq!((loaded[1].revision, loaded[1].rows.len()), (Revision(2), 0));
    assert_eq!(loaded[2].rows, rows(&[(b"k", b"3")]));
}

/// Something of every kind that a conflicting commit must not leave behind.
fn something(expect: Vec<(Scope, Revision)>) -> ChangeSet {
    let scope = expect[0].0;
    ChangeSet {
        mls: vec![set(scope, b"k", Some(b"lost")), set(scope, b"old", None)],
        rows: vec![
            RowChange::PutConversation(Box::new(conversation(1))),
            RowChange::InsertMessage(full_message(1, group(1), 5)),
            RowChange::PutKeyPackage(key_package(1)),
        ],
        expect,
    }
}

/// R-STO-003
pub async fn a_conflict_changes_nothing(stores: Stores) {
    let store = stores.open().await;
    change(&store, scope(1), vec![set(scope(1), b"old", Some(b"stays"))]).await;
    let before = load_one(&store, scope(1)).await;
    for stale in [Revision(0), Revision(2), Revision(u64::MAX)] {
        let result = store.commit(something(vec![(scope(1), stale)])).await;
        assert!(matches!(result, Err(StoreError::Conflict { .. })), "{stale:?}: {result:?}");
    }
    assert_eq!(load_one(&store, scope(1)).await, before);
    assert!(store.conversation(group(1)).await.unwrap().is_none());
    assert!(store.messages(&MessageFilter::default()).await.unwrap().is_empty());
    assert!(store.key_packages().await.unwrap().is_empty());
    assert_eq!(store.position().await.unwrap(), FeedPosition(0));
    // The store is not stuck in a transaction.
    store.commit(something(vec![(scope(1), before.revision)])).await.unwrap();
}

/// The first one in the order of the change set.
pub async fn a_conflict_names_its_scope(stores: Stores) {
    let store = stores.open().await;
    change(&store, scope(2), Vec::new()).await;
    let expect = vec![(scope(1), Revision(0)), (scope(2), Revision(0)), (scope(3), Revision(9))];
    match store.commit(something(expect)).await {
        Err(StoreError::Conflict { scope: found }) => assert_eq!(found, scope(2)),
        other => panic!("{other:?}"),
    }
}

/// Wherever the stale one stands.
pub async fn one_stale_scope_of_several_fails_them_all(stores: Stores) {
    let store = stores.open().await;
    for stale in 0..3 {
        let mut expect =
            vec![(scope(1), Revision(0)), (PACKAGE, Revision(0)), (Scope::Installation, Revision(0))];
        expect[stale].1 = Revision(4);
        assert!(matches!(store.commit(something(expect)).await, Err(StoreError::Conflict { .. })));
    }
    for snapshot in store.load(&[scope(1), PACKAGE, Scope::Installation]).await.unwrap() {
        assert_eq!((snapshot.revision, snapshot.rows.len()), (Revision(0), 0));
    }
}

/// Two joins of one group cannot both win, not even within one change set.
pub async fn a_scope_cannot_be_created_twice(stores: Stores) {
    let store = stores.open().await;
    let twice = vec![(scope(1), Revision(0)), (scope(1), Revision(0))];
    assert!(matches!(store.commit(something(twice)).await, Err(StoreError::Conflict { .. })));
    store.commit(ChangeSet::expecting(scope(1), Revision(0))).await.unwrap();
    let again = store.commit(ChangeSet::expecting(scope(1), Revision(0))).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })));
}

/// It cannot have been decided from that scope.
pub async fn an_mls_row_of_an_unexpected_scope_is_refused(stores: Stores) {
    let store = stores.open().await;
    let mut changes = something(vec![(scope(1), Revision(0))]);
    changes.mls.push(set(scope(2), b"k", Some(b"v")));
    assert!(matches!(store.commit(changes).await, Err(StoreError::Backend(_))));
    assert_eq!(load_one(&store, scope(1)).await.revision, Revision(0));
    assert_eq!(store.position().await.unwrap(), FeedPosition(0));
}

/// Larger than any page or buffer.
pub async fn a_large_mls_value_comes_back(stores: Stores) {
    let store = stores.open().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    change(&store, scope(1), vec![set(scope(1), b"large", Some(&large))]).await;
    assert!(load_one(&store, scope(1)).await.rows[b"large".as_slice()] == large);
}

/// With and without something in the feed before.
pub async fn an_empty_change_set_only_moves_revisions(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(store.commit(ChangeSet::default()).await.unwrap(), FeedPosition(0));
    put(&store, vec![RowChange::InsertMessage(message(1, group(1), 1))]).await;
    let position = store.commit(ChangeSet::expecting(scope(1), Revision(0))).await.unwrap();
    assert_eq!(position, FeedPosition(1));
    assert_eq!(load_one(&store, scope(1)).await.revision, Revision(1));
}
