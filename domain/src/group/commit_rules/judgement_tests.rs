//! Whose leaves may come and go, and who may say so (PROTOCOL.md 4.3).

use std::collections::BTreeSet;

use crate::group::commit_rules::{CommitEffects, CommitViolation, Verdict, facts_needed, judge_commit};
use crate::group::commit_summary::{CommitSummary, LeafMember};
use crate::group::context::GroupContext;
use crate::group::fixtures::{
    captured_at, commit, group, inbox, installation, leaf, membership, seq, states,
};
use crate::group::membership::InstallationStates;
use crate::group::mutable_metadata::MINIMUM_VERSION;
use crate::version::ProtocolVersion;

/// The group of most tests: inbox 1 (super admin) with two installations, inboxes 2 and 3 with one each.
const MEMBERS: &[(u8, u64)] = &[(1, 10), (2, 20), (3, 30)];

fn leaves() -> Vec<LeafMember> {
    vec![leaf(1, 1), leaf(1, 2), leaf(2, 1), leaf(3, 1)]
}

fn known() -> InstallationStates {
    states(&[
        (1, 10, &[1, 2]),
        (1, 11, &[1, 3]),
        (2, 20, &[1]),
        (2, 21, &[1, 2]),
        (2, 22, &[2]),
        (3, 30, &[1]),
        (4, 40, &[1, 2]),
    ])
}

fn judge_with(
    before: &GroupContext,
    summary: &CommitSummary,
    states: &InstallationStates,
) -> Result<CommitEffects, CommitViolation> {
    match judge_commit(before, &leaves(), summary, states, &ProtocolVersion::claimed())? {
        Verdict::Accept(effects) => Ok(*effects),
        Verdict::Pause { minimum } => panic!("paused for {minimum}"),
    }
}

fn judge(before: &GroupContext, summary: &CommitSummary) -> Result<CommitEffects, CommitViolation> {
    judge_with(before, summary, &known())
}

/// A commit that leads to other entries, with leaves that come and go.
fn change(
    committer: LeafMember,
    entries: &[(u8, u64)],
    (added, removed): (&[LeafMember], &[LeafMember]),
) -> (GroupContext, CommitSummary) {
    let before = group(MEMBERS);
    let mut after = before.clone();
    after.membership = membership(entries);
    let mut summary = commit(committer, &after);
    summary.added = added.to_vec();
    summary.removed = removed.to_vec();
    (before, summary)
}

/// R-GRP-030
#[test]
fn a_key_update_changes_nothing_and_needs_only_its_makers_credential() {
    let before = group(MEMBERS);
    let summary = CommitSummary { extensions: None, ..commit(leaf(2, 1), &before) };
    assert_eq!(facts_needed(&before, &leaves(), &summary), Ok(vec![(inbox(2), seq(20))]));
    let effects = judge(&before, &summary).unwrap();
    assert_eq!((effects.initiator, &effects.after), (inbox(2), &before));
    assert!(effects.added_inboxes.is_empty() && effects.metadata_changes.is_empty());
}

/// R-GRP-031
#[test]
fn an_inbox_is_added_with_the_installations_that_could_be_reached() {
    let entries = [(1, 10), (2, 20), (3, 30), (4, 40)];
    let (before, mut summary) = change(leaf(2, 1), &entries, (&[leaf(4, 1), leaf(4, 2)], &[]));
    assert_eq!(judge(&before, &summary).unwrap().added_inboxes, [inbox(4)]);
    let facts = facts_needed(&before, &leaves(), &summary).unwrap();
    assert_eq!(facts, [(inbox(2), seq(20)), (inbox(4), seq(40))]);
    // One is missing: its key package failed, listed as failed or not.
    summary.added.pop();
    assert!(judge(&before, &summary).is_ok());
    // One is nobody's.
    summary.added.push(leaf(4, 3));
    let error = CommitViolation::UnexpectedInstallationAdded(installation(4, 3));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-032
#[test]
fn an_installation_that_has_a_leaf_may_be_added_although_no_log_implies_it() {
    let (before, summary) = change(leaf(2, 1), MEMBERS, (&[leaf(3, 1)], &[]));
    assert!(judge(&before, &summary).is_ok());
    let (before, summary) = change(leaf(2, 1), MEMBERS, (&[leaf(3, 2)], &[]));
    let error = CommitViolation::UnexpectedInstallationAdded(installation(3, 2));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-033
#[test]
fn removed_leaves_have_to_be_exactly_those_that_the_logs_imply() {
    let entries = [(1, 11), (2, 20), (3, 30)];
    let (before, mut summary) = change(leaf(2, 1), &entries, (&[leaf(1, 3)], &[leaf(1, 2)]));
    assert!(judge(&before, &summary).is_ok());
    summary.removed.clear();
    let error = CommitViolation::InstallationNotRemoved(installation(1, 2));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
    summary.removed = vec![leaf(1, 2), leaf(3, 1)];
    let error = CommitViolation::UnexpectedInstallationRemoved(installation(3, 1));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-034
#[test]
fn removed_installations_that_failed_before_have_no_leaf_to_remove() {
    let entries = [(1, 11), (2, 20), (3, 30)];
    let (before, mut summary) = change(leaf(2, 1), &entries, (&[], &[]));
    let mut after = before.clone();
    after.membership = membership(&entries);
    after.membership.failed_installations.insert(installation(1, 2));
    summary.extensions = Some(after.to_extensions().unwrap());
    assert!(judge(&before, &summary).is_ok());
    // Then a Remove proposal for it is one too many.
    summary.removed = vec![leaf(1, 2)];
    let error = CommitViolation::UnexpectedInstallationRemoved(installation(1, 2));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
    // From a super admin it counts as added anew in vain, which leaves the expected removal unfulfilled.
    let mut summary = commit(leaf(1, 1), &after);
    summary.removed = vec![leaf(1, 2)];
    let error = CommitViolation::InstallationNotRemoved(installation(1, 2));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-035
#[test]
fn only_super_admins_add_installations_anew() {
    let (before, summary) = change(leaf(1, 1), MEMBERS, (&[leaf(3, 1)], &[leaf(3, 1)]));
    let effects = judge(&before, &summary).unwrap();
    assert_eq!(effects.readded_installations, BTreeSet::from([installation(3, 1)]));
    assert!(effects.added_inboxes.is_empty() && effects.removed_inboxes.is_empty());
    // One whose new key package failed is removed only, and listed.
    let mut after = before.clone();
    after.membership.failed_installations.insert(installation(3, 1));
    let mut lost = commit(leaf(1, 1), &after);
    lost.removed = vec![leaf(3, 1)];
    assert_eq!(judge(&before, &lost).unwrap().readded_installations, BTreeSet::from([installation(3, 1)]));
    lost.committer = leaf(2, 1);
    lost.updated.clear();
    assert!(judge(&before, &lost).is_err());
    let (before, summary) = change(leaf(2, 1), MEMBERS, (&[leaf(3, 1)], &[leaf(3, 1)]));
    let error = CommitViolation::UnexpectedInstallationRemoved(installation(3, 1));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-036
#[test]
fn an_inbox_is_removed_with_all_its_leaves() {
    let entries = [(1, 10), (2, 20)];
    let (before, summary) = change(leaf(1, 1), &entries, (&[], &[leaf(3, 1)]));
    assert_eq!(judge(&before, &summary).unwrap().removed_inboxes, [inbox(3)]);
    let facts = facts_needed(&before, &leaves(), &summary).unwrap();
    assert_eq!(facts, [(inbox(1), seq(10)), (inbox(3), seq(30))]);
    let (before, summary) = change(leaf(1, 1), &entries, (&[], &[]));
    let error = CommitViolation::InstallationNotRemoved(installation(3, 1));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-037
#[test]
fn sequence_ids_never_go_down() {
    let (before, summary) = change(leaf(2, 1), &[(1, 9), (2, 20), (3, 30)], (&[], &[]));
    let error = CommitViolation::SequenceIdDecreased(inbox(1));
    assert_eq!(facts_needed(&before, &leaves(), &summary), Err(error.clone()));
    assert_eq!(judge(&before, &summary).unwrap_err(), error);
}

/// R-GRP-038
#[test]
fn no_inbox_comes_or_goes_at_sequence_id_zero() {
    let (before, summary) = change(leaf(2, 1), &[(1, 10), (2, 20), (3, 30), (4, 0)], (&[], &[]));
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::NoSequenceId(inbox(4)));
    let before = group(&[(1, 10), (2, 20), (3, 0)]);
    let after = group(&[(1, 10), (2, 20)]);
    let summary = commit(leaf(1, 1), &after);
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::NoSequenceId(inbox(3)));
}

/// R-GRP-039
#[test]
fn a_creator_at_zero_may_commit_and_raise_its_entry() {
    let before = group(&[(1, 0)]);
    let only = [leaf(1, 1)];
    let claimed = ProtocolVersion::claimed();
    let unchanged = CommitSummary { extensions: None, ..commit(leaf(1, 1), &before) };
    assert_eq!(facts_needed(&before, &only, &unchanged), Ok(vec![]));
    assert!(judge_commit(&before, &only, &unchanged, &InstallationStates::new(), &claimed).is_ok());
    let mut raised = commit(leaf(1, 1), &group(&[(1, 10)]));
    raised.added = vec![leaf(1, 2)];
    assert_eq!(facts_needed(&before, &only, &raised), Ok(vec![(inbox(1), seq(10))]));
    assert!(judge_commit(&before, &only, &raised, &known(), &claimed).is_ok());
    // A path that brings another key is not exempt.
    let mut swapped = unchanged;
    swapped.updated = vec![(leaf(1, 1), leaf(1, 9))];
    assert!(judge_commit(&before, &only, &swapped, &known(), &claimed).is_err());
}

/// R-GRP-040
#[test]
fn the_committers_installation_has_to_be_in_its_inbox_at_the_new_place() {
    // Inbox 2 revokes its only leaf and the revoked leaf commits that itself.
    let entries = [(1, 10), (2, 22), (3, 30)];
    let (before, mut summary) = change(leaf(2, 1), &entries, (&[leaf(2, 2)], &[leaf(2, 1)]));
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::InvalidCredential(inbox(2)));
    // Somebody else may.
    summary.committer = leaf(3, 1);
    summary.updated = vec![(leaf(3, 1), leaf(3, 1))];
    assert!(judge(&before, &summary).is_ok());
}

/// R-GRP-041
#[test]
fn leaves_that_update_proposals_bring_are_checked_like_the_committers() {
    let (before, mut summary) = change(leaf(2, 1), MEMBERS, (&[], &[]));
    summary.updated.push((leaf(3, 1), leaf(3, 1)));
    assert!(judge(&before, &summary).is_ok());
    summary.updated[1].1 = leaf(3, 2);
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::InvalidCredential(inbox(3)));
    summary.updated[1].1 = leaf(4, 1);
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::NotInMembership(inbox(4)));
    // The committer's own path cannot take another inbox's place either.
    let (before, mut summary) = change(leaf(2, 1), MEMBERS, (&[], &[]));
    summary.updated[0].1 = LeafMember { inbox_id: inbox(1), installation_id: installation(2, 1) };
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::InvalidCredential(inbox(1)));
}

/// R-GRP-042
#[test]
fn a_commit_cannot_remove_the_inbox_of_its_maker() {
    let (before, summary) = change(leaf(2, 1), &[(1, 10), (3, 30)], (&[], &[leaf(2, 1)]));
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::NotInMembership(inbox(2)));
    let (before, mut summary) = change(leaf(2, 1), MEMBERS, (&[], &[]));
    summary.committer = leaf(4, 1);
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::CommitterNotAMember);
}

/// R-GRP-043
#[test]
fn forbidden_proposals_are_refused() {
    let (before, mut summary) = change(leaf(1, 1), MEMBERS, (&[], &[]));
    summary.forbidden_proposals = vec!["psk"];
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::ForbiddenProposal("psk"));
}

/// R-GRP-044
#[test]
fn the_immutable_metadata_never_changes() {
    let (before, mut summary) = change(leaf(1, 1), MEMBERS, (&[], &[]));
    let mut after = before.clone();
    after.immutable.creator = inbox(2);
    summary.extensions = Some(after.to_extensions().unwrap());
    assert_eq!(judge(&before, &summary).unwrap_err(), CommitViolation::ImmutableMetadataChanged);
    for index in 0..4 {
        let mut missing = before.to_extensions().unwrap();
        missing.remove(index);
        summary.extensions = Some(missing);
        assert!(matches!(judge(&before, &summary).unwrap_err(), CommitViolation::Context(_)), "{index}");
    }
}

/// R-GRP-045
#[test]
fn a_state_that_does_not_exist_refuses_the_commit() {
    let (before, summary) = change(leaf(2, 1), &[(1, 10), (2, 20), (3, 35)], (&[], &[]));
    let error = judge(&before, &summary).unwrap_err();
    assert_eq!(error.code(), "group.unknown_state");
    // Unless the log has nothing between the two places: then official clients see no change.
    let mut known = known();
    known.insert_gap(inbox(3), seq(30), seq(35));
    assert!(judge_with(&before, &summary, &known).is_ok());
    // Its maker cannot be checked there, though.
    let (before, summary) = change(leaf(3, 1), &[(1, 10), (2, 20), (3, 35)], (&[], &[]));
    assert!(judge_with(&before, &summary, &known).is_err());
}

/// R-GRP-046
#[test]
fn a_group_that_asks_for_a_newer_version_pauses() {
    let before = group(MEMBERS);
    let verdict = |minimum: &str, committer| {
        let mut after = before.clone();
        after.mutable.attributes.insert(MINIMUM_VERSION.to_owned(), minimum.to_owned());
        judge_commit(&before, &leaves(), &commit(committer, &after), &known(), &ProtocolVersion::claimed())
    };
    let pause = |minimum: &str| Ok(Verdict::Pause { minimum: minimum.to_owned() });
    for minimum in ["1.11.0", "1.11.0-dev", "2.0.0-alpha.1"] {
        assert_eq!(verdict(minimum, leaf(1, 1)), pause(minimum));
    }
    for minimum in ["1.10.0", "1.10.0-rc.1", "0.0.1"] {
        assert!(matches!(verdict(minimum, leaf(1, 1)), Ok(Verdict::Accept(_))), "{minimum}");
    }
    for minimum in ["", "1.10", "v1.2.3", "newest"] {
        assert_eq!(verdict(minimum, leaf(1, 1)), Err(CommitViolation::MalformedVersion));
    }
    // A commit that breaks a rule is refused, not waited for.
    assert_eq!(verdict("9.0.0", leaf(2, 1)), Err(CommitViolation::NotPermitted("change an attribute")));
    // The version that the group asks for already counts for every commit.
    let mut paused = group(MEMBERS);
    paused.mutable.attributes.insert(MINIMUM_VERSION.to_owned(), "3.0.0".to_owned());
    let summary = CommitSummary { extensions: None, ..commit(leaf(2, 1), &paused) };
    let claimed = ProtocolVersion::claimed();
    assert_eq!(judge_commit(&paused, &leaves(), &summary, &known(), &claimed), pause("3.0.0"));
}

/// R-GRP-047
#[test]
fn a_captured_membership_commit_is_accepted() {
    let (before, after) = (captured_at("22f1f110", 11), captured_at("22f1f110", 12));
    let alice = before.immutable.creator;
    let bob = *before.membership.members.keys().find(|inbox_id| **inbox_id != alice).unwrap();
    let mine = |k: u8| LeafMember { inbox_id: alice, installation_id: installation(1, k) };
    let bobs = LeafMember { inbox_id: bob, installation_id: installation(2, 1) };
    let mut states = InstallationStates::new();
    states.insert(alice, seq(6), BTreeSet::from([installation(1, 1), installation(1, 2)]));
    states.insert(alice, seq(8), BTreeSet::from([installation(1, 1)]));
    let mut summary = commit(mine(1), &after);
    summary.removed = vec![mine(2)];
    let leaves = [mine(1), mine(2), bobs];
    let verdict = judge_commit(&before, &leaves, &summary, &states, &ProtocolVersion::claimed()).unwrap();
    let Verdict::Accept(effects) = verdict else { panic!("paused") };
    assert_eq!(effects.after, after);
    assert!(effects.removed_inboxes.is_empty() && effects.metadata_changes.is_empty());
}
