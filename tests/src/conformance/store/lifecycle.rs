//! Closing and opening again.

use hexmtp_domain::{SequenceId, Topic};
use hexmtp_ports::store::{
    ChangeSet, FeedPosition, MessageFilter, MlsRowChange, Revision, RowChange, Scope, StoreError,
};

use super::calls::outcomes;
use super::samples::{full_conversation, full_message, group, identity, message, message_id, place};
use super::{Stores, put};

/// Whether the session before was closed or just went away.
pub async fn commits_are_there_after_reopening(stores: Stores) {
    for number in 0..4_u8 {
        let store = stores.open().await;
        let scope = Scope::Group(group(1));
        let loaded = store.load(&[scope]).await.unwrap().remove(0);
        assert_eq!(loaded.revision, Revision(number.into()));
        assert_eq!(loaded.rows.len(), usize::from(number));
        assert_eq!(store.count_messages(&MessageFilter::default()).await.unwrap(), u64::from(number));
        let changes = ChangeSet {
            mls: vec![MlsRowChange { scope, key: vec![number], value: Some(vec![number; 100]) }],
            rows: vec![
                RowChange::PutIdentity(identity(number)),
                RowChange::PutConversation(Box::new(full_conversation(1))),
                RowChange::InsertMessage(full_message(number, group(1), number.into())),
                RowChange::AdvanceCursor { topic: Topic::Group(group(1)), cursor: place(number.into()) },
            ],
            ..ChangeSet::expecting(scope, loaded.revision)
        };
        store.commit(changes).await.unwrap();
        if number % 2 == 0 {
            store.close().await.unwrap();
        }
    }
    let store = stores.open().await;
    assert_eq!(store.identity().await.unwrap(), Some(identity(3)));
    assert_eq!(store.conversation(group(1)).await.unwrap(), Some(full_conversation(1)));
    assert_eq!(store.message(message_id(0)).await.unwrap(), Some(full_message(0, group(1), 0)));
    let cursor = store.cursor(Topic::Group(group(1))).await.unwrap();
    assert_eq!(cursor.highest(), SequenceId(3));
}

/// Positions only grow.
pub async fn the_feed_goes_on_after_reopening(stores: Stores) {
    for number in 1..=3_u8 {
        let store = stores.open().await;
        assert_eq!(store.position().await.unwrap(), FeedPosition(u64::from(number) - 1));
        let position = put(&store, vec![RowChange::InsertMessage(message(number, group(1), 1))]).await;
        assert_eq!(position, FeedPosition(number.into()));
        assert_eq!(store.changes_after(FeedPosition(0), 10).await.unwrap().len(), usize::from(number));
        store.close().await.unwrap();
    }
}

/// To every call, also to a second closing (R-STO-014).
pub async fn a_closed_store_answers_closed(stores: Stores) {
    let store = stores.open().await;
    store.close().await.unwrap();
    assert!(matches!(store.close().await, Err(StoreError::Closed)));
    assert!(matches!(store.release().await, Err(StoreError::Closed)));
    assert!(matches!(store.reconnect().await, Err(StoreError::Closed)));
    for (call, outcome) in outcomes(&store).await {
        assert!(matches!(outcome, Some(StoreError::Closed)), "{call}: {outcome:?}");
    }
}

/// So that the two tests of failing calls say something.
pub async fn an_open_store_answers_every_call(stores: Stores) {
    let store = stores.open().await;
    for (call, outcome) in outcomes(&store).await {
        assert!(outcome.is_none(), "{call}: {outcome:?}");
    }
}

/// Two processes, one of which ends.
pub async fn closing_one_session_leaves_the_other_open(stores: Stores) {
    let (one, other) = (stores.open().await, stores.open().await);
    put(&one, vec![RowChange::InsertMessage(message(1, group(1), 1))]).await;
    one.close().await.unwrap();
    put(&other, vec![RowChange::InsertMessage(message(2, group(1), 1))]).await;
    assert_eq!(other.count_messages(&MessageFilter::default()).await.unwrap(), 2);
}
