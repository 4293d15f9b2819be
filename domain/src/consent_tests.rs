//! Consent.

use proptest::prelude::*;

use crate::consent::{ConsentEntity, ConsentRecord, ConsentState};
use crate::ids::{GroupId, InboxId};
use crate::time::Timestamp;

const STATES: [ConsentState; 3] = [ConsentState::Unknown, ConsentState::Allowed, ConsentState::Denied];

fn record(entity: ConsentEntity, state: ConsentState, at: i64) -> ConsentRecord {
    ConsentRecord { entity, state, at: Timestamp::from_nanos(at) }
}

/// R-MSG-014
#[test]
fn the_newer_decision_wins_whatever_it_says() {
    let entity = ConsentEntity::Inbox(InboxId::new([1; 32]));
    for earlier in STATES {
        for later in STATES {
            assert!(record(entity, later, 2).supersedes(&record(entity, earlier, 1)));
            assert!(!record(entity, later, 1).supersedes(&record(entity, earlier, 2)));
            assert!(
                !record(entity, later, 1).supersedes(&record(entity, earlier, 1)),
                "a tie changes nothing"
            );
        }
    }
}

#[test]
fn decisions_about_others_do_not_matter() {
    let conversation = ConsentEntity::Conversation(GroupId::new([1; 16]));
    let inbox = ConsentEntity::Inbox(InboxId::new([1; 32]));
    assert!(!record(inbox, ConsentState::Denied, 9).supersedes(&record(
        conversation,
        ConsentState::Allowed,
        1
    )));
}

#[test]
fn states_and_entities_are_stored_as_numbers() {
    assert_eq!(STATES.map(ConsentState::to_stored), [0, 1, 2]);
    for number in i16::MIN..=i16::MAX {
        let state = ConsentState::from_stored(number);
        assert_eq!(state.is_some(), (0..=2).contains(&number));
        assert!(state.is_none_or(|state| state.to_stored() == number));
    }
    assert_eq!(ConsentState::default(), ConsentState::Unknown);

    let group = GroupId::new([1; 16]);
    let inbox = InboxId::new([2; 32]);
    assert_eq!(ConsentEntity::from_stored(1, group.as_ref()), Some(ConsentEntity::Conversation(group)));
    assert_eq!(ConsentEntity::from_stored(2, inbox.as_ref()), Some(ConsentEntity::Inbox(inbox)));
    assert_eq!(ConsentEntity::from_stored(1, inbox.as_ref()), None);
    assert_eq!(ConsentEntity::from_stored(2, group.as_ref()), None);
    assert_eq!(ConsentEntity::from_stored(0, inbox.as_ref()), None);
}

proptest! {
    #[test]
    fn stored_entities_are_read_the_same(bytes: [u8; 32]) {
        for entity in [
            ConsentEntity::Inbox(InboxId::new(bytes)),
            ConsentEntity::Conversation(GroupId::from_slice(&bytes[..16]).unwrap()),
        ] {
            let stored = ConsentEntity::from_stored(entity.kind_to_stored(), entity.id_bytes());
            prop_assert_eq!(stored, Some(entity));
        }
    }
}
