//! Statistics, trimming, wiping, compacting.

use std::sync::Arc;

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::intent::{IntentId, IntentState};
use hexmtp_domain::{SequenceId, Topic};
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, FeedEvent, FeedPosition, IntentRecord, LeaseName, MessageFilter,
    MessageRecord, MlsRowChange, RejectedRecord, Revision, RowChange, Scope, Store, StoreError,
    StoreStatistics, SyncState, Trim, Watermark,
};

use super::samples::{
    association_state, at, commit_line, consent, conversation, deferred, deletion, group, identity, inbox,
    intent, key_package, message, message_id, place, preferences, rejected, update,
};
use super::samples_work::{iced, place_of, readd, remote_line, sync_progress, take, task};
use super::{Stores, put};

fn stored(n: u8) -> RowChange {
    RowChange::InsertMessage(message(n, group(1), n.into()))
}

async fn gone(store: &Arc<dyn Store>, position: u64) -> Option<u64> {
    match store.changes_after(FeedPosition(position), 0).await {
        Ok(entries) => {
            assert!(entries.is_empty());
            None
        }
        Err(StoreError::PositionGone { oldest }) => Some(oldest.0),
        Err(error) => panic!("{error:?}"),
    }
}

/// Reading goes on at the last position that was trimmed, and not before it (R-STO-332).
pub async fn a_trimmed_feed_begins_later(stores: Stores) {
    let store = stores.open().await;
    let trim = |position| Trim { feed_up_to: Some(FeedPosition(position)), ..Trim::default() };
    store.trim(&trim(5)).await.unwrap();
    assert_eq!(gone(&store, 0).await, None);
    put(&store, (1..=6).map(stored).collect()).await;
    store.trim(&trim(0)).await.unwrap();
    assert_eq!(store.changes_after(FeedPosition(0), 9).await.unwrap().len(), 6);
    store.trim(&trim(4)).await.unwrap();
    for position in 0..4 {
        assert_eq!(gone(&store, position).await, Some(4));
    }
    let rest = store.changes_after(FeedPosition(4), 9).await.unwrap();
    assert_eq!(rest.iter().map(|entry| entry.position.0).collect::<Vec<_>>(), [5, 6]);
    // What was trimmed does not come back, and positions go on, also in other sessions.
    store.trim(&trim(2)).await.unwrap();
    assert_eq!(gone(&store, 3).await, Some(4));
    let other = stores.open().await;
    assert_eq!(put(&other, vec![stored(7)]).await, FeedPosition(7));
    assert_eq!(gone(&other, 3).await, Some(4));
    // Up to the end, also where it is asked for more.
    store.trim(&trim(u64::MAX)).await.unwrap();
    assert_eq!(gone(&store, 6).await, Some(7));
    assert_eq!(gone(&store, 7).await, None);
    assert_eq!(store.position().await.unwrap(), FeedPosition(7));
    assert_eq!(stores.open().await.position().await.unwrap(), FeedPosition(7));
    assert_eq!(put(&store, vec![stored(8)]).await, FeedPosition(8));
    assert_eq!(store.changes_after(FeedPosition(7), 9).await.unwrap()[0].position, FeedPosition(8));
    assert_eq!(store.count_messages(&MessageFilter::default()).await.unwrap(), 8);
}

/// Those of before a time, and nothing else (R-STO-333).
pub async fn old_refusals_and_settled_intents_are_trimmed(stores: Stores) {
    let store = stores.open().await;
    let refused = |time| RejectedRecord { at: at(time), ..rejected(Topic::Group(group(1)), 1) };
    let wanted = |n: u8, time, state| IntentRecord { created_at: at(time), state, ..intent(n, group(1)) };
    let intents = [
        wanted(1, 10, IntentState::Processed),
        wanted(2, 19, IntentState::Failed),
        wanted(3, 20, IntentState::Processed),
        wanted(4, i64::MIN, IntentState::ToPublish),
        wanted(5, 0, IntentState::Published),
        wanted(6, 0, IntentState::Committed),
    ];
    let mut rows: Vec<_> = [19, i64::MIN, 20, 30].map(refused).map(RowChange::RecordRejected).to_vec();
    rows.extend(intents.iter().cloned().map(RowChange::InsertIntent));
    put(&store, rows).await;
    store.trim(&Trim::default()).await.unwrap();
    assert_eq!(store.rejected(9).await.unwrap().len(), 4);
    store.trim(&Trim { rejected_before: Some(at(20)), ..Trim::default() }).await.unwrap();
    assert_eq!(store.rejected(9).await.unwrap(), [refused(20), refused(30)]);
    assert!(store.intent(IntentId([1; 16])).await.unwrap().is_some());
    store.trim(&Trim { settled_intents_before: Some(at(20)), ..Trim::default() }).await.unwrap();
    for (record, n) in intents.iter().zip(1_u8..) {
        let expected = (n > 2).then(|| record.clone());
        assert_eq!(store.intent(record.id).await.unwrap(), expected, "{n}");
    }
    assert_eq!(store.open_intents(group(1)).await.unwrap(), intents[3..]);
    assert_eq!(store.rejected(9).await.unwrap().len(), 2);
    // An intent that is gone is a new one when it comes again.
    put(&store, vec![RowChange::InsertIntent(intent(1, group(1)))]).await;
    let ids: Vec<_> = store.open_intents(group(1)).await.unwrap().into_iter().map(|i| i.id.0[0]).collect();
    assert_eq!(ids, [4, 5, 6, 1]);
}

/// Something of every kind.
async fn fill(store: &Arc<dyn Store>) {
    let topic = Topic::Group(group(1));
    let mls = |scope, n: u8| MlsRowChange { scope, key: vec![n], value: Some(vec![n]) };
    let settled = IntentRecord { state: IntentState::Failed, ..intent(2, group(1)) };
    let rows = vec![
        RowChange::PutIdentity(identity(1)),
        RowChange::PutPreferences(preferences(1, 1)),
        RowChange::PutKeyPackage(key_package(1)),
        RowChange::AppendIdentityUpdates { inbox_id: inbox(1), updates: vec![update(1), update(2)] },
        RowChange::AppendIdentityUpdates { inbox_id: inbox(2), updates: vec![update(1)] },
        RowChange::CacheAssociationState(association_state(1, 2)),
        RowChange::PutConversation(Box::new(conversation(1))),
        RowChange::PutConversation(Box::new(conversation(2))),
        stored(1),
        stored(2),
        stored(3),
        RowChange::RecordDeletion(deletion(9, group(1), 1)),
        RowChange::InsertIntent(intent(1, group(1))),
        RowChange::InsertIntent(settled),
        RowChange::InsertIntent(intent(3, group(1))),
        RowChange::AdvanceCursor { topic, cursor: place(4) },
        RowChange::AdvanceWatermark { mark: Watermark::CommitLogRead(group(1)), to: 4 },
        RowChange::PutConsent(consent(ConsentEntity::Inbox(inbox(1)), ConsentState::Allowed, 1)),
        RowChange::AppendCommitLog(commit_line(group(1), 1)),
        RowChange::AppendRemoteCommitLog(remote_line(group(1), 1)),
        RowChange::PutReadd(readd(group(1), 1, None, None)),
        RowChange::RecordRejected(rejected(topic, 1)),
        RowChange::RecordRejected(rejected(topic, 1)),
        RowChange::DeferWelcome(deferred(1, 1)),
        RowChange::Ice(iced(topic, place(3), &[place(2), place(1)])),
        RowChange::PutSyncProgress(sync_progress(1, SyncState::Pending)),
        RowChange::InsertTask(task(1, 5)),
        RowChange::InsertTask(task(2, 5)),
        take(LeaseName::Outbox(group(1)), 1, 0, i64::MAX),
    ];
    let scope = Scope::Group(group(1));
    let changes = ChangeSet {
        expect: vec![(scope, Revision(0)), (Scope::Installation, Revision(0))],
        mls: vec![mls(scope, 1), mls(scope, 2), mls(Scope::Installation, 1)],
        rows,
    };
    store.commit(changes).await.unwrap();
}

/// What `fill` stores, without the size of the medium.
const FILLED: StoreStatistics = StoreStatistics {
    bytes: 0,
    free_bytes: 0,
    conversations: 2,
    messages: 3,
    open_intents: 2,
    settled_intents: 1,
    identity_updates: 3,
    mls_rows: 3,
    feed_entries: 8,
    rejected: 2,
    tasks: 2,
    iced: 1,
};

async fn counts(store: &Arc<dyn Store>) -> StoreStatistics {
    let statistics = store.statistics().await.unwrap();
    assert!(statistics.free_bytes <= statistics.bytes, "{statistics:?}");
    StoreStatistics { bytes: 0, free_bytes: 0, ..statistics }
}

/// Exactly, also after rows went (R-STO-334).
pub async fn statistics_count_what_is_stored(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(counts(&store).await, StoreStatistics::default());
    fill(&store).await;
    assert_eq!(counts(&store).await, FILLED);
    assert_eq!(counts(&stores.open().await).await, FILLED);
    let rows = vec![
        RowChange::DeleteMessage(message_id(1)),
        RowChange::DeleteTask(task(1, 5).id),
        RowChange::Thaw { topic: Topic::Group(group(1)), cursor: place(3) },
    ];
    put(&store, rows).await;
    store.trim(&Trim { feed_up_to: Some(FeedPosition(6)), ..Trim::default() }).await.unwrap();
    let fewer = StoreStatistics { messages: 2, tasks: 1, iced: 0, feed_entries: 3, ..FILLED };
    assert_eq!(counts(&store).await, fewer);
    put(&store, vec![RowChange::DeleteConversation(group(1))]).await;
    let one = StoreStatistics {
        conversations: 1,
        messages: 0,
        open_intents: 0,
        settled_intents: 0,
        mls_rows: 1,
        feed_entries: 4,
        ..fewer
    };
    assert_eq!(counts(&store).await, one);
}

/// As new, but for the positions of the feed (R-STO-335).
pub async fn a_wiped_store_is_empty(stores: Stores) {
    let store = stores.open().await;
    store.wipe().await.unwrap();
    assert_eq!(gone(&store, 0).await, None);
    fill(&store).await;
    store.wipe().await.unwrap();
    assert_eq!(counts(&store).await, StoreStatistics::default());
    assert_eq!(store.position().await.unwrap(), FeedPosition(8));
    assert_eq!(gone(&store, 7).await, Some(8));
    assert_eq!(gone(&store, 8).await, None);
    assert!(store.identity().await.unwrap().is_none());
    assert!(store.preferences().await.unwrap().is_none());
    assert!(store.key_packages().await.unwrap().is_empty());
    assert_eq!(store.latest_identity_updates(&[inbox(1)]).await.unwrap(), [SequenceId(0)]);
    assert_eq!(store.association_states(&[(inbox(1), SequenceId(2))]).await.unwrap(), [None]);
    assert!(store.conversations(&ConversationFilter::default()).await.unwrap().is_empty());
    assert!(store.messages(&MessageFilter::default()).await.unwrap().is_empty());
    assert!(store.deletions_of(&[message_id(1)]).await.unwrap().is_empty());
    assert_eq!(store.watermark(Watermark::CommitLogRead(group(1))).await.unwrap(), 0);
    assert!(store.consents().await.unwrap().is_empty());
    assert!(store.commit_log(group(1)).await.unwrap().is_empty());
    assert!(store.readds(group(1)).await.unwrap().is_empty());
    assert!(store.deferred_welcomes().await.unwrap().is_empty());
    assert!(store.iced_behind(Topic::Group(group(1)), place_of(0, 2)).await.unwrap().is_empty());
    assert!(store.pending_sync_messages().await.unwrap().is_empty());
    assert!(store.lease(LeaseName::Outbox(group(1))).await.unwrap().is_none());
    for snapshot in store.load(&[Scope::Group(group(1)), Scope::Installation]).await.unwrap() {
        assert_eq!((snapshot.revision, snapshot.rows.len()), (Revision(0), 0));
    }
    // The same can be stored again, and the feed goes on.
    fill(&store).await;
    assert_eq!(counts(&store).await, FILLED);
    assert_eq!(counts(&stores.open().await).await, FILLED);
    let told = store.changes_after(FeedPosition(8), 1).await.unwrap().remove(0);
    assert_eq!((told.position, told.event), (FeedPosition(9), FeedEvent::PreferencesChanged));
}

/// Nothing is lost, and other sessions go on (R-STO-336).
pub async fn compacting_loses_nothing(stores: Stores) {
    let (store, other) = (stores.open().await, stores.open().await);
    store.compact().await.unwrap();
    fill(&store).await;
    let large: Vec<_> = (10..60)
        .map(|n| {
            let content = vec![n; 100_000];
            RowChange::InsertMessage(MessageRecord { content, ..message(n, group(2), 1) })
        })
        .collect();
    put(&store, large).await;
    put(&store, (10..60).map(|n| RowChange::DeleteMessage(message_id(n))).collect()).await;
    let before = store.statistics().await.unwrap();
    let expected = StoreStatistics { feed_entries: 108, ..FILLED };
    assert_eq!(counts(&store).await, expected);
    store.compact().await.unwrap();
    assert_eq!(counts(&store).await, expected);
    assert_eq!(counts(&other).await, expected);
    assert!(store.statistics().await.unwrap().bytes <= before.bytes);
    assert_eq!(store.message(message_id(2)).await.unwrap(), Some(message(2, group(1), 2)));
    put(&other, vec![stored(4)]).await;
    assert_eq!(store.message(message_id(4)).await.unwrap(), Some(message(4, group(1), 4)));
    assert_eq!(store.load(&[Scope::Installation]).await.unwrap()[0].rows.len(), 1);
}
