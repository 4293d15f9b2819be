//! Intents.

use hexmtp_domain::intent::{Intent, IntentId, IntentState};
use hexmtp_ports::store::{FeedPosition, IntentRecord, RowChange};

use super::samples::{TEXT, group, inbox, intent, message_id, payload};
use super::{Stores, put};

const STATES: [IntentState; 5] = [
    IntentState::ToPublish,
    IntentState::Published,
    IntentState::Committed,
    IntentState::Processed,
    IntentState::Failed,
];

fn insert(records: impl IntoIterator<Item = IntentRecord>) -> Vec<RowChange> {
    records.into_iter().map(RowChange::InsertIntent).collect()
}

fn to_state(n: u8, state: IntentState) -> RowChange {
    RowChange::SetIntent { id: IntentId([n; 16]), state, payload: None, attempts: 0, error: None }
}

fn ids(records: &[IntentRecord]) -> Vec<u8> {
    records.iter().map(|record| record.id.0[0]).collect()
}

/// Each kind, and with nothing and everything optional.
pub async fn intents_come_back_whole(stores: Stores) {
    let store = stores.open().await;
    let full = IntentRecord {
        intent: Intent::SendMessage { envelope: vec![0, 255, 1] },
        state: IntentState::Committed,
        payload: Some(payload(true)),
        message_id: Some(message_id(1)),
        should_push: true,
        attempts: u32::MAX,
        error: Some(TEXT.to_owned()),
        ..intent(1, group(1))
    };
    let kinds = [
        Intent::SendMessage { envelope: Vec::new() },
        Intent::UpdateMetadata { field: TEXT.to_owned(), value: String::new() },
        Intent::UpdateMembership { add: vec![inbox(3)], remove: vec![inbox(4), inbox(2)] },
        Intent::UpdateMembership { add: Vec::new(), remove: Vec::new() },
    ];
    let records: Vec<_> = [full, intent(2, group(1))]
        .into_iter()
        .chain(
            kinds.into_iter().zip(3..).map(|(kind, n)| IntentRecord { intent: kind, ..intent(n, group(1)) }),
        )
        .chain([IntentRecord { payload: Some(payload(false)), ..intent(20, group(1)) }])
        .chain(STATES.into_iter().zip(30..).map(|(state, n)| IntentRecord { state, ..intent(n, group(2)) }))
        .collect();
    assert_eq!(put(&store, insert(records.clone())).await, FeedPosition(0));
    for record in records {
        assert_eq!(store.intent(record.id).await.unwrap(), Some(record));
    }
    assert_eq!(store.intent(IntentId([99; 16])).await.unwrap(), None);
}

/// Only what belongs to the progress changes, and a payload is removed when none is given.
pub async fn intents_move_on(stores: Stores) {
    let store = stores.open().await;
    put(&store, insert([intent(1, group(1)), intent(2, group(1))])).await;
    let steps = [
        (IntentState::Published, Some(payload(true)), 1, None),
        (IntentState::ToPublish, None, 2, None),
        (IntentState::Published, Some(payload(false)), 3, None),
        (IntentState::Failed, None, u32::MAX, Some(TEXT.to_owned())),
    ];
    for (state, payload, attempts, error) in steps {
        let id = IntentId([1; 16]);
        let change =
            RowChange::SetIntent { id, state, payload: payload.clone(), attempts, error: error.clone() };
        put(&store, vec![change]).await;
        let expected = IntentRecord { state, payload, attempts, error, ..intent(1, group(1)) };
        assert_eq!(store.intent(id).await.unwrap(), Some(expected));
    }
    // An unknown one is passed over, and others stay as they are.
    put(&store, vec![to_state(9, IntentState::Failed)]).await;
    assert_eq!(store.intent(IntentId([9; 16])).await.unwrap(), None);
    assert_eq!(store.intent(IntentId([2; 16])).await.unwrap(), Some(intent(2, group(1))));
}

/// The first one stays.
pub async fn an_intent_is_inserted_once(stores: Stores) {
    let store = stores.open().await;
    let other = IntentRecord { attempts: 5, ..intent(1, group(2)) };
    put(&store, insert([intent(1, group(1)), other.clone()])).await;
    put(&store, insert([other])).await;
    assert_eq!(store.open_intents(group(1)).await.unwrap(), [intent(1, group(1))]);
    assert!(store.open_intents(group(2)).await.unwrap().is_empty());
}

/// The order is that of storing, whatever the ids and times; moving on does not change it (R-STO-010).
pub async fn open_intents_keep_their_order_and_leave_settled_ones_out(stores: Stores) {
    let store = stores.open().await;
    put(&store, insert([5, 3, 8].map(|n| intent(n, group(2))))).await;
    put(&store, insert([intent(7, group(1)), intent(1, group(2)), intent(6, group(3))])).await;
    assert_eq!(ids(&store.open_intents(group(2)).await.unwrap()), [5, 3, 8, 1]);
    assert_eq!(store.groups_with_open_intents().await.unwrap(), [group(1), group(2), group(3)]);
    let rows = vec![
        to_state(5, IntentState::Published),
        to_state(3, IntentState::Processed),
        to_state(8, IntentState::Committed),
        to_state(7, IntentState::Failed),
    ];
    put(&store, rows).await;
    assert_eq!(ids(&store.open_intents(group(2)).await.unwrap()), [5, 8, 1]);
    assert!(store.open_intents(group(1)).await.unwrap().is_empty());
    assert_eq!(store.groups_with_open_intents().await.unwrap(), [group(2), group(3)]);
}
