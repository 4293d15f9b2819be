//! Letting go of the medium, and taking it up again.

use futures_util::StreamExt;
use hexmtp_ports::store::{FeedPosition, MessageFilter, RowChange, StoreError};

use super::calls::outcomes;
use super::samples::{group, message, message_id};
use super::{Stores, put};

fn stored(n: u8) -> RowChange {
    RowChange::InsertMessage(message(n, group(1), n.into()))
}

/// And changes nothing; nor does a second release (R-STO-316).
pub async fn a_released_store_answers_released(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![stored(9)]).await;
    store.release().await.unwrap();
    store.release().await.unwrap();
    for (call, outcome) in outcomes(&store).await {
        assert!(matches!(outcome, Some(StoreError::Released)), "{call}: {outcome:?}");
    }
    store.reconnect().await.unwrap();
    assert_eq!(store.messages(&MessageFilter::default()).await.unwrap(), [message(9, group(1), 9)]);
    assert_eq!(store.position().await.unwrap(), FeedPosition(1));
}

/// As often as one likes, and reconnecting what was not released does nothing.
pub async fn a_reconnected_store_goes_on(stores: Stores) {
    let store = stores.open().await;
    store.reconnect().await.unwrap();
    for n in 1..=4_u8 {
        put(&store, vec![stored(n)]).await;
        store.release().await.unwrap();
        store.reconnect().await.unwrap();
        store.reconnect().await.unwrap();
        assert_eq!(store.message(message_id(n)).await.unwrap(), Some(message(n, group(1), n.into())));
        assert_eq!(store.position().await.unwrap(), FeedPosition(n.into()));
    }
}

/// Streams of wake-ups stay, and their readers then see what others committed meanwhile (R-STO-317).
pub async fn reconnecting_wakes_the_readers(stores: Stores) {
    let store = stores.open().await;
    let mut before = store.wake_ups();
    put(&store, vec![stored(1)]).await;
    assert_eq!(before.next().await, Some(()));
    store.release().await.unwrap();
    let mut meanwhile = store.wake_ups();
    store.reconnect().await.unwrap();
    assert_eq!(before.next().await, Some(()));
    assert_eq!(meanwhile.next().await, Some(()));
    // They also work as before.
    put(&store, vec![stored(2)]).await;
    assert_eq!(before.next().await, Some(()));
    assert_eq!(meanwhile.next().await, Some(()));
}

/// The rows are everybody's, the letting go is not (R-STO-318).
pub async fn a_released_session_does_not_disturb_others(stores: Stores) {
    let (one, other) = (stores.open().await, stores.open().await);
    put(&one, vec![stored(1)]).await;
    one.release().await.unwrap();
    put(&other, vec![stored(2)]).await;
    assert_eq!(other.count_messages(&MessageFilter::default()).await.unwrap(), 2);
    let third = stores.open().await;
    put(&third, vec![stored(3)]).await;
    one.reconnect().await.unwrap();
    assert_eq!(one.count_messages(&MessageFilter::default()).await.unwrap(), 3);
    assert_eq!(one.position().await.unwrap(), FeedPosition(3));
}

/// A released store can be closed, and is closed then; a closed one can neither be released nor reconnected.
pub async fn a_store_is_closed_while_it_is_released(stores: Stores) {
    let store = stores.open().await;
    put(&store, vec![stored(1)]).await;
    let mut wake_ups = store.wake_ups();
    store.release().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.close().await, Err(StoreError::Closed)));
    assert!(matches!(store.release().await, Err(StoreError::Closed)));
    assert!(matches!(store.reconnect().await, Err(StoreError::Closed)));
    for (call, outcome) in outcomes(&store).await {
        assert!(matches!(outcome, Some(StoreError::Closed)), "{call}: {outcome:?}");
    }
    // At most a wake-up from before, then the end.
    let mut further = 0;
    while wake_ups.next().await.is_some() {
        further += 1;
        assert!(further < 3, "wake-ups without end");
    }
    assert_eq!(store.wake_ups().next().await, None);
    let again = stores.open().await;
    assert_eq!(again.count_messages(&MessageFilter::default()).await.unwrap(), 1);
}
