//! Databases as every released schema left them open, and nothing in them is lost (R-STO-200). The files and how they
//! were made: `adapters/store-seaorm/tests/fixtures`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::intent::IntentState;
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{
    Cursor, InboxId, KeyPackageRef, Originator, Secret, SequenceId, Timestamp, Topic, VectorClock,
};
use hexmtp_ports::store::{
    ChangeFeed, ChangeSet, ConsentQuery, ConversationFilter, ConversationQuery, ConversationRecord,
    DiagnosticsQuery, FeedEvent, FeedPosition, ForkStatus, IdentityQuery, IntentQuery, IntentRecord,
    KeyPackageRecord, Maintenance, MessageFilter, MessageQuery, MessageRecord, PreferencesRecord,
    ProgressQuery, Revision, RowChange, Scope, StoreStatistics, UnitOfWork,
};
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};
use hexmtp_tests::conformance::store::samples::{
    at, commit_line, consent, conversation, deferred, full_conversation, full_message, group, identity,
    inbox, intent, key_package, message, message_id, payload, place, rejected, update,
};
use tempfile::TempDir;

async fn open(folder: &TempDir, name: &str) -> SqlStore {
    let path = folder.path().join(name);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/store-seaorm/tests/fixtures");
    if !path.exists() {
        std::fs::copy(fixtures.join(name), &path).unwrap();
    }
    SqlStore::open_sqlite(SqliteOptions::file(path, Encryption::Unencrypted)).await.unwrap()
}

/// `pending_removals`: what the schema knows of who wants to leave the first conversation.
async fn every_row_is_there(name: &str, pending_removals: BTreeSet<InboxId>) {
    let folder = tempfile::tempdir().unwrap();
    // Once brought up to date, then as it is.
    for _ in 0..2 {
        let store = open(&folder, name).await;
        identity_rows(&store).await;
        conversation_rows(&store, &pending_removals).await;
        message_rows(&store).await;
        intent_rows(&store).await;
        log_rows(&store).await;
        engine_rows(&store).await;
        feed_rows(&store).await;
        counts(&store).await;
        store.close().await.unwrap();
    }
    goes_on(&open(&folder, name).await).await;
}

async fn identity_rows(store: &SqlStore) {
    assert_eq!(store.identity().await.unwrap(), Some(identity(1)));
    let preferences = store.preferences().await.unwrap();
    // The key was a part of the identity, and as old.
    let hmac_root = Secret::new(vec![1; 42]);
    assert_eq!(preferences, Some(PreferencesRecord { hmac_root, hmac_cycled_at: identity(1).created_at }));
    let second = KeyPackageRecord { uploaded: true, superseded_at: Some(at(9)), ..key_package(2) };
    assert_eq!(store.key_packages().await.unwrap(), [key_package(1), second.clone()]);
    assert_eq!(store.key_package_for(&second.wrapper_key.0).await.unwrap(), Some(second));
    let zero = SequenceId(0);
    assert_eq!(store.identity_updates(inbox(1), zero).await.unwrap(), [update(1), update(2)]);
    assert_eq!(store.identity_updates(inbox(2), zero).await.unwrap(), [update(5)]);
}

async fn conversation_rows(store: &SqlStore, pending_removals: &BTreeSet<InboxId>) {
    let full = ConversationRecord {
        pending_removals: pending_removals.clone(),
        fork: ForkStatus::default(),
        ..full_conversation(1)
    };
    let listed = store.conversations(&ConversationFilter::default()).await.unwrap();
    assert_eq!(listed, [full, conversation(2)]);
    let stored = [
        consent(ConsentEntity::Conversation(group(1)), ConsentState::Allowed, 5),
        consent(ConsentEntity::Inbox(inbox(3)), ConsentState::Denied, 6),
    ];
    assert_eq!(store.consents().await.unwrap(), stored);
}

/// When a message was stored was not kept: as it was sent, of those that were settled later, too.
fn as_sent(record: MessageRecord) -> MessageRecord {
    MessageRecord { inserted_at: record.sent_at, expires_at: None, reference: None, ..record }
}

async fn message_rows(store: &SqlStore) {
    let settled = MessageRecord { cursor: Some(place(7)), ..message(2, group(1), 21) };
    let unpublished = MessageRecord { delivery: DeliveryStatus::Unpublished, ..message(3, group(2), 30) };
    let expected = [full_message(1, group(1), 10), settled, unpublished].map(as_sent);
    assert_eq!(store.messages(&MessageFilter::default()).await.unwrap(), expected);
    let filter = MessageFilter { delivery: Some(DeliveryStatus::Unpublished), ..MessageFilter::default() };
    let [full, _, unpublished] = expected;
    assert_eq!(store.messages(&filter).await.unwrap(), [full, unpublished]);
}

async fn intent_rows(store: &SqlStore) {
    assert_eq!(store.open_intents(group(1)).await.unwrap(), [intent(1, group(1))]);
    let published = IntentRecord {
        state: IntentState::Published,
        payload: Some(payload(true)),
        message_id: Some(message_id(3)),
        should_push: true,
        attempts: 2,
        ..intent(2, group(2))
    };
    assert_eq!(store.open_intents(group(2)).await.unwrap(), [published]);
    assert_eq!(store.groups_with_open_intents().await.unwrap(), [group(1), group(2)]);
    let failed = IntentRecord {
        state: IntentState::Failed,
        error: Some("send.refused".to_owned()),
        ..intent(3, group(1))
    };
    assert_eq!(store.intent(failed.id).await.unwrap(), Some(failed));
}

async fn log_rows(store: &SqlStore) {
    let topic = Topic::Group(group(1));
    let read = VectorClock::from_iter([place(7), Cursor::new(Originator(0), SequenceId(3))]);
    assert_eq!(store.cursor(topic).await.unwrap(), read);
    let lines = [commit_line(group(1), 1), commit_line(group(1), 2)];
    assert_eq!(store.commit_log(group(1)).await.unwrap(), lines);
    assert_eq!(store.rejected(10).await.unwrap(), [rejected(topic, 4)]);
    assert_eq!(store.deferred_welcomes().await.unwrap(), [deferred(11, 12)]);
}

async fn engine_rows(store: &SqlStore) {
    let scopes =
        [Scope::Group(group(1)), Scope::KeyPackage(KeyPackageRef::new([1; 32])), Scope::Installation];
    let loaded = store.load(&scopes).await.unwrap();
    let revisions: Vec<_> = loaded.iter().map(|snapshot| snapshot.revision).collect();
    assert_eq!(revisions, [Revision(2), Revision(1), Revision(0)]);
    let row = |key: u8| (vec![key], vec![key; 100]);
    assert_eq!(loaded[0].rows, [row(1), row(2)].into());
    assert_eq!(loaded[1].rows, [row(3)].into());
}

async fn feed_rows(store: &SqlStore) {
    let stored = |n, id| FeedEvent::MessageStored { group_id: group(n), id: message_id(id) };
    let expected = [
        FeedEvent::ConversationStored(group(1)),
        FeedEvent::ConversationStored(group(2)),
        stored(1, 1),
        stored(1, 2),
        stored(2, 3),
        FeedEvent::MessageSettled { group_id: group(1), id: message_id(2) },
    ];
    let feed = store.changes_after(FeedPosition(0), 100).await.unwrap();
    assert_eq!(feed.iter().map(|entry| entry.event).collect::<Vec<_>>(), expected);
    assert_eq!(feed.iter().map(|entry| entry.position.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(store.position().await.unwrap(), FeedPosition(6));
}

async fn counts(store: &SqlStore) {
    let found = store.statistics().await.unwrap();
    let expected = StoreStatistics {
        bytes: found.bytes,
        free_bytes: found.free_bytes,
        conversations: 2,
        messages: 3,
        open_intents: 2,
        settled_intents: 1,
        identity_updates: 3,
        mls_rows: 3,
        feed_entries: 6,
        rejected: 1,
        tasks: 0,
        iced: 0,
    };
    assert_eq!(found, expected);
}

/// What is stored from now on comes behind what was there.
async fn goes_on(store: &SqlStore) {
    let later = MessageRecord { inserted_at: Timestamp::ZERO, ..message(9, group(1), 21) };
    let rows = vec![RowChange::InsertMessage(MessageRecord { cursor: Some(place(7)), ..later })];
    let position = store.commit(ChangeSet { rows, ..ChangeSet::default() }).await.unwrap();
    assert_eq!(position, FeedPosition(7));
    let of_group = MessageFilter { groups: vec![group(1)], ..MessageFilter::default() };
    let ids: Vec<_> = store.messages(&of_group).await.unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(ids, [message_id(1), message_id(2), message_id(9)]);
}

#[tokio::test]
async fn a_database_of_schema_1_keeps_every_row() {
    every_row_is_there("schema_1.db3", BTreeSet::new()).await;
}

#[tokio::test]
async fn a_database_of_schema_2_keeps_every_row() {
    every_row_is_there("schema_2.db3", full_conversation(1).pending_removals).await;
}
