//! Identifiers, and payload hashes of captured messages.

use proptest::prelude::*;

use crate::captured::{group_messages, unhex};
use crate::ids::{Epoch, GroupId, IdError, InboxId, InstallationId, MessageId, PayloadHash};

#[test]
fn text_of_an_id_is_lower_case_hex_of_its_length() {
    let text = "000102030405060708090a0b0c0d0e0f";
    let id: GroupId = text.parse().unwrap();
    assert_eq!(id.to_string(), text);
    assert_eq!(format!("{id:?}"), format!("GroupId({text})"));
    assert_eq!(id.as_bytes()[15], 15);

    assert_eq!(text.to_uppercase().parse::<GroupId>(), Err(IdError::NotHex { kind: "a group id" }));
    for malformed in ["0x0102030405060708090a0b0c0d0e0f00", " 00102030405060708090a0b0c0d0e0f", "é"] {
        assert_eq!(malformed.parse::<GroupId>(), Err(IdError::NotHex { kind: "a group id" }), "{malformed}");
    }
    for length in [0, 1, 30, 31, 33, 34, 64] {
        let digits = "0".repeat(length);
        let error = IdError::Length { kind: "a group id", expected: 16, actual: length / 2 };
        assert_eq!(digits.parse::<GroupId>(), Err(error), "{length}");
    }
}

#[test]
fn ids_take_exactly_their_number_of_bytes() {
    for length in 0..40 {
        let bytes = vec![7; length];
        assert_eq!(GroupId::from_slice(&bytes).is_ok(), length == 16, "{length}");
        assert_eq!(InboxId::from_slice(&bytes).is_ok(), length == 32, "{length}");
        assert_eq!(InstallationId::from_slice(&bytes).is_ok(), length == 32, "{length}");
        assert_eq!(MessageId::from_slice(&bytes).is_ok(), length == 32, "{length}");
    }
}

/// R-MSG-003
#[test]
fn payload_hashes_equal_the_captured_ones() {
    let messages = group_messages();
    assert_eq!(messages.len(), 50);
    for message in messages {
        let hash = PayloadHash::of(&unhex(&message["data"]));
        assert_eq!(hash.to_string(), message["payload_hash_sha256"].as_str().unwrap());
    }
}

#[test]
fn epochs_are_written_as_numbers() {
    assert_eq!(Epoch(u64::MAX).to_string(), "18446744073709551615");
}

proptest! {
    #[test]
    fn ids_survive_text_and_bytes(bytes: [u8; 32]) {
        let id = InboxId::new(bytes);
        prop_assert_eq!(id.to_string().parse::<InboxId>(), Ok(id));
        prop_assert_eq!(InboxId::from_slice(&id.to_vec()), Ok(id));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        if let Ok(id) = text.parse::<InboxId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
