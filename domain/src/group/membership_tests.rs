use std::collections::BTreeSet;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use proptest::prelude::*;
use prost::Message;

use crate::group::fixtures::{inbox, installation, leaf, membership, seq, states};
use crate::group::membership::{GroupMembership, GroupMembershipError, InstallationStates, UnknownState};

/// R-GRP-009
#[test]
fn the_membership_encodes_to_the_bytes_of_the_vector() {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/protocol_vectors.json")).unwrap();
    let vector = &json["group_membership_extension_0xff01"];
    let data = hex::decode(vector["extension_data"].as_str().unwrap()).unwrap();
    let membership = GroupMembership::decode(&data).unwrap();
    let (name, sequence_id) = vector["members"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(membership.members.len(), 1);
    assert_eq!(membership.sequence_id(name.parse().unwrap()).unwrap().0, sequence_id.as_u64().unwrap());
    assert_eq!(membership.encode(), data);
}

#[test]
fn failed_installations_are_written_in_bytewise_order() {
    let mut membership = membership(&[(1, 5)]);
    membership.failed_installations =
        BTreeSet::from([installation(3, 9), installation(3, 1), installation(2, 4)]);
    let message = wire::GroupMembership::decode(membership.encode().as_slice()).unwrap();
    let mut sorted = message.failed_installations.clone();
    sorted.sort();
    assert_eq!(message.failed_installations, sorted);
    assert_eq!(GroupMembership::decode(&membership.encode()).unwrap(), membership);
}

/// R-GRP-010
#[test]
fn failed_installations_of_odd_lengths_are_passed_over() {
    let message = wire::GroupMembership {
        members: [(inbox(1).to_string(), 1)].into(),
        failed_installations: vec![vec![1], installation(1, 1).to_vec(), vec![]],
    };
    let membership = GroupMembership::decode(&message.encode_to_vec()).unwrap();
    assert_eq!(membership.failed_installations, BTreeSet::from([installation(1, 1)]));
}

#[test]
fn members_that_are_no_inboxes_are_refused() {
    for name in ["", "alice", &"AB".repeat(32)] {
        let message = wire::GroupMembership {
            members: [(name.to_owned(), 1)].into(),
            failed_installations: Vec::new(),
        };
        let error = GroupMembership::decode(&message.encode_to_vec()).unwrap_err();
        assert!(matches!(error, GroupMembershipError::InboxId(_)), "{name}");
    }
    assert_eq!(GroupMembership::decode(&[0xff]), Err(GroupMembershipError::Malformed));
}

#[test]
fn a_diff_tells_added_removed_and_moved_inboxes() {
    let diff = membership(&[(1, 1), (2, 2), (3, 3)]).diff(&membership(&[(2, 2), (3, 9), (4, 4)]));
    assert_eq!(diff.added, BTreeSet::from([inbox(4)]));
    assert_eq!(diff.removed, BTreeSet::from([inbox(1)]));
    assert_eq!(diff.updated, BTreeSet::from([inbox(3)]));
}

/// R-GRP-011
#[test]
fn expected_leaves_follow_the_identity_logs() {
    let states = states(&[(1, 4, &[1, 2]), (1, 8, &[2, 3]), (2, 5, &[1]), (3, 6, &[1, 2])]);
    let expected = states.expected(&membership(&[(1, 4), (2, 5)]), &membership(&[(1, 8), (3, 6)])).unwrap();
    assert_eq!(expected.added, BTreeSet::from([leaf(1, 3), leaf(3, 1), leaf(3, 2)]));
    assert_eq!(expected.removed, BTreeSet::from([installation(1, 1), installation(2, 1)]));
}

/// R-GRP-012
#[test]
fn an_entry_of_zero_stands_for_no_installations_when_it_is_raised() {
    let states = states(&[(1, 4, &[1, 2])]);
    let expected = states.expected(&membership(&[(1, 0)]), &membership(&[(1, 4)])).unwrap();
    assert_eq!(expected.added, BTreeSet::from([leaf(1, 1), leaf(1, 2)]));
    assert!(expected.removed.is_empty());
}

#[test]
fn a_missing_state_is_an_error_and_zero_is_always_missing() {
    let error = |n: u8, id: u64| Err(UnknownState { inbox_id: inbox(n), sequence_id: seq(id) });
    let known = states(&[(1, 4, &[1]), (2, 0, &[1])]);
    assert_eq!(known.expected(&membership(&[(1, 4)]), &membership(&[(1, 8)])), error(1, 8));
    assert_eq!(known.expected(&membership(&[(1, 3)]), &membership(&[(1, 4)])), error(1, 3));
    assert_eq!(known.expected(&membership(&[(1, 4)]), &membership(&[(1, 4), (2, 0)])), error(2, 0));
    assert_eq!(known.expected(&membership(&[(1, 4), (2, 0)]), &membership(&[(1, 4)])), error(2, 0));
}

/// R-GRP-013
#[test]
fn an_entry_that_moves_over_a_gap_of_the_log_changes_nothing() {
    let mut known = states(&[(1, 4, &[1])]);
    known.insert_gap(inbox(1), seq(4), seq(9));
    let expected = known.expected(&membership(&[(1, 4)]), &membership(&[(1, 9)])).unwrap();
    assert!(expected.added.is_empty() && expected.removed.is_empty());
    // A new inbox at a place where its log has nothing is no member that could be checked.
    known.insert_gap(inbox(2), seq(0), seq(9));
    assert!(known.expected(&membership(&[(1, 4)]), &membership(&[(1, 4), (2, 9)])).is_err());
}

prop_compose! {
    fn any_membership()(
        members in prop::collection::btree_map(0_u8..6, 0_u64..4, 0..6),
        failed in prop::collection::btree_set((0_u8..6, 0_u8..3), 0..4),
    ) -> GroupMembership {
        let entries: Vec<(u8, u64)> = members.into_iter().collect();
        GroupMembership {
            failed_installations: failed.into_iter().map(|(n, k)| installation(n, k)).collect(),
            ..membership(&entries)
        }
    }
}

proptest! {
    #[test]
    fn memberships_survive_encoding(membership in any_membership()) {
        prop_assert_eq!(GroupMembership::decode(&membership.encode()).unwrap(), membership);
    }

    #[test]
    fn a_diff_leads_from_one_membership_to_the_other(before in any_membership(), after in any_membership()) {
        let diff = before.diff(&after);
        let mut rebuilt = before.members.clone();
        rebuilt.retain(|inbox_id, _| !diff.removed.contains(inbox_id));
        for inbox_id in diff.added.iter().chain(&diff.updated) {
            rebuilt.insert(*inbox_id, after.members[inbox_id]);
        }
        prop_assert_eq!(rebuilt, after.members.clone());
        let back = after.diff(&before);
        prop_assert_eq!((back.added, back.removed, back.updated), (diff.removed, diff.added, diff.updated));
    }

    #[test]
    fn the_states_that_are_asked_for_suffice(before in any_membership(), after in any_membership()) {
        let wanted = before.changed_states(&after);
        let mut known = InstallationStates::new();
        for (inbox_id, sequence_id) in &wanted {
            known.insert(*inbox_id, *sequence_id, BTreeSet::new());
        }
        match known.expected(&before, &after) {
            Ok(_) => {}
            Err(UnknownState { sequence_id, .. }) => prop_assert_eq!(sequence_id, seq(0)),
        }
    }
}
