//! Cursors and vector clocks: the laws that reading a log rests on.

use proptest::prelude::*;

use crate::cursor::{Cursor, Originator, SequenceId, VectorClock};

fn cursor() -> impl Strategy<Value = Cursor> {
    (0..4_u32, 0..20_u64).prop_map(|(originator, id)| Cursor::new(Originator(originator), SequenceId(id)))
}

fn cursors() -> impl Strategy<Value = Vec<Cursor>> {
    proptest::collection::vec(cursor(), 0..12)
}

#[test]
fn an_empty_clock_has_seen_nothing() {
    let clock = VectorClock::new();
    assert_eq!(clock.highest(), SequenceId(0));
    assert!(!clock.covers(Cursor::new(Originator::COMMITS, SequenceId(1))));
    assert_eq!(clock.iter().count(), 0);
}

/// R-TOP-004
#[test]
fn the_v3_query_cursor_is_the_highest_over_all_originators() {
    let clock: VectorClock = [
        Cursor::new(Originator::APPLICATION_MESSAGES, SequenceId(8)),
        Cursor::new(Originator::COMMITS, SequenceId(11)),
    ]
    .into_iter()
    .collect();
    assert_eq!(clock.highest(), SequenceId(11));
    assert_eq!(clock.get(Originator::APPLICATION_MESSAGES), SequenceId(8));
    assert!(!clock.covers(Cursor::new(Originator::APPLICATION_MESSAGES, SequenceId(9))));
}

/// R-TOP-005
#[test]
fn each_v3_log_has_its_originator() {
    let numbers = [
        (Originator::COMMITS, 0),
        (Originator::IDENTITY, 1),
        (Originator::APPLICATION_MESSAGES, 10),
        (Originator::WELCOMES, 11),
        (Originator::KEY_PACKAGES, 13),
        (Originator::COMMIT_LOG, 100),
    ];
    for (originator, number) in numbers {
        assert_eq!(originator, Originator(number));
    }
}

proptest! {
    /// R-TOP-003
    #[test]
    fn a_clock_never_moves_back(seen in cursors(), next in cursor()) {
        let before: VectorClock = seen.iter().copied().collect();
        let mut after = before.clone();
        after.advance(next);
        prop_assert!(after.covers(next));
        prop_assert!(seen.iter().all(|cursor| after.covers(*cursor)));
        for originator in (0..4).map(Originator) {
            let expected = if originator == next.originator {
                before.get(originator).max(next.sequence_id)
            } else {
                before.get(originator)
            };
            prop_assert_eq!(after.get(originator), expected);
        }
    }

    #[test]
    fn the_order_of_reading_does_not_matter(seen in cursors().prop_shuffle(), more in cursors()) {
        let forth: VectorClock = seen.iter().chain(&more).copied().collect();
        let back: VectorClock = more.iter().rev().chain(seen.iter().rev()).chain(&seen).copied().collect();
        prop_assert_eq!(&forth, &back);
        prop_assert_eq!(forth.iter().collect::<VectorClock>(), forth.clone());
        prop_assert_eq!(forth.highest(), seen.iter().chain(&more).map(|c| c.sequence_id).max().unwrap_or_default());
    }
}
