//! Welcome metadata.

use proptest::prelude::*;

use super::metadata::{WelcomeMetadata, WelcomeMetadataError};
use crate::captured::{hostile, protocol, unhex};
use crate::cursor::SequenceId;

/// R-WEL-102
#[test]
fn metadata_hold_the_cursor_of_the_commit() {
    let metadata = WelcomeMetadata { message_cursor: SequenceId(12_345) };
    let bytes = unhex(&protocol()["welcome_xwing"]["metadata_plaintext"]);
    assert_eq!(WelcomeMetadata::decode(&bytes), Ok(Some(metadata)));
    assert_eq!(metadata.encode(), bytes);
}

/// R-WEL-102
#[test]
fn absent_metadata_are_no_error() {
    assert_eq!(WelcomeMetadata::decode(&[]), Ok(None));
    assert_eq!(WelcomeMetadata::decode(&[0xff]), Err(WelcomeMetadataError));
    assert_eq!(WelcomeMetadataError.code(), "welcome.malformed_metadata");
}

proptest! {
    #[test]
    fn hostile_metadata_are_read_or_refused(
        bytes in (1..u64::MAX)
            .prop_flat_map(|id| hostile(WelcomeMetadata { message_cursor: SequenceId(id) }.encode()))
    ) {
        if let Ok(Some(metadata)) = WelcomeMetadata::decode(&bytes) {
            let expected = (metadata.message_cursor != SequenceId(0)).then_some(metadata);
            prop_assert_eq!(WelcomeMetadata::decode(&metadata.encode()), Ok(expected));
        }
    }
}
