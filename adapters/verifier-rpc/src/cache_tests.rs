use std::time::Duration;

use hexmtp_domain::identity::EthereumAddress;
use tokio::time::advance;

use crate::cache::{VerdictCache, VerdictKey};

const SPAN: Duration = Duration::from_secs(10);

fn account(digit: char) -> EthereumAddress {
    EthereumAddress::parse(&format!("0x{}", digit.to_string().repeat(40))).unwrap()
}

fn key(block: u64) -> VerdictKey {
    VerdictKey::new(1, &account('a'), &[1; 32], b"signature", block)
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_about_all_that_was_asked() {
    let mut cache = VerdictCache::new(10, SPAN);
    cache.put(key(5), true);
    assert_eq!(cache.get(&key(5)), Some(true));
    for other in [
        VerdictKey::new(2, &account('a'), &[1; 32], b"signature", 5),
        VerdictKey::new(1, &account('b'), &[1; 32], b"signature", 5),
        VerdictKey::new(1, &account('a'), &[2; 32], b"signature", 5),
        VerdictKey::new(1, &account('a'), &[1; 32], b"signaturf", 5),
        VerdictKey::new(1, &account('a'), &[1; 32], b"", 5),
        key(6),
    ] {
        assert_eq!(cache.get(&other), None);
    }
}

#[tokio::test(start_paused = true)]
async fn verdicts_go_when_their_time_is_over() {
    let mut cache = VerdictCache::new(10, SPAN);
    cache.put(key(1), false);
    advance(SPAN / 2).await;
    cache.put(key(2), true);
    // To be asked for again does not prolong anything.
    cache.put(key(1), true);
    assert_eq!((cache.get(&key(1)), cache.get(&key(2))), (Some(false), Some(true)));
    advance(SPAN / 2).await;
    assert_eq!((cache.get(&key(1)), cache.get(&key(2))), (None, Some(true)));
    cache.put(key(1), true);
    assert_eq!(cache.get(&key(1)), Some(true));
    advance(SPAN).await;
    assert_eq!((cache.get(&key(1)), cache.get(&key(2))), (None, None));
}

#[tokio::test(start_paused = true)]
async fn no_more_are_kept_than_there_is_room_for() {
    let mut cache = VerdictCache::new(3, SPAN);
    for block in 1..=5 {
        cache.put(key(block), true);
    }
    let kept: Vec<u64> = (1..=5).filter(|block| cache.get(&key(*block)).is_some()).collect();
    assert_eq!(kept, [3, 4, 5]);
    let mut none = VerdictCache::new(0, SPAN);
    none.put(key(1), true);
    assert_eq!(none.get(&key(1)), None);
    let mut endless = VerdictCache::new(1, Duration::MAX);
    endless.put(key(1), true);
    assert_eq!(endless.get(&key(1)), None, "a span without an end is no span");
}
