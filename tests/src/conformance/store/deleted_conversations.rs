//! Conversations that are deleted.

use std::sync::Arc;

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{SequenceId, Topic, VectorClock};
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, FeedEvent, FeedPosition, LeaseName, MessageFilter, MlsRowChange, Revision,
    RowChange, Scope, Store, StoreError, SyncState, Watermark,
};

use super::samples::{
    commit_line, consent, conversation, deletion, full_conversation, full_message, group, inbox, intent,
    message, message_id, place, rejected,
};
use super::samples_work::{iced, lease, place_of, readd, remote_line, sync_progress, take, task};
use super::{Stores, put};

fn scope(n: u8) -> Scope {
    Scope::Group(group(n))
}

fn marks(n: u8) -> [Watermark; 4] {
    [
        Watermark::CommitLogPublished(group(n)),
        Watermark::CommitLogRead(group(n)),
        Watermark::LocalCommitsCompared(group(n)),
        Watermark::RemoteCommitsCompared(group(n)),
    ]
}

/// Everything that can belong to a conversation. Messages, intents and so on have the group's number too.
fn everything(n: u8) -> Vec<RowChange> {
    let topic = Topic::Group(group(n));
    let mut rows = vec![
        RowChange::PutConversation(Box::new(full_conversation(n))),
        RowChange::InsertMessage(full_message(n, group(n), 5)),
        RowChange::RecordDeletion(deletion(n + 100, group(n), n)),
        RowChange::PutSyncProgress(sync_progress(n, SyncState::Pending)),
        RowChange::InsertIntent(intent(n, group(n))),
        take(LeaseName::Outbox(group(n)), 1, 0, 10),
        RowChange::AdvanceCursor { topic, cursor: place(7) },
        RowChange::AppendCommitLog(commit_line(group(n), 3)),
        RowChange::AppendRemoteCommitLog(remote_line(group(n), 3)),
        RowChange::PutReadd(readd(group(n), 1, None, None)),
        RowChange::Ice(iced(topic, place_of(1, 2), &[place_of(1, 1)])),
    ];
    rows.extend(marks(n).map(|mark| RowChange::AdvanceWatermark { mark, to: 9 }));
    rows
}

async fn fill(store: &Arc<dyn Store>, n: u8) {
    let mls = vec![MlsRowChange { scope: scope(n), key: b"k".to_vec(), value: Some(vec![n]) }];
    let changes = ChangeSet { mls, rows: everything(n), ..ChangeSet::expecting(scope(n), Revision(0)) };
    store.commit(changes).await.unwrap();
}

/// What is left of a conversation, by name.
async fn left_of(store: &Arc<dyn Store>, n: u8) -> Vec<&'static str> {
    let topic = Topic::Group(group(n));
    let of_group = MessageFilter { groups: vec![group(n)], ..MessageFilter::default() };
    let lists = store.conversations(&ConversationFilter::default()).await.unwrap();
    let mut watermarks = 0;
    for mark in marks(n) {
        watermarks += store.watermark(mark).await.unwrap();
    }
    let found = [
        ("conversation", store.conversation(group(n)).await.unwrap().is_some()),
        ("listed", lists.iter().any(|record| record.id == group(n))),
        ("message", store.message(message_id(n)).await.unwrap().is_some()),
        ("counted", store.count_messages(&of_group).await.unwrap() > 0),
        ("deletion", !store.deletions_of(&[message_id(n)]).await.unwrap().is_empty()),
        ("sync progress", store.sync_progress(message_id(n)).await.unwrap().is_some()),
        ("intent", store.intent(IntentId([n; 16])).await.unwrap().is_some()),
        ("open intent", !store.open_intents(group(n)).await.unwrap().is_empty()),
        ("waits", store.groups_with_open_intents().await.unwrap().contains(&group(n))),
        ("lease", store.lease(LeaseName::Outbox(group(n))).await.unwrap().is_some()),
        ("cursor", store.cursor(topic).await.unwrap() != VectorClock::new()),
        ("commit log", !store.commit_log(group(n)).await.unwrap().is_empty()),
        ("remote", !store.remote_commit_log(group(n), SequenceId(0), 9).await.unwrap().is_empty()),
        ("readd", !store.readds(group(n)).await.unwrap().is_empty()),
        ("iced", !store.iced(topic).await.unwrap().is_empty()),
        ("iced behind", !store.iced_behind(topic, place_of(1, 1)).await.unwrap().is_empty()),
        ("watermark", watermarks > 0),
        ("MLS", !store.load(&[scope(n)]).await.unwrap()[0].rows.is_empty()),
    ];
    found.into_iter().filter(|(_, is_left)| *is_left).map(|(name, _)| name).collect()
}

/// And nothing of others (R-STO-329).
pub async fn a_deleted_conversation_leaves_nothing(stores: Stores) {
    let store = stores.open().await;
    fill(&store, 1).await;
    fill(&store, 2).await;
    assert_eq!(left_of(&store, 1).await.len(), 18);
    put(&store, vec![RowChange::DeleteConversation(group(1))]).await;
    assert_eq!(left_of(&store, 1).await, [""; 0]);
    assert_eq!(left_of(&store, 2).await.len(), 18);
    assert_eq!(left_of(&stores.open().await, 1).await, [""; 0]);
}

/// Consent, the scope's revision, what was refused, and what belongs to the installation (R-STO-330).
pub async fn what_is_not_the_conversations_outlasts_it(stores: Stores) {
    let store = stores.open().await;
    fill(&store, 1).await;
    let of_group = consent(ConsentEntity::Conversation(group(1)), ConsentState::Denied, 1);
    let refused = rejected(Topic::Group(group(1)), 9);
    let rows = vec![
        RowChange::PutConsent(of_group.clone()),
        RowChange::RecordRejected(refused.clone()),
        RowChange::InsertTask(task(1, 5)),
        RowChange::AdvanceCursor { topic: Topic::Identity(inbox(1)), cursor: place(4) },
        RowChange::PutSyncProgress(sync_progress(50, SyncState::Pending)),
        take(LeaseName::Task(task(1, 5).id), 1, 0, 10),
    ];
    put(&store, rows).await;
    let delete = || ChangeSet { rows: vec![RowChange::DeleteConversation(group(1))], ..ChangeSet::default() };
    let expecting = ChangeSet { expect: vec![(scope(1), Revision(1))], ..delete() };
    store.commit(expecting).await.unwrap();
    assert_eq!(store.load(&[scope(1)]).await.unwrap()[0].revision, Revision(2));
    assert_eq!(store.consent(&of_group.entity).await.unwrap(), Some(of_group));
    assert_eq!(store.rejected(9).await.unwrap(), [refused]);
    assert_eq!(store.task(task(1, 5).id).await.unwrap(), Some(task(1, 5)));
    let name = LeaseName::Task(task(1, 5).id);
    assert_eq!(store.lease(name).await.unwrap(), Some(lease(name, 1, 10)));
    let cursor = store.cursor(Topic::Identity(inbox(1))).await.unwrap();
    assert_eq!(cursor.highest(), SequenceId(4));
    let progress = sync_progress(50, SyncState::Pending);
    assert_eq!(store.pending_sync_messages().await.unwrap(), [progress]);
    // Who decided from the conversation as it was comes too late.
    let late = store.commit(ChangeSet::expecting(scope(1), Revision(1))).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
}

/// The feed is told once of the deletion and nothing of what goes with it; a later one is new (R-STO-331).
pub async fn a_deleted_conversation_can_come_again(stores: Stores) {
    let store = stores.open().await;
    let whole = |n| RowChange::PutConversation(Box::new(conversation(n)));
    let delete = |n| RowChange::DeleteConversation(group(n));
    let stored = |n| RowChange::InsertMessage(message(n, group(1), 1));
    put(&store, vec![whole(1), stored(1), stored(2)]).await;
    assert_eq!(put(&store, vec![delete(1), delete(1), delete(7)]).await, FeedPosition(4));
    assert_eq!(put(&store, vec![whole(1), whole(1), delete(1), whole(1), stored(1)]).await, FeedPosition(9));
    let told: Vec<_> = store.changes_after(FeedPosition(3), 20).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|entry| entry.event).collect();
    let expected = [
        FeedEvent::ConversationDeleted(group(1)),
        FeedEvent::ConversationStored(group(1)),
        FeedEvent::ConversationChanged(group(1)),
        FeedEvent::ConversationDeleted(group(1)),
        FeedEvent::ConversationStored(group(1)),
        FeedEvent::MessageStored { group_id: group(1), id: message_id(1) },
    ];
    assert_eq!(told, expected);
    assert_eq!(store.conversation(group(1)).await.unwrap(), Some(conversation(1)));
    assert_eq!(store.messages(&MessageFilter::default()).await.unwrap(), [message(1, group(1), 1)]);
}

/// Nothing of it is touched, since there may be messages of a conversation that is still to be stored.
pub async fn deleting_an_unknown_conversation_touches_nothing(stores: Stores) {
    let store = stores.open().await;
    let stray = vec![
        RowChange::InsertMessage(message(1, group(1), 1)),
        RowChange::InsertIntent(intent(1, group(1))),
        RowChange::AdvanceCursor { topic: Topic::Group(group(1)), cursor: place(7) },
    ];
    put(&store, stray).await;
    let before = left_of(&store, 1).await;
    assert_eq!(before.len(), 6);
    assert_eq!(put(&store, vec![RowChange::DeleteConversation(group(1))]).await, FeedPosition(1));
    assert_eq!(left_of(&store, 1).await, before);
}

/// Also MLS rows that the same change set puts: they are put before.
pub async fn mls_rows_go_with_the_conversation(stores: Stores) {
    let store = stores.open().await;
    fill(&store, 1).await;
    let mls = vec![MlsRowChange { scope: scope(1), key: b"new".to_vec(), value: Some(b"v".to_vec()) }];
    let rows = vec![RowChange::DeleteConversation(group(1))];
    let changes = ChangeSet { mls, rows, ..ChangeSet::expecting(scope(1), Revision(1)) };
    store.commit(changes).await.unwrap();
    let loaded = store.load(&[scope(1)]).await.unwrap().remove(0);
    assert_eq!((loaded.revision, loaded.rows.len()), (Revision(2), 0));
    // The group may be joined again from there.
    let mls = vec![MlsRowChange { scope: scope(1), key: b"again".to_vec(), value: Some(b"v".to_vec()) }];
    store.commit(ChangeSet { mls, ..ChangeSet::expecting(scope(1), Revision(2)) }).await.unwrap();
    assert_eq!(store.load(&[scope(1)]).await.unwrap()[0].rows.len(), 1);
}
