//! Intents: every state with every event, and the stored form.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::captured::{group_messages, hostile, unhex};
use crate::group::permissions::{AccessPolicy, PermissionsPolicy, PolicyChange};
use crate::group::role_change::{RoleChange, RoleChangeKind};
use crate::ids::InboxId;
use crate::intent::{Intent, IntentDecodeError, IntentEvent, IntentId, IntentState, IntentTransitionError};
use crate::message::PlaintextEnvelope;

const STATES: [IntentState; 5] = [
    IntentState::ToPublish,
    IntentState::Published,
    IntentState::Committed,
    IntentState::Processed,
    IntentState::Failed,
];

const EVENTS: [IntentEvent; 7] = [
    IntentEvent::Staged,
    IntentEvent::NothingToDo,
    IntentEvent::Confirmed { welcomes: true },
    IntentEvent::Confirmed { welcomes: false },
    IntentEvent::LostRace,
    IntentEvent::WelcomesSent,
    IntentEvent::GaveUp,
];

/// R-INT-001
#[test]
fn every_state_meets_every_event_as_the_table_says() {
    use IntentState::{Committed, Failed, Processed, Published, ToPublish};
    // One row for each state, one column for each event, in the order of the two lists above.
    #[rustfmt::skip]
    let table = [
        [Some(Published), Some(Processed), None, None, None, None, Some(Failed)],
        [None, None, Some(Committed), Some(Processed), Some(ToPublish), None, Some(Failed)],
        [None, None, None, None, None, Some(Processed), Some(Failed)],
        [None; 7],
        [None; 7],
    ];
    for (state, row) in STATES.into_iter().zip(table) {
        for (event, expected) in EVENTS.into_iter().zip(row) {
            let expected = expected.ok_or(IntentTransitionError { state, event });
            assert_eq!(state.after(event), expected, "{state:?} {event:?}");
        }
    }
}

/// R-INT-002
#[test]
fn a_settled_intent_meets_no_event() {
    for state in STATES {
        let ends = EVENTS.into_iter().all(|event| state.after(event).is_err());
        assert_eq!(state.is_settled(), ends, "{state:?}");
    }
}

/// R-INT-003
#[test]
fn states_are_stored_as_numbers() {
    let numbers: Vec<_> = STATES.into_iter().map(IntentState::to_stored).collect();
    assert_eq!(numbers, [1, 2, 3, 5, 4]);
    for number in i16::MIN..=i16::MAX {
        let state = IntentState::from_stored(number);
        assert_eq!(state.is_some(), (1..=5).contains(&number));
        assert!(state.is_none_or(|state| state.to_stored() == number));
    }
}

/// R-INT-004
#[test]
fn captured_intents_are_read() {
    let mut kinds = [0; 7];
    for message in group_messages() {
        let intent = &message["sender_intent"];
        let Some(kind) = intent["kind"].as_i64() else { continue };
        let kind = i16::try_from(kind).unwrap();
        kinds[usize::try_from(kind).unwrap()] += 1;
        let decoded = Intent::decode(kind, &unhex(&intent["data"]));
        if (5..=6).contains(&kind) {
            // Written the same, too.
            assert_eq!(decoded.clone().unwrap().encode(), unhex(&intent["data"]));
        }
        match kind {
            1 => {
                let Ok(Intent::SendMessage { envelope }) = decoded else { panic!("{decoded:?}") };
                PlaintextEnvelope::decode(&envelope).unwrap();
            }
            2 => assert_eq!(decoded, Ok(Intent::KeyUpdate)),
            3 => assert!(matches!(decoded, Ok(Intent::UpdateMetadata { .. }))),
            4 => assert!(matches!(decoded, Ok(Intent::UpdateMembership { .. }))),
            5 => assert!(matches!(decoded, Ok(Intent::UpdateRoles(_)))),
            6 => assert!(matches!(decoded, Ok(Intent::UpdatePolicy(_)))),
            _ => panic!("kind {kind}"),
        }
    }
    assert!(kinds[1] > 20 && kinds[2] == 3 && kinds[3] == 3 && kinds[4] > 10, "{kinds:?}");
    assert_eq!(kinds[5..], [1, 1]);
}

#[test]
fn unknown_kinds_and_stray_data_are_refused() {
    for kind in [i16::MIN, -1, 0, 7, 99, 102, i16::MAX] {
        assert_eq!(Intent::decode(kind, &[]), Err(IntentDecodeError { kind }));
    }
    for kind in [2, 100] {
        assert_eq!(Intent::decode(kind, &[0]), Err(IntentDecodeError { kind }));
    }
    for kind in [1, 3, 4, 5, 6] {
        assert_eq!(Intent::decode(kind, &[]), Err(IntentDecodeError { kind }), "no version");
    }
}

#[test]
fn only_sending_a_message_needs_no_commit() {
    assert!(!Intent::SendMessage { envelope: vec![] }.is_commit());
    assert!(Intent::KeyUpdate.is_commit());
    assert!(Intent::UpdateMetadata { field: String::new(), value: String::new() }.is_commit());
    assert!(Intent::UpdateMembership { add: vec![], remove: vec![] }.is_commit());
    assert!(Intent::RemoveLeavers.is_commit());
    assert!(Intent::UpdateAttributes { values: BTreeMap::new() }.is_commit());
}

#[test]
fn an_intent_id_is_shown_in_hex() {
    assert_eq!(format!("{:?}", IntentId([0xab; 16])), format!("IntentId({})", "ab".repeat(16)));
}

fn role_kind() -> impl Strategy<Value = RoleChangeKind> {
    use RoleChangeKind::{AddAdmin, AddSuperAdmin, RemoveAdmin, RemoveSuperAdmin};
    prop_oneof![Just(AddAdmin), Just(RemoveAdmin), Just(AddSuperAdmin), Just(RemoveSuperAdmin)]
}

fn policy_change() -> impl Strategy<Value = PolicyChange> {
    use AccessPolicy::{Admin, Allow, Deny, SuperAdmin};
    let access = || prop_oneof![Just(Allow), Just(Deny), Just(Admin), Just(SuperAdmin)];
    let permissions = || {
        use PermissionsPolicy::{Admin, Deny, SuperAdmin};
        prop_oneof![Just(Deny), Just(Admin), Just(SuperAdmin)]
    };
    prop_oneof![
        access().prop_map(PolicyChange::AddMember),
        access().prop_map(PolicyChange::RemoveMember),
        permissions().prop_map(PolicyChange::AddAdmin),
        permissions().prop_map(PolicyChange::RemoveAdmin),
        (any::<String>(), access())
            .prop_map(|(field, policy)| PolicyChange::UpdateMetadata { field, policy }),
    ]
}

fn intent() -> impl Strategy<Value = Intent> {
    let inboxes = || {
        proptest::collection::btree_set(any::<[u8; 32]>().prop_map(InboxId::new), 0..5)
            .prop_map(|set| set.into_iter().collect::<Vec<_>>())
    };
    prop_oneof![
        any::<Vec<u8>>().prop_map(|envelope| Intent::SendMessage { envelope }),
        Just(Intent::KeyUpdate),
        Just(Intent::RemoveLeavers),
        (any::<String>(), any::<String>()).prop_map(|(field, value)| Intent::UpdateMetadata { field, value }),
        (inboxes(), inboxes()).prop_map(|(add, remove)| Intent::UpdateMembership { add, remove }),
        (role_kind(), any::<[u8; 32]>())
            .prop_map(|(kind, id)| Intent::UpdateRoles(RoleChange { kind, inbox_id: InboxId::new(id) })),
        policy_change().prop_map(Intent::UpdatePolicy),
        any::<BTreeMap<String, String>>().prop_map(|values| Intent::UpdateAttributes { values }),
    ]
}

proptest! {
    /// R-INT-005
    #[test]
    fn intents_survive_storage(intent in intent()) {
        prop_assert_eq!(Intent::decode(intent.kind(), &intent.encode()), Ok(intent));
    }

    #[test]
    fn any_stored_bytes_are_read_or_refused(
        kind in prop_oneof![0..8_i16, 99..103_i16],
        bytes in intent().prop_map(|intent| [intent.encode(), vec![0]].concat()).prop_flat_map(hostile),
    ) {
        if let Ok(intent) = Intent::decode(kind, &bytes) {
            prop_assert_eq!(Intent::decode(kind, &intent.encode()), Ok(intent));
        }
    }
}
