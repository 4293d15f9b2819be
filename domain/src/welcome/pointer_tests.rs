//! Welcome pointers.

use hexmtp_proto::xmtp::mls::message_contents as wire;
use proptest::prelude::*;
use prost::Message;

use super::pointer::{PointerSecrets, WelcomePointer, WelcomePointerError};
use crate::captured::hostile;
use crate::secret::Secret;
use crate::topic::WelcomeDestination;

fn pointer() -> WelcomePointer {
    WelcomePointer {
        destination: WelcomeDestination::new([1; 32]),
        secrets: PointerSecrets {
            key: Secret::new(vec![2; 32]),
            data_nonce: [3; 12],
            metadata_nonce: [4; 12],
        },
    }
}

/// The bytes of a pointer with one field changed.
fn changed(change: impl FnOnce(&mut wire::welcome_pointer::WelcomeV1Pointer)) -> Vec<u8> {
    let mut v1 = wire::welcome_pointer::WelcomeV1Pointer {
        destination: vec![1; 32],
        aead_type: 3,
        encryption_key: vec![2; 32],
        data_nonce: vec![3; 12],
        welcome_metadata_nonce: vec![4; 12],
    };
    change(&mut v1);
    let version = Some(wire::welcome_pointer::Version::WelcomeV1Pointer(v1));
    wire::WelcomePointer { version }.encode_to_vec()
}

/// R-WEL-101
#[test]
fn a_pointer_is_written_field_by_field() {
    let fields = [
        vec![0x0a, 32],
        vec![1; 32],
        vec![0x10, 3],
        vec![0x1a, 32],
        vec![2; 32],
        vec![0x22, 12],
        vec![3; 12],
        vec![0x2a, 12],
        vec![4; 12],
    ]
    .concat();
    let bytes = [vec![0x0a, u8::try_from(fields.len()).unwrap()], fields].concat();
    assert_eq!(pointer().encode().expose(), bytes);
    assert_eq!(WelcomePointer::decode(&bytes), Ok(pointer()));
}

/// R-WEL-101
#[test]
fn only_version_1_with_chacha20_poly1305_and_exact_lengths_is_followed() {
    assert_eq!(WelcomePointer::decode(&changed(|_| ())), Ok(pointer()));
    assert_eq!(WelcomePointer::decode(&[]), Err(WelcomePointerError::NoVersion));
    assert_eq!(WelcomePointer::decode(&[0x12, 0]), Err(WelcomePointerError::NoVersion), "version 2");
    assert_eq!(WelcomePointer::decode(&[0xff]), Err(WelcomePointerError::Malformed));
    for number in [i32::MIN, -1, 0, 1, 2, 4, i32::MAX] {
        let bytes = changed(|v1| v1.aead_type = number);
        assert_eq!(WelcomePointer::decode(&bytes), Err(WelcomePointerError::UnknownAlgorithm { number }));
    }
    for actual in 0..40 {
        let length = |field, expected| match actual == expected {
            true => Ok(()),
            false => Err(WelcomePointerError::Length { field, expected, actual }),
        };
        let read = |bytes: Vec<u8>| WelcomePointer::decode(&bytes).map(|_| ());
        let bytes = vec![9; actual];
        assert_eq!(read(changed(|v1| v1.destination = bytes.clone())), length("destination", 32));
        assert_eq!(read(changed(|v1| v1.encryption_key = bytes.clone())), length("encryption key", 32));
        assert_eq!(read(changed(|v1| v1.data_nonce = bytes.clone())), length("data nonce", 12));
        assert_eq!(read(changed(|v1| v1.welcome_metadata_nonce = bytes)), length("metadata nonce", 12));
    }
}

#[test]
fn the_key_is_not_shown() {
    let shown = format!("{:?}", pointer());
    assert!(shown.contains("Secret(32 bytes)"), "{shown}");
    assert!(!shown.contains("2, 2"), "{shown}");
}

proptest! {
    #[test]
    fn pointers_survive_their_bytes(destination: [u8; 32], key: [u8; 32], nonces: ([u8; 12], [u8; 12])) {
        let pointer = WelcomePointer {
            destination: WelcomeDestination::new(destination),
            secrets: PointerSecrets { key: Secret::from(key), data_nonce: nonces.0, metadata_nonce: nonces.1 },
        };
        prop_assert_eq!(WelcomePointer::decode(pointer.encode().expose()), Ok(pointer));
    }

    #[test]
    fn hostile_pointers_are_read_or_refused(bytes in hostile(pointer().encode().expose().to_vec())) {
        if let Ok(pointer) = WelcomePointer::decode(&bytes) {
            prop_assert_eq!(WelcomePointer::decode(pointer.encode().expose()), Ok(pointer));
        }
    }
}
