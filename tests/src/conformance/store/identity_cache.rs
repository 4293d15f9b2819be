//! Preferences, and what can be asked of the network again: association states, inboxes of identifiers.

use hexmtp_domain::identity::{EthereumAddress, Identifier, PasskeyKey};
use hexmtp_domain::{Secret, SequenceId};
use hexmtp_ports::store::{CachedAssociationState, FeedEvent, FeedPosition, PreferencesRecord, RowChange};

use super::samples::{LARGEST, association_state, at, inbox, preferences};
use super::{Stores, put};

/// PROTOCOL.md 7.4. Of two equally old ones the stored one stays; the feed tells of what is kept (R-STO-313).
pub async fn newer_preferences_win(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(store.preferences().await.unwrap(), None);
    let steps = [
        (preferences(1, i64::MIN), preferences(1, i64::MIN)),
        (preferences(2, 10), preferences(2, 10)),
        (preferences(3, 9), preferences(2, 10)),
        (preferences(4, 10), preferences(2, 10)),
        (preferences(2, 11), preferences(2, 11)),
        (preferences(5, i64::MAX), preferences(5, i64::MAX)),
    ];
    let mut told = 0;
    for (given, kept) in steps {
        told += u64::from(given == kept);
        assert_eq!(put(&store, vec![RowChange::PutPreferences(given)]).await, FeedPosition(told));
        assert_eq!(store.preferences().await.unwrap(), Some(kept));
    }
    let entries = store.changes_after(FeedPosition(0), 9).await.unwrap();
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|entry| entry.event == FeedEvent::PreferencesChanged), "{entries:?}");
    // Within one change set, and of any length.
    let odd = PreferencesRecord { hmac_root: Secret::new(Vec::new()), hmac_cycled_at: at(3) };
    let other = stores.open().await;
    put(&other, vec![RowChange::PutPreferences(odd)]).await;
    assert_eq!(other.preferences().await.unwrap(), Some(preferences(5, i64::MAX)));
}

/// The latest one at or before a number; what is there stays (R-STO-314).
pub async fn association_states_are_cached_by_number(stores: Stores) {
    let store = stores.open().await;
    let rows = [
        association_state(1, 9),
        association_state(1, 3),
        association_state(2, LARGEST),
        association_state(1, LARGEST),
        association_state(3, 0),
        CachedAssociationState { state: b"different".to_vec(), ..association_state(1, 3) },
        CachedAssociationState { state: Vec::new(), ..association_state(4, 5) },
    ];
    put(&store, rows.map(RowChange::CacheAssociationState).to_vec()).await;
    let asked = [
        (1, 2, None),
        (1, 3, Some(3)),
        (1, 8, Some(3)),
        (2, 8, None),
        (1, 9, Some(9)),
        (1, 9, Some(9)),
        (1, LARGEST - 1, Some(9)),
        (1, LARGEST, Some(LARGEST)),
        (1, u64::MAX, Some(LARGEST)),
        (2, u64::MAX, Some(LARGEST)),
        (3, 0, Some(0)),
        (0, LARGEST, None),
        (9, LARGEST, None),
    ];
    let wanted: Vec<_> = asked.iter().map(|(n, number, _)| (inbox(*n), SequenceId(*number))).collect();
    let expected: Vec<_> =
        asked.iter().map(|(n, _, found)| found.map(|number| association_state(*n, number))).collect();
    assert_eq!(store.association_states(&wanted).await.unwrap(), expected);
    let empty = store.association_states(&[(inbox(4), SequenceId(5))]).await.unwrap().remove(0).unwrap();
    assert!(empty.state.is_empty());
    assert!(store.association_states(&[]).await.unwrap().is_empty());
    let many = vec![(inbox(1), SequenceId(5)); 1500];
    assert_eq!(store.association_states(&many).await.unwrap(), vec![Some(association_state(1, 3)); 1500]);
}

/// An inbox, none as far as the network said, or nothing said yet; what was said last counts (R-STO-315).
pub async fn inboxes_of_identifiers_are_cached(stores: Stores) {
    let store = stores.open().await;
    let wallet = |n| Identifier::Ethereum(EthereumAddress::new([n; 20]));
    let passkey =
        |n, of: Option<&str>| Identifier::Passkey(PasskeyKey::new(vec![n; 20], of.map(str::to_owned)));
    let nobody = |text: &str| Identifier::Unclaimable(text.to_owned());
    let cache = |identifier, n: Option<u8>| RowChange::CacheInboxOf { identifier, inbox_id: n.map(inbox) };
    let rows = vec![
        cache(wallet(1), Some(1)),
        cache(wallet(2), None),
        cache(passkey(1, None), Some(3)),
        cache(wallet(3), Some(4)),
        cache(wallet(3), None),
        cache(wallet(4), None),
        cache(wallet(4), Some(5)),
        cache(passkey(3, Some("example.org")), Some(6)),
        cache(nobody(""), Some(7)),
        cache(nobody("0x"), None),
    ];
    assert_eq!(put(&store, rows).await, FeedPosition(0));
    let asked = [
        (wallet(4), Some(Some(5))),
        (wallet(9), None),
        (wallet(1), Some(Some(1))),
        // The same bytes of another kind; the relying party is no part of a passkey.
        (passkey(1, Some("example.org")), Some(Some(3))),
        (passkey(2, None), None),
        (passkey(3, None), Some(Some(6))),
        (nobody("0x"), Some(None)),
        (nobody(""), Some(Some(7))),
        (nobody("0"), None),
        (wallet(2), Some(None)),
        (wallet(3), Some(None)),
        (wallet(1), Some(Some(1))),
    ];
    let identifiers: Vec<_> = asked.iter().map(|(identifier, _)| identifier.clone()).collect();
    let expected: Vec<_> = asked.iter().map(|(_, known)| known.map(|known| known.map(inbox))).collect();
    assert_eq!(store.inboxes_of(&identifiers).await.unwrap(), expected);
    assert!(store.inboxes_of(&[]).await.unwrap().is_empty());
    assert_eq!(store.inboxes_of(&vec![wallet(1); 1500]).await.unwrap(), vec![Some(Some(inbox(1))); 1500]);
    put(&store, vec![cache(wallet(1), Some(8))]).await;
    assert_eq!(store.inboxes_of(&[wallet(1)]).await.unwrap(), [Some(Some(inbox(8)))]);
}
