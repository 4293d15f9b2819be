use std::collections::BTreeSet;

use crate::group::commit_summary::LeafMember;
use crate::group::context::GroupContext;
use crate::group::fixtures::{captured_at, dm, group, inbox, installation, leaf, seq, states};
use crate::group::join_rules::{JoinVerdict, JoinViolation, facts_needed, judge_join};
use crate::group::kind::ConversationKind;
use crate::group::membership::InstallationStates;
use crate::group::mutable_metadata::{MINIMUM_VERSION, RoleList};
use crate::group::permissions::{AccessPolicy, PermissionsPolicy, Policy};
use crate::version::ProtocolVersion;

fn known() -> InstallationStates {
    states(&[(1, 10, &[1, 2]), (2, 20, &[1]), (3, 30, &[1])])
}

fn leaves() -> Vec<LeafMember> {
    vec![leaf(1, 1), leaf(1, 2), leaf(2, 1)]
}

/// Inbox 2 was added by the first installation of inbox 1.
fn judge(context: &GroupContext, leaves: &[LeafMember]) -> Result<JoinVerdict, JoinViolation> {
    judge_join(context, leaves, &known(), &leaf(1, 1), inbox(2), &ProtocolVersion::claimed())
}

/// R-GRP-064
#[test]
fn a_tree_that_matches_membership_and_logs_is_joined() {
    let context = group(&[(1, 10), (2, 20)]);
    assert_eq!(facts_needed(&context), Ok(vec![(inbox(1), seq(10)), (inbox(2), seq(20))]));
    assert_eq!(judge(&context, &leaves()), Ok(JoinVerdict::Join));
}

/// R-GRP-065
#[test]
fn a_missing_leaf_has_to_be_listed_as_failed() {
    let mut context = group(&[(1, 10), (2, 20)]);
    let fewer = [leaf(1, 1), leaf(2, 1)];
    assert_eq!(judge(&context, &fewer), Err(JoinViolation::MissingLeaf(installation(1, 2))));
    context.membership.failed_installations = BTreeSet::from([installation(1, 2)]);
    assert_eq!(judge(&context, &fewer), Ok(JoinVerdict::Join));
    assert_eq!(judge(&context, &leaves()), Err(JoinViolation::FailedLeaf(installation(1, 2))));
}

/// R-GRP-066
#[test]
fn a_leaf_without_reason_is_refused() {
    let context = group(&[(1, 10), (2, 20)]);
    for extra in
        [leaf(1, 3), leaf(3, 1), LeafMember { inbox_id: inbox(2), installation_id: installation(1, 2) }]
    {
        let mut more = leaves();
        more.push(extra);
        assert_eq!(
            judge(&context, &more),
            Err(JoinViolation::UnexpectedLeaf(extra.installation_id)),
            "{extra:?}"
        );
    }
    // The right installations under the wrong inbox.
    let mut swapped = leaves();
    swapped[1].inbox_id = inbox(2);
    assert_eq!(judge(&context, &swapped), Err(JoinViolation::UnexpectedLeaf(installation(1, 2))));
}

/// R-GRP-067
#[test]
fn a_member_at_zero_refuses_the_group() {
    let context = group(&[(1, 0), (2, 20)]);
    assert_eq!(facts_needed(&context), Err(JoinViolation::NoSequenceId(inbox(1))));
    assert_eq!(judge(&context, &leaves()), Err(JoinViolation::NoSequenceId(inbox(1))));
}

#[test]
fn a_state_that_does_not_exist_refuses_the_group() {
    let error = judge(&group(&[(1, 11), (2, 20)]), &leaves()).unwrap_err();
    assert_eq!(error.code(), "group.unknown_state");
}

/// R-GRP-068
#[test]
fn the_own_inbox_and_the_adder_have_to_be_members() {
    let context = group(&[(1, 10), (3, 30)]);
    assert_eq!(judge(&context, &[leaf(1, 1), leaf(1, 2), leaf(3, 1)]), Err(JoinViolation::NotAMember));
    let context = group(&[(1, 10), (2, 20)]);
    for adder in [leaf(3, 1), leaf(1, 3)] {
        let verdict =
            judge_join(&context, &leaves(), &known(), &adder, inbox(2), &ProtocolVersion::claimed());
        assert_eq!(verdict, Err(JoinViolation::AdderNotAMember));
    }
}

/// R-GRP-069
#[test]
fn a_group_that_asks_for_a_newer_version_is_joined_paused() {
    let verdict = |minimum: &str| {
        let mut context = group(&[(1, 10), (2, 20)]);
        context.mutable.attributes.insert(MINIMUM_VERSION.to_owned(), minimum.to_owned());
        judge(&context, &leaves())
    };
    assert_eq!(verdict("1.10.0"), Ok(JoinVerdict::Join));
    assert_eq!(verdict("1.11.0-dev"), Ok(JoinVerdict::JoinPaused { minimum: "1.11.0-dev".to_owned() }));
    assert_eq!(verdict("soon"), Err(JoinViolation::MalformedVersion));
}

/// R-GRP-070
#[test]
fn a_dm_is_between_the_adder_and_the_own_inbox() {
    let context = dm(&[(1, 10), (2, 20)]);
    assert_eq!(judge(&context, &leaves()), Ok(JoinVerdict::Join));
    let pairs = [None, Some((inbox(1), inbox(3))), Some((inbox(3), inbox(2))), Some((inbox(1), inbox(1)))];
    for pair in pairs {
        let mut wrong = context.clone();
        wrong.immutable.dm_members = pair;
        assert_eq!(judge(&wrong, &leaves()), Err(JoinViolation::WrongDmPair), "{pair:?}");
    }
    let mut turned = context;
    turned.immutable.dm_members = Some((inbox(2), inbox(1)));
    assert_eq!(judge(&turned, &leaves()), Ok(JoinVerdict::Join));
    let mut more = leaves();
    more.push(leaf(3, 1));
    assert_eq!(judge(&dm(&[(1, 10), (2, 20), (3, 30)]), &more), Err(JoinViolation::DmStranger(inbox(3))));
}

/// R-GRP-071
#[test]
fn another_own_installation_adds_to_a_dm_with_anybody() {
    let by_own = |context: &GroupContext| {
        judge_join(context, &leaves(), &known(), &leaf(1, 1), inbox(1), &ProtocolVersion::claimed())
    };
    let context = dm(&[(1, 10), (2, 20)]);
    assert_eq!(by_own(&context), Ok(JoinVerdict::Join));
    let mut foreign = context.clone();
    foreign.immutable.dm_members = Some((inbox(2), inbox(3)));
    assert_eq!(by_own(&foreign), Err(JoinViolation::WrongDmPair));
    // The policies count all the same.
    let mut open = context;
    open.permissions.add_member = Policy::Base(AccessPolicy::Allow);
    assert_eq!(by_own(&open), Err(JoinViolation::DmPolicies));
}

/// R-GRP-072 (W-01)
#[test]
fn a_dm_with_one_loose_policy_is_refused() {
    let loosen: [fn(&mut GroupContext); 5] = [
        |context| context.permissions.add_member = Policy::Base(AccessPolicy::Allow),
        |context| context.permissions.remove_member = Policy::Base(AccessPolicy::Admin),
        |context| context.permissions.add_admin = Policy::Base(PermissionsPolicy::SuperAdmin),
        |context| context.permissions.remove_admin = Policy::Base(PermissionsPolicy::Admin),
        |context| context.permissions.update_permissions = Policy::Base(PermissionsPolicy::SuperAdmin),
    ];
    for change in loosen {
        let mut context = dm(&[(1, 10), (2, 20)]);
        change(&mut context);
        assert_eq!(judge(&context, &leaves()), Err(JoinViolation::DmPolicies));
    }
    // The same condition said otherwise is no other condition, and who may rename is not a matter of trust.
    let mut same = dm(&[(1, 10), (2, 20)]);
    same.permissions.add_member = Policy::Any(vec![Policy::Base(AccessPolicy::Deny)]);
    same.permissions.update_metadata.clear();
    assert_eq!(judge(&same, &leaves()), Ok(JoinVerdict::Join));
}

/// R-GRP-073
#[test]
fn a_dm_has_no_admins() {
    for list in
        [RoleList::of([inbox(1)]), RoleList { others: ["x".to_owned()].into(), ..RoleList::default() }]
    {
        let mut admin = dm(&[(1, 10), (2, 20)]);
        admin.mutable.admins = list.clone();
        assert_eq!(judge(&admin, &leaves()), Err(JoinViolation::DmAdmins));
        let mut super_admin = dm(&[(1, 10), (2, 20)]);
        super_admin.mutable.super_admins = list;
        assert_eq!(judge(&super_admin, &leaves()), Err(JoinViolation::DmAdmins));
    }
}

/// R-GRP-074
#[test]
fn a_sync_group_holds_only_the_own_inbox() {
    let mut context = group(&[(1, 10), (2, 20)]);
    context.immutable.kind = ConversationKind::Sync;
    assert!(matches!(judge(&context, &leaves()), Err(JoinViolation::ForeignSyncGroup(_))));
    let mut own = group(&[(1, 10)]);
    own.immutable.kind = ConversationKind::Sync;
    let leaves = [leaf(1, 1), leaf(1, 2)];
    let verdict = judge_join(&own, &leaves, &known(), &leaf(1, 1), inbox(1), &ProtocolVersion::claimed());
    assert_eq!(verdict, Ok(JoinVerdict::Join));
}

/// R-GRP-075
#[test]
fn captured_groups_are_joined() {
    for (name, epoch) in [("22f1f110", 1), ("4bf6fbb9", 1), ("4f43b042", 1), ("ede1e8a2", 1)] {
        let context = captured_at(name, epoch);
        let mut known = InstallationStates::new();
        let mut leaves = Vec::new();
        for (k, (inbox_id, sequence_id)) in (1..).zip(facts_needed(&context).unwrap()) {
            leaves.push(LeafMember { inbox_id, installation_id: installation(k, k) });
            known.insert(inbox_id, sequence_id, BTreeSet::from([installation(k, k)]));
        }
        let creator = context.immutable.creator;
        let adder = leaves.iter().find(|leaf| leaf.inbox_id == creator).unwrap();
        let own = leaves.iter().find(|leaf| leaf.inbox_id != creator).unwrap().inbox_id;
        let verdict = judge_join(&context, &leaves, &known, adder, own, &ProtocolVersion::claimed());
        assert_eq!(verdict, Ok(JoinVerdict::Join), "{name}");
    }
}
