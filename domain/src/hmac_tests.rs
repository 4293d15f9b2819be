//! Sender HMACs.

use crate::captured::{database, group_id, nightly_group_messages, protocol, unhex};
use crate::hmac::{EPOCH_SECONDS, HmacError, epoch_key, epoch_of, sender_hmac};
use crate::ids::GroupId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A moment within the captured run; the whole run lies in one HMAC epoch.
const CAPTURED_AT: Timestamp = Timestamp::from_nanos(1_795_373_625_000_000_000);

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds * 1_000_000_000)
}

/// R-HMAC-001
#[test]
fn a_root_key_has_42_bytes() {
    let group = GroupId::new([0; 16]);
    for actual in (0..100).filter(|length| *length != 42) {
        let root = Secret::new(vec![1; actual]);
        let error = Err(HmacError::RootLength { actual });
        assert_eq!(sender_hmac(&root, group, CAPTURED_AT, b"data"), error);
    }
    assert_eq!(epoch_key(&Secret::new(vec![1; 42]), group, 0).map(|key| key.len()), Ok(42));
    assert_eq!(HmacError::RootLength { actual: 1 }.code(), "hmac.root_length");
}

/// R-HMAC-002
#[test]
fn an_epoch_lasts_30_days() {
    assert_eq!(EPOCH_SECONDS, 2_592_000);
    for (time, epoch) in [(0, 0), (2_591_999, 0), (2_592_000, 1), (1_704_164_645, 657), (-1, -1)] {
        assert_eq!(epoch_of(seconds(time)), epoch, "{time}");
    }
    assert_eq!(epoch_of(CAPTURED_AT), 692);
}

/// R-HMAC-003
#[test]
fn keys_and_hmacs_equal_the_vector() {
    let vector = &protocol()["sender_hmac"];
    let root = Secret::new(unhex(&vector["root_key"]));
    let group = group_id(&vector["group_id"]);
    let now = seconds(vector["unix_seconds"].as_i64().unwrap());
    assert_eq!(epoch_of(now), vector["epoch"].as_i64().unwrap());
    assert_eq!(epoch_key(&root, group, 657), Ok(Secret::new(unhex(&vector["epoch_key"]))));
    let hmac = sender_hmac(&root, group, now, &unhex(&vector["data"]));
    assert_eq!(hmac, Ok(unhex(&vector["sender_hmac"])));
}

/// R-HMAC-004
#[test]
fn hmacs_of_official_messages_are_those_of_their_senders() {
    let database = database();
    let roots = database["roots"].as_object().unwrap();
    let mut checked = 0;
    for message in nightly_group_messages() {
        let data = unhex(&message["data"]);
        let group = group_id(&message["group_id"]);
        let sent = unhex(&message["sender_hmac"]);
        let mine = |root: &serde_json::Value| {
            sender_hmac(&Secret::new(unhex(root)), group, CAPTURED_AT, &data) == Ok(sent.clone())
        };
        let owners: Vec<_> =
            roots.iter().filter(|(_, root)| mine(root)).map(|(name, _)| name.as_str()).collect();
        // One commit lost its race, and its sender's database has nothing more about it.
        let sender = message["sender_intent"]["client"].as_str().unwrap_or("alice");
        assert_eq!(owners, [sender], "{}", message["step"]);
        checked += 1;
    }
    assert_eq!(checked, 30);
}

#[test]
fn a_key_is_for_one_root_one_group_and_one_epoch() {
    let root = Secret::new(vec![1; 42]);
    let group = GroupId::new([1; 16]);
    let key = epoch_key(&root, group, 5).unwrap();
    assert_ne!(epoch_key(&Secret::new(vec![2; 42]), group, 5).unwrap(), key);
    assert_ne!(epoch_key(&root, GroupId::new([2; 16]), 5).unwrap(), key);
    assert_ne!(epoch_key(&root, group, 6).unwrap(), key);
}
