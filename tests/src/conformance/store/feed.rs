//! The change feed.

use futures_util::future::join;
use futures_util::{FutureExt, StreamExt};
use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_ports::store::{
    ChangeSet, FeedEntry, FeedEvent, FeedPosition, LeaseName, Revision, RowChange, Scope,
};

use super::samples::{
    commit_line, consent, conversation, deletion, group, inbox, intent, message, message_id, preferences,
};
use super::samples_work::{take, task};
use super::{Stores, put};

fn stored(n: u8) -> RowChange {
    RowChange::InsertMessage(message(n, group(1), n.into()))
}

/// In the order of the rows of a change set, and of change sets (R-STO-012).
pub async fn the_feed_tells_what_changed_in_order(stores: Stores) {
    let store = stores.open().await;
    let settled =
        |n| RowChange::SetDelivery { id: message_id(n), status: DeliveryStatus::Failed, published: None };
    let whole = || RowChange::PutConversation(Box::new(conversation(1)));
    let rows = vec![
        stored(1),
        whole(),
        stored(2),
        RowChange::InsertIntent(intent(1, group(1))),
        settled(1),
        stored(3),
        whole(),
    ];
    assert_eq!(put(&store, rows).await, FeedPosition(6));
    assert_eq!(put(&store, vec![whole()]).await, FeedPosition(7));
    let group_id = group(1);
    let message_stored = |n| FeedEvent::MessageStored { group_id, id: message_id(n) };
    let expected = [
        message_stored(1),
        FeedEvent::ConversationStored(group_id),
        message_stored(2),
        FeedEvent::MessageSettled { group_id, id: message_id(1) },
        message_stored(3),
        FeedEvent::ConversationChanged(group_id),
        FeedEvent::ConversationChanged(group_id),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .zip(1..)
        .map(|(event, n)| FeedEntry { position: FeedPosition(n), event })
        .collect();
    assert_eq!(store.changes_after(FeedPosition(0), usize::MAX).await.unwrap(), expected);
    assert_eq!(store.position().await.unwrap(), FeedPosition(7));
}

/// Each kind of change that it tells of, in order, and nothing of the others (R-STO-337).
pub async fn the_feed_tells_every_kind_of_change(stores: Stores) {
    let store = stores.open().await;
    let (group_id, id) = (group(1), message_id(1));
    let (conversation_entity, inbox_entity) =
        (ConsentEntity::Conversation(group(9)), ConsentEntity::Inbox(inbox(9)));
    let rows = vec![
        RowChange::PutPreferences(preferences(1, 5)),
        RowChange::PutConsent(consent(inbox_entity, ConsentState::Denied, 1)),
        RowChange::RecordDeletion(deletion(2, group(1), 1)),
        RowChange::InsertTask(task(1, 1)),
        RowChange::PutConversation(Box::new(conversation(1))),
        RowChange::AppendCommitLog(commit_line(group(1), 1)),
        stored(1),
        RowChange::SetDelivery { id, status: DeliveryStatus::Published, published: None },
        take(LeaseName::Outbox(group(1)), 1, 0, 9),
        RowChange::PutConsent(consent(conversation_entity, ConsentState::Allowed, 1)),
        RowChange::PutPreferences(preferences(2, 5)),
        RowChange::PutConsent(consent(inbox_entity, ConsentState::Allowed, 1)),
        RowChange::DeleteMessage(id),
        RowChange::SetDelivery { id, status: DeliveryStatus::Failed, published: None },
        RowChange::PutConversation(Box::new(conversation(1))),
        RowChange::DeleteConversation(group_id),
        RowChange::PutPreferences(preferences(2, 6)),
    ];
    let expected = [
        FeedEvent::PreferencesChanged,
        FeedEvent::ConsentChanged(inbox_entity),
        FeedEvent::MessageTakenBack { group_id, id },
        FeedEvent::ConversationStored(group_id),
        FeedEvent::MessageStored { group_id, id },
        FeedEvent::MessageSettled { group_id, id },
        FeedEvent::ConsentChanged(conversation_entity),
        FeedEvent::MessageDeleted { group_id, id },
        FeedEvent::ConversationChanged(group_id),
        FeedEvent::ConversationDeleted(group_id),
        FeedEvent::PreferencesChanged,
    ];
    assert_eq!(put(&store, rows).await, FeedPosition(11));
    for session in [store, stores.open().await] {
        let told = session.changes_after(FeedPosition(0), 99).await.unwrap();
        assert_eq!(told.into_iter().map(|entry| entry.event).collect::<Vec<_>>(), expected);
    }
}

/// With any number of entries at a time.
pub async fn the_feed_is_resumed_without_gap_or_duplicate(stores: Stores) {
    let store = stores.open().await;
    for first in [1, 5, 9] {
        put(&store, (first..first + 4).map(stored).collect()).await;
    }
    let all = store.changes_after(FeedPosition(0), 100).await.unwrap();
    assert_eq!(all.len(), 12);
    assert!(all.windows(2).all(|pair| pair[0].position < pair[1].position));
    for limit in [1, 2, 5, 12] {
        let mut read = Vec::new();
        let mut position = FeedPosition(0);
        loop {
            let page = store.changes_after(position, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            position = last.position;
            read.extend(page);
        }
        assert_eq!(read, all, "{limit}");
    }
    assert!(store.changes_after(FeedPosition(0), 0).await.unwrap().is_empty());
    for beyond in [12, 13, u64::MAX] {
        assert!(store.changes_after(FeedPosition(beyond), 9).await.unwrap().is_empty());
    }
}

/// Also one that changes rows which the feed does not tell of.
pub async fn a_commit_that_feeds_nothing_gives_the_last_position(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![stored(1), stored(2)]).await;
    assert_eq!(put(&store, vec![RowChange::InsertIntent(intent(1, group(1)))]).await, FeedPosition(2));
    assert_eq!(put(&store, vec![stored(1)]).await, FeedPosition(2));
    assert_eq!(store.position().await.unwrap(), FeedPosition(2));
}

/// A reader that waits is woken and then sees the commit.
pub async fn a_wake_up_follows_a_commit(stores: Stores) {
    let store = stores.open().await;
    let mut wake_ups = store.wake_ups();
    assert_eq!(wake_ups.next().now_or_never(), None);
    for n in 1..=3_u8 {
        let (woken, _) = join(wake_ups.next(), put(&store, vec![stored(n)])).await;
        assert_eq!(woken, Some(()));
        assert_eq!(store.position().await.unwrap(), FeedPosition(n.into()));
    }
    // One wake-up may stand for several commits, but none may come for nothing for ever.
    put(&store, vec![stored(4)]).await;
    put(&store, vec![stored(5)]).await;
    assert_eq!(wake_ups.next().await, Some(()));
    let mut further = 0;
    while wake_ups.next().now_or_never().is_some() {
        further += 1;
        assert!(further < 5, "wake-ups without end");
    }
}

/// R-STO-013
pub async fn a_commit_before_the_first_poll_wakes(stores: Stores) {
    let store = stores.open().await;
    let mut wake_ups = store.wake_ups();
    put(&store, vec![stored(1)]).await;
    assert_eq!(wake_ups.next().now_or_never(), Some(Some(())));
}

/// Those that went away do not matter, nor does a commit that failed.
pub async fn every_reader_is_woken(stores: Stores) {
    let store = stores.open().await;
    drop(store.wake_ups());
    let mut readers = [store.wake_ups(), store.wake_ups()];
    let stale = ChangeSet { rows: vec![stored(9)], ..ChangeSet::expecting(Scope::Installation, Revision(5)) };
    store.commit(stale).await.unwrap_err();
    for reader in &mut readers {
        assert_eq!(reader.next().now_or_never(), None);
    }
    put(&store, vec![stored(1)]).await;
    for reader in &mut readers {
        assert_eq!(reader.next().now_or_never(), Some(Some(())));
    }
}

/// As of another process on the same database: it may take a moment, but is not missed, whenever it comes
/// (R-STO-101).
pub async fn a_commit_of_another_session_wakes(stores: Stores) {
    let (one, other) = (stores.open().await, stores.open().await);
    let mut wake_ups = one.wake_ups();
    for n in 1..=3_u8 {
        put(&other, vec![stored(n)]).await;
        assert_eq!(wake_ups.next().await, Some(()));
        assert_eq!(one.position().await.unwrap(), FeedPosition(n.into()));
    }
    // Also for one who comes when nobody has been waiting.
    drop(wake_ups);
    put(&other, vec![stored(4)]).await;
    let mut wake_ups = one.wake_ups();
    put(&other, vec![stored(5)]).await;
    assert_eq!(wake_ups.next().await, Some(()));
    assert_eq!(one.position().await.unwrap(), FeedPosition(5));
}

/// Those that were made before and those that are made after.
pub async fn wake_ups_end_when_the_store_is_closed(stores: Stores) {
    let store = stores.open().await;
    let mut before = store.wake_ups();
    store.close().await.unwrap();
    assert_eq!(before.next().await, None);
    assert_eq!(store.wake_ups().next().await, None);
}
