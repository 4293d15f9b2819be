//! Watermarks, cursors of several topics, iced envelopes, the network's move.

use hexmtp_domain::{Topic, VectorClock};
use hexmtp_ports::store::{CutoverRecord, FeedPosition, IcedEnvelope, RowChange, Watermark};

use super::samples::{LARGEST, at, group, inbox, installation, place};
use super::samples_work::{iced, place_of};
use super::{Stores, put};

/// Nothing for topics that were not read, and what is asked for twice comes twice.
pub async fn cursors_come_in_the_order_asked(stores: Stores) {
    let store = stores.open().await;
    let topics = [Topic::Group(group(1)), Topic::Welcome(installation(1)), Topic::Group(group(3))];
    let advance = |topic, cursor| RowChange::AdvanceCursor { topic, cursor };
    let rows = vec![
        advance(topics[0], place_of(0, 4)),
        advance(topics[1], place(5)),
        advance(topics[0], place_of(11, 1)),
        advance(topics[0], place_of(0, 6)),
    ];
    put(&store, rows).await;
    let first = VectorClock::from_iter([place_of(0, 6), place_of(11, 1)]);
    let second = VectorClock::from_iter([place(5)]);
    let asked = [topics[1], topics[2], topics[0], topics[1]];
    let expected = [second.clone(), VectorClock::new(), first.clone(), second];
    assert_eq!(store.cursors(&asked).await.unwrap(), expected);
    assert!(store.cursors(&[]).await.unwrap().is_empty());
    assert_eq!(store.cursors(&vec![topics[0]; 1500]).await.unwrap(), vec![first; 1500]);
}

/// Neither within a change set nor between two; each mark of each group for itself (R-STO-319).
pub async fn a_watermark_never_moves_back(stores: Stores) {
    let store = stores.open().await;
    let marks = |n| {
        [
            Watermark::CommitLogPublished(group(n)),
            Watermark::CommitLogRead(group(n)),
            Watermark::LocalCommitsCompared(group(n)),
            Watermark::RemoteCommitsCompared(group(n)),
        ]
    };
    let advance = |mark, to| RowChange::AdvanceWatermark { mark, to };
    for (mark, number) in marks(1).into_iter().zip([10, 20, 30, 40]) {
        assert_eq!(store.watermark(mark).await.unwrap(), 0);
        put(&store, vec![advance(mark, 3), advance(mark, number), advance(mark, 5)]).await;
        assert_eq!(store.watermark(mark).await.unwrap(), number);
        put(&store, vec![advance(mark, number - 1), advance(mark, 0)]).await;
    }
    let mut found = Vec::new();
    for mark in marks(1).into_iter().chain(marks(2)) {
        found.push(store.watermark(mark).await.unwrap());
    }
    assert_eq!(found, [10, 20, 30, 40, 0, 0, 0, 0]);
    put(&store, vec![advance(marks(2)[3], LARGEST)]).await;
    assert_eq!(store.watermark(marks(2)[3]).await.unwrap(), LARGEST);
    assert_eq!(store.watermark(marks(1)[3]).await.unwrap(), 40);
}

/// In the order of their cursors, by topic; the first one of a place stays (R-STO-320).
pub async fn iced_envelopes_wait_until_they_are_thawed(stores: Stores) {
    let store = stores.open().await;
    let topics = [Topic::Group(group(1)), Topic::Welcome(installation(1)), Topic::Identity(inbox(1))];
    let [here, other, third] = topics;
    let whole = IcedEnvelope {
        envelope: vec![7; 100_000],
        since: at(i64::MAX),
        ..iced(here, place_of(u32::MAX, LARGEST), &[place_of(0, 0), place_of(u32::MAX, LARGEST - 1)])
    };
    let nothing = IcedEnvelope { envelope: Vec::new(), ..iced(here, place_of(3, 1), &[]) };
    let given = [
        iced(here, place_of(5, 2), &[place_of(5, 1), place_of(3, 9)]),
        whole.clone(),
        iced(other, place_of(5, 2), &[place_of(5, 1)]),
        nothing.clone(),
        iced(here, place_of(5, 1), &[place_of(3, 9)]),
        IcedEnvelope { envelope: b"late".to_vec(), ..iced(here, place_of(5, 1), &[place_of(9, 9)]) },
    ];
    assert_eq!(put(&store, given.clone().map(RowChange::Ice).to_vec()).await, FeedPosition(0));
    put(&store, vec![RowChange::Ice(iced(here, place_of(3, 1), &[place_of(9, 9)]))]).await;
    let all = [nothing.clone(), given[4].clone(), given[0].clone(), whole];
    assert_eq!(store.iced(here).await.unwrap(), all);
    assert_eq!(store.iced(other).await.unwrap(), given[2..3]);
    assert!(store.iced(third).await.unwrap().is_empty());
    let thaw = |topic, cursor| RowChange::Thaw { topic, cursor };
    put(&store, vec![thaw(here, place_of(5, 1)), thaw(third, place_of(5, 2)), thaw(here, place_of(5, 3))])
        .await;
    assert_eq!(store.iced(here).await.unwrap(), [all[0].clone(), all[2].clone(), all[3].clone()]);
    assert_eq!(store.iced(other).await.unwrap(), given[2..3]);
    // What was thawed can be iced anew, and has forgotten what it depended on.
    put(&store, vec![RowChange::Ice(iced(here, place_of(5, 1), &[place_of(1, 1)]))]).await;
    assert!(store.iced_behind(here, place_of(3, 9)).await.unwrap().iter().all(|iced| *iced == given[0]));
}

/// Exactly the place: neither a later number nor another originator, and no other topic (R-STO-321).
pub async fn iced_envelopes_are_found_by_what_they_depend_on(stores: Stores) {
    let store = stores.open().await;
    let (here, other) = (Topic::Group(group(1)), Topic::KeyPackage(installation(1)));
    let both = iced(here, place_of(5, 3), &[place_of(5, 2), place_of(3, 9), place_of(5, 2)]);
    let one = iced(here, place_of(4, 8), &[place_of(3, 9)]);
    let elsewhere = iced(other, place_of(5, 3), &[place_of(3, 9)]);
    let rows = [both.clone(), one.clone(), elsewhere.clone(), iced(here, place_of(1, 1), &[])];
    put(&store, rows.map(RowChange::Ice).to_vec()).await;
    let cases = [
        (here, place_of(3, 9), vec![one.clone(), both.clone()]),
        (here, place_of(5, 2), vec![both.clone()]),
        (other, place_of(3, 9), vec![elsewhere]),
        (other, place_of(5, 2), vec![]),
        (here, place_of(5, 3), vec![]),
        (here, place_of(3, 10), vec![]),
        (here, place_of(3, 8), vec![]),
        (here, place_of(2, 9), vec![]),
    ];
    for (topic, cursor, expected) in cases {
        assert_eq!(store.iced_behind(topic, cursor).await.unwrap(), expected, "{topic:?} {cursor:?}");
    }
    put(&store, vec![RowChange::Thaw { topic: here, cursor: place_of(5, 3) }]).await;
    assert_eq!(store.iced_behind(here, place_of(3, 9)).await.unwrap(), [one]);
    assert!(store.iced_behind(here, place_of(5, 2)).await.unwrap().is_empty());
}

/// What was put last counts, whatever it says.
pub async fn the_cutover_is_put_and_replaced(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(store.cutover().await.unwrap(), None);
    let record = |time: Option<i64>, checked, moved| CutoverRecord {
        at: time.map(at),
        checked_at: at(checked),
        moved,
    };
    for cutover in [
        record(None, 0, false),
        record(Some(i64::MAX), i64::MIN, true),
        record(Some(i64::MIN), i64::MAX, false),
        record(None, -1, true),
    ] {
        assert_eq!(put(&store, vec![RowChange::PutCutover(cutover)]).await, FeedPosition(0));
        assert_eq!(store.cutover().await.unwrap(), Some(cutover));
        assert_eq!(stores.open().await.cutover().await.unwrap(), Some(cutover));
    }
}
