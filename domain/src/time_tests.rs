//! Timestamps.

use std::time::Duration;

use proptest::prelude::*;

use crate::time::Timestamp;

/// R-TOP-006
#[test]
fn text_is_utc_with_whole_seconds_rounded_down() {
    for (nanos, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_704_164_645_999_999_999, "2024-01-02T03:04:05Z"),
        (1_709_164_800_000_000_000, "2024-02-29T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (i64::MAX, "2262-04-11T23:47:16Z"),
        (i64::MIN, "1677-09-21T00:12:43Z"),
    ] {
        assert_eq!(Timestamp::from_nanos(nanos).to_rfc3339_seconds(), text);
        assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
    }
}

#[test]
fn sums_stay_within_what_can_be_written() {
    let latest = Timestamp::from_nanos(i64::MAX);
    assert_eq!(latest.plus(Duration::from_nanos(1)), latest);

    assert_eq!(Timestamp::ZERO.plus(Duration::from_secs(5)).as_nanos(), 5_000_000_000);
    assert_eq!(latest.since(Timestamp::from_nanos(i64::MIN)), Duration::from_nanos(i64::MAX.unsigned_abs()));
}

#[test]
fn times_before_the_epoch_have_no_unsigned_form() {
    assert_eq!(Timestamp::from_nanos(-5).as_unsigned_nanos(), 0);
    assert_eq!(Timestamp::from_nanos(5).as_unsigned_nanos(), 5);
    assert_eq!(Timestamp::from_nanos(-1).as_seconds(), -1);
}

proptest! {
    #[test]
    fn every_time_has_a_text(nanos: i64) {
        let text = Timestamp::from_nanos(nanos).to_rfc3339_seconds();
        prop_assert_eq!(text.len(), "1970-01-01T00:00:00Z".len());
        prop_assert!(text.ends_with('Z'));
    }

    #[test]
    fn a_span_is_what_was_added(start in 0..i64::MAX / 2, span in 0..u64::MAX / 4) {
        let start = Timestamp::from_nanos(start);
        let end = start.plus(Duration::from_nanos(span));
        prop_assert_eq!(end.since(start), Duration::from_nanos(span));
        prop_assert_eq!(start.since(end), Duration::ZERO);
        prop_assert!(end >= start);
    }
}
