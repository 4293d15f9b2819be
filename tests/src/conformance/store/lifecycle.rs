//! Closing and opening again.

use hexmtp_domain::consent::ConsentEntity;
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{SequenceId, Topic};
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, FeedPosition, MessageFilter, MlsRowChange, Revision, RowChange, Scope,
    StoreError,
};

use super::samples::{full_conversation, full_message, group, identity, inbox, message, message_id, place};
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

fn is_closed<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Closed))
}

/// To every call, also to a second closing (R-STO-014).
pub async fn a_closed_store_answers_closed(stores: Stores) {
    let store = stores.open().await;
    store.close().await.unwrap();
    assert!(is_closed(store.close().await));
    assert!(is_closed(store.load(&[Scope::Installation]).await));
    assert!(is_closed(store.load(&[]).await));
    assert!(is_closed(store.commit(ChangeSet::default()).await));
    assert!(is_closed(store.position().await));
    assert!(is_closed(store.changes_after(FeedPosition(u64::MAX), 0).await));
    assert!(is_closed(store.identity().await));
    assert!(is_closed(store.key_packages().await));
    assert!(is_closed(store.key_package_for(&[]).await));
    assert!(is_closed(store.identity_updates(inbox(1), SequenceId(u64::MAX)).await));
    assert!(is_closed(store.latest_identity_updates(&[]).await));
    assert!(is_closed(store.deferred_welcomes().await));
    assert!(is_closed(store.cursor(Topic::Group(group(1))).await));
    assert!(is_closed(store.conversation(group(1)).await));
    assert!(is_closed(store.conversations(&ConversationFilter::default()).await));
    assert!(is_closed(store.dm_groups((inbox(1), inbox(2))).await));
    assert!(is_closed(store.message(message_id(1)).await));
    assert!(is_closed(store.messages(&MessageFilter::default()).await));
    assert!(is_closed(store.count_messages(&MessageFilter::default()).await));
    assert!(is_closed(store.intent(IntentId([0; 16])).await));
    assert!(is_closed(store.open_intents(group(1)).await));
    assert!(is_closed(store.groups_with_open_intents().await));
    assert!(is_closed(store.consent(&ConsentEntity::Inbox(inbox(1))).await));
    assert!(is_closed(store.rejected(1).await));
    assert!(is_closed(store.commit_log(group(1)).await));
}

/// Two processes, one of which ends.
pub async fn closing_one_session_leaves_the_other_open(stores: Stores) {
    let (one, other) = (stores.open().await, stores.open().await);
    put(&one, vec![RowChange::InsertMessage(message(1, group(1), 1))]).await;
    one.close().await.unwrap();
    put(&other, vec![RowChange::InsertMessage(message(2, group(1), 1))]).await;
    assert_eq!(other.count_messages(&MessageFilter::default()).await.unwrap(), 2);
}
