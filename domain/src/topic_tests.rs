//! Topics.

use proptest::prelude::*;

use crate::captured::{hostile, protocol, unhex};
use crate::ids::{GroupId, InboxId, InstallationId};
use crate::topic::{Topic, TopicError};

/// R-TOP-001
#[test]
fn topics_are_a_kind_byte_and_an_identifier() {
    let vectors = &protocol()["topics"];
    for (name, make) in [
        ("group", (|id| Topic::Group(GroupId::from_slice(id).unwrap())) as fn(&[u8]) -> Topic),
        ("welcome", |id| Topic::Welcome(InstallationId::from_slice(id).unwrap())),
        ("identity", |id| Topic::Identity(InboxId::from_slice(id).unwrap())),
        ("key_package", |id| Topic::KeyPackage(InstallationId::from_slice(id).unwrap())),
    ] {
        let bytes = unhex(&vectors[name]);
        let topic = make(&bytes[1..]);
        assert_eq!(topic.to_bytes(), bytes, "{name}");
        assert_eq!(Topic::from_bytes(&bytes), Ok(topic), "{name}");
        assert_eq!(topic.to_string(), vectors[name].as_str().unwrap());
    }
}

/// R-TOP-002
#[test]
fn topics_of_other_kinds_and_lengths_are_refused() {
    assert_eq!(Topic::from_bytes(&[]), Err(TopicError::UnknownKind));
    for kind in 4..=u8::MAX {
        assert_eq!(Topic::from_bytes(&[vec![kind], vec![0; 32]].concat()), Err(TopicError::UnknownKind));
    }
    for (kind, length) in [(0, 16), (1, 32), (2, 32), (3, 32)] {
        for actual in 0..40 {
            let bytes = [vec![kind], vec![0; actual]].concat();
            assert_eq!(Topic::from_bytes(&bytes).is_ok(), actual == length, "{kind} {actual}");
        }
    }
}

proptest! {
    #[test]
    fn bytes_read_as_a_topic_are_written_the_same(
        bytes in hostile(Topic::Group(GroupId::new([9; 16])).to_bytes())
    ) {
        if let Ok(topic) = Topic::from_bytes(&bytes) {
            prop_assert_eq!(topic.to_bytes(), bytes);
        }
    }
}
