use proptest::prelude::*;

use crate::framing::{FramingError, classify, key_package_owner};
use crate::{GroupId, InstallationId, Originator};

const GROUP: GroupId = GroupId::new([7; 16]);

/// A private message by its parts: version, wire format, group, content type, what follows.
fn message(version: u8, format: u8, group: &[u8], content_type: u8, rest: &[u8]) -> Vec<u8> {
    let length = u8::try_from(group.len()).unwrap();
    let head = [&[0, version, 0, format, length][..], group, &[0; 8], &[content_type]].concat();
    [&head[..], rest].concat()
}

/// No authenticated data, one byte of sender data, two of ciphertext.
const REST: [u8; 6] = [0, 1, 9, 2, 9, 9];

/// R-NET-001
#[test]
fn commits_are_numbered_apart_from_everything_else() {
    let classes = [
        (1, Originator::APPLICATION_MESSAGES),
        (2, Originator::APPLICATION_MESSAGES),
        (3, Originator::COMMITS),
    ];
    for (content_type, originator) in classes {
        assert_eq!(classify(GROUP, &message(1, 2, GROUP.as_bytes(), content_type, &REST)), Ok(originator));
    }
}

/// R-NET-002
#[test]
fn what_is_not_a_private_message_of_the_group_is_refused() {
    let group = GROUP.as_bytes();
    let table = [
        (message(2, 2, group, 1, &REST), FramingError::Version),
        (message(1, 1, group, 1, &REST), FramingError::NotPrivate),
        (message(1, 3, group, 1, &REST), FramingError::NotPrivate),
        (message(1, 2, &[8; 16], 1, &REST), FramingError::OtherGroup),
        (message(1, 2, &[7; 15], 1, &REST), FramingError::OtherGroup),
        (message(1, 2, group, 0, &REST), FramingError::ContentType),
        (message(1, 2, group, 4, &REST), FramingError::ContentType),
        (message(1, 2, group, 1, &[0, 1, 9, 2, 9, 9, 0]), FramingError::Trailing),
        (message(1, 2, group, 1, &[0x40, 0, 1, 9, 2, 9, 9]), FramingError::Length),
        (message(1, 2, group, 1, &[0xc0, 0, 0, 0, 0, 0, 0, 0]), FramingError::Length),
        (message(1, 2, group, 1, &[0xbf, 0xff, 0xff, 0xff]), FramingError::Truncated),
        (Vec::new(), FramingError::Truncated),
    ];
    for (bytes, error) in table {
        assert_eq!(classify(GROUP, &bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn no_shortened_message_passes() {
    let whole = message(1, 2, GROUP.as_bytes(), 3, &REST);
    for end in 0..whole.len() {
        assert_eq!(classify(GROUP, &whole[..end]), Err(FramingError::Truncated), "{end}");
    }
}

#[test]
fn vectors_of_every_length_form_are_read() {
    for (length, prefix) in [
        (63_usize, vec![63]),
        (64, vec![0x40, 64]),
        (16_383, vec![0x7f, 0xff]),
        (16_384, vec![0x80, 0, 0x40, 0]),
    ] {
        let rest = [&[0, 0][..], &prefix, &vec![1; length]].concat();
        let bytes = message(1, 2, GROUP.as_bytes(), 1, &rest);
        assert_eq!(classify(GROUP, &bytes), Ok(Originator::APPLICATION_MESSAGES), "{length}");
    }
}

/// R-NET-003
#[test]
fn a_key_package_belongs_to_the_signature_key_of_its_leaf() {
    let package = [&[0, 1, 0, 3, 1, 5, 2, 6, 6, 32][..], &[4; 32], &[1, 2, 3]].concat();
    assert_eq!(key_package_owner(&package), Ok(InstallationId::new([4; 32])));
    for end in 0..package.len() - 3 {
        assert_eq!(key_package_owner(&package[..end]), Err(FramingError::Truncated), "{end}");
    }
    let short = [&[0, 1, 0, 3, 0, 0, 31][..], &[4; 32]].concat();
    assert_eq!(key_package_owner(&short), Err(FramingError::SignatureKey));
    assert_eq!(key_package_owner(&[0, 2, 0, 3]), Err(FramingError::Version));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = classify(GROUP, &bytes);
        let _ = key_package_owner(&bytes);
    }

    #[test]
    fn mutated_messages_never_panic(place in 0_usize..34, byte in any::<u8>()) {
        let mut bytes = message(1, 2, GROUP.as_bytes(), 3, &REST);
        bytes[place] = byte;
        let _ = classify(GROUP, &bytes);
    }
}
