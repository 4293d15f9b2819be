//! The sender's plan, and its agreement with the receivers' rules (PROTOCOL.md 4.3).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::cursor::SequenceId;
use crate::group::commit_rules::{self, Verdict, judge_commit};
use crate::group::commit_summary::LeafMember;
use crate::group::context::GroupContext;
use crate::group::fixtures::{commit, group, inbox, installation, leaf, membership, seq, states};
use crate::group::join_rules::{JoinVerdict, judge_join};
use crate::group::membership::*;
use crate::ids::{InboxId, InstallationId};
use crate::version::ProtocolVersion;

fn latest(entries: &[(u8, u64)]) -> BTreeMap<InboxId, SequenceId> {
    membership(entries).members
}

fn known() -> InstallationStates {
    states(&[
        (1, 10, &[1, 2]),
        (1, 11, &[1, 3]),
        (1, 12, &[2, 3]),
        (2, 20, &[1, 2]),
        (2, 21, &[2]),
        (3, 30, &[]),
        (4, 40, &[1]),
    ])
}

fn plan(
    before: &GroupMembership,
    leaves: &[LeafMember],
    (add, remove): (&[InboxId], &[InboxId]),
    latest: &BTreeMap<InboxId, SequenceId>,
) -> Result<MembershipPlan, MembershipError> {
    plan_membership(before, leaves, Wanted { add, remove }, latest, &known(), &leaf(1, 1))
}

/// R-GRP-056
#[test]
fn the_first_commit_raises_the_creators_own_entry() {
    let before = GroupMembership::initial(inbox(1));
    let entries = latest(&[(1, 10), (2, 20)]);
    let plan = plan(&before, &[leaf(1, 1)], (&[inbox(2)], &[]), &entries).unwrap();
    assert_eq!(plan.membership, membership(&[(1, 10), (2, 20)]));
    // The own other installation comes in as well, the own leaf is there already.
    assert_eq!(plan.add_installations, [leaf(1, 2), leaf(2, 1), leaf(2, 2)]);
    assert!(plan.remove_installations.is_empty() && !plan.is_noop());
}

/// R-GRP-057
#[test]
fn every_member_is_followed_whatever_was_wanted() {
    let before = membership(&[(1, 10), (2, 20)]);
    let leaves = [leaf(1, 1), leaf(1, 2), leaf(2, 1), leaf(2, 2)];
    let plan = plan(&before, &leaves, (&[], &[]), &latest(&[(1, 11), (2, 21)])).unwrap();
    assert_eq!(plan.membership, membership(&[(1, 11), (2, 21)]));
    assert_eq!(plan.add_installations, [leaf(1, 3)]);
    assert_eq!(plan.remove_installations, [installation(2, 1), installation(1, 2)]);
}

#[test]
fn a_group_that_is_as_it_should_be_needs_no_commit() {
    let before = membership(&[(1, 10), (2, 20)]);
    let leaves = [leaf(1, 1), leaf(1, 2), leaf(2, 1), leaf(2, 2)];
    // A server that lags behind does not move an entry back.
    for entries in [latest(&[(1, 10), (2, 20)]), latest(&[(1, 9), (2, 20)])] {
        let plan = plan(&before, &leaves, (&[inbox(2)], &[inbox(4)]), &entries).unwrap();
        assert!(plan.is_noop());
        assert_eq!(plan.membership, before);
    }
}

/// R-GRP-058
#[test]
fn a_removed_inbox_loses_its_entry_and_its_leaves() {
    let mut before = membership(&[(1, 10), (2, 20)]);
    before.failed_installations.insert(installation(2, 2));
    let leaves = [leaf(1, 1), leaf(1, 2), leaf(2, 1)];
    let plan = plan(&before, &leaves, (&[], &[inbox(2)]), &latest(&[(1, 10)])).unwrap();
    assert_eq!(plan.membership.members, membership(&[(1, 10)]).members);
    // What failed has no leaf, so nothing is to be removed; it stays listed, so that nobody expects it.
    assert_eq!(plan.remove_installations, [installation(2, 1)]);
    assert_eq!(plan.membership.failed_installations, before.failed_installations);
}

/// R-GRP-059
#[test]
fn installations_without_a_usable_key_package_are_listed_as_failed() {
    let mut before = membership(&[(1, 10)]);
    before.failed_installations.insert(installation(9, 9));
    let entries = latest(&[(1, 10), (2, 20)]);
    let plan = plan(&before, &[leaf(1, 1), leaf(1, 2)], (&[inbox(2)], &[]), &entries).unwrap();
    let reduced = plan.without_failed(&before, &[installation(2, 2)]).unwrap();
    assert_eq!(reduced.add_installations, [leaf(2, 1)]);
    let failed = BTreeSet::from([installation(2, 2), installation(9, 9)]);
    assert_eq!(reduced.membership.failed_installations, failed);
    assert_eq!(reduced.membership.members, entries);
    assert_eq!(plan.without_failed(&before, &[]).unwrap(), plan);
}

/// R-GRP-060
#[test]
fn a_new_inbox_that_cannot_be_reached_stays_outside() {
    let before = membership(&[(1, 10)]);
    let leaves = [leaf(1, 1), leaf(1, 2)];
    let entries = latest(&[(1, 10), (2, 20), (4, 40)]);
    let plan = plan(&before, &leaves, (&[inbox(2), inbox(4)], &[]), &entries).unwrap();
    let reduced = plan.without_failed(&before, &[installation(4, 1)]).unwrap();
    assert_eq!(reduced.membership, membership(&[(1, 10), (2, 20)]));
    assert_eq!(reduced.unreachable, [inbox(4)]);
    let all = [installation(4, 1), installation(2, 1), installation(2, 2)];
    let error = MembershipError::NoUsableKeyPackage(vec![inbox(2), inbox(4)]);
    assert_eq!(plan.without_failed(&before, &all), Err(error.clone()));
    assert_eq!(reduced.without_failed(&before, &all[1..]), Err(error));
}

#[test]
fn an_inbox_without_installations_cannot_be_added() {
    let before = membership(&[(1, 10)]);
    let entries = latest(&[(1, 10), (3, 30)]);
    let plan = plan(&before, &[leaf(1, 1), leaf(1, 2)], (&[inbox(3)], &[]), &entries);
    assert_eq!(plan, Err(MembershipError::NoUsableKeyPackage(vec![inbox(3)])));
}

#[test]
fn failures_of_present_members_alone_are_no_error() {
    let before = membership(&[(1, 10)]);
    let plan = plan(&before, &[leaf(1, 1), leaf(1, 2)], (&[], &[]), &latest(&[(1, 11)])).unwrap();
    let reduced = plan.without_failed(&before, &[installation(1, 3)]).unwrap();
    assert!(reduced.add_installations.is_empty() && !reduced.is_noop());
    assert_eq!(reduced.membership.failed_installations, BTreeSet::from([installation(1, 3)]));
}

/// R-GRP-061
#[test]
fn an_installation_that_is_added_or_present_is_not_listed_as_failed() {
    let mut before = membership(&[(1, 10)]);
    before.failed_installations =
        BTreeSet::from([installation(2, 1), installation(2, 2), installation(1, 2)]);
    let entries = latest(&[(1, 10), (2, 20)]);
    let plan = plan(&before, &[leaf(1, 1), leaf(1, 2)], (&[inbox(2)], &[]), &entries).unwrap();
    let plan = plan.without_failed(&before, &[installation(2, 2)]).unwrap();
    assert_eq!(plan.membership.failed_installations, BTreeSet::from([installation(2, 2)]));
}

/// R-GRP-062 (W-05)
#[test]
fn a_group_holds_at_most_250_inboxes() {
    let many = |count: u8| -> Vec<InboxId> { (2..=count + 1).map(inbox).collect() };
    let before = membership(&[(1, 10)]);
    let facts = |add: &[InboxId], before: &GroupMembership| {
        let latest: BTreeMap<_, _> =
            add.iter().chain(before.members.keys()).map(|id| (*id, seq(10))).collect();
        facts_for_plan(before, Wanted { add, remove: &[] }, &latest, &leaf(1, 1))
    };
    assert_eq!(facts(&many(249), &before).unwrap().len(), 249);
    let error = MembershipError::TooManyMembers { limit: 250, actual: 251 };
    assert_eq!(facts(&many(250), &before), Err(error));
    // A group that is too large already can still be followed.
    let mut large = before;
    large.members.extend(many(251).into_iter().map(|inbox_id| (inbox_id, seq(9))));
    assert!(facts(&[], &large).is_ok());
}

#[test]
fn impossible_wishes_are_refused() {
    let before = membership(&[(1, 10), (2, 20)]);
    let leaves = [leaf(1, 1), leaf(1, 2), leaf(2, 1), leaf(2, 2)];
    let now = latest(&[(1, 10), (2, 20)]);
    let error = |add: &[InboxId], remove: &[InboxId], latest: &BTreeMap<_, _>| {
        plan(&before, &leaves, (add, remove), latest).unwrap_err()
    };
    assert_eq!(error(&[], &[inbox(1)], &now), MembershipError::RemovesOwnInbox);
    assert_eq!(error(&[inbox(9)], &[], &now), MembershipError::UnknownInboxes(vec![inbox(9)]));
    assert_eq!(error(&[], &[], &latest(&[(1, 12), (2, 20)])), MembershipError::OwnInstallationRevoked);
    let unknown = UnknownState { inbox_id: inbox(1), sequence_id: seq(13) };
    assert_eq!(error(&[], &[], &latest(&[(1, 13), (2, 20)])), unknown.into());
    let outside = membership(&[(2, 20)]);
    assert_eq!(plan(&outside, &leaves, (&[], &[]), &now), Err(MembershipError::NotAMember));
}

/// A group and a wish: logs of four inboxes, who is in at which place, what is missing, what fails.
#[derive(Clone, Debug)]
struct Scene {
    logs: BTreeMap<u8, Vec<BTreeSet<u8>>>,
    places: BTreeMap<u8, usize>,
    failed: BTreeSet<InstallationId>,
    add: Vec<InboxId>,
    remove: Vec<InboxId>,
    unusable: Vec<InstallationId>,
    creator_at_zero: bool,
}

prop_compose! {
    fn scene()(
        logs in prop::collection::vec(prop::collection::vec(prop::collection::btree_set(1_u8..6, 0..4), 1..4), 4),
        places in prop::collection::btree_map(2_u8..5, 0_usize..3, 0..4),
        own_place in 0_usize..3,
        failed in prop::collection::btree_set((1_u8..5, 2_u8..6), 0..4),
        add in prop::collection::vec(2_u8..5, 0..3),
        remove in prop::collection::vec(2_u8..5, 0..2),
        unusable in prop::collection::vec((1_u8..5, 1_u8..6), 0..4),
        creator_at_zero: bool,
    ) -> Scene {
        let mut logs: BTreeMap<u8, Vec<BTreeSet<u8>>> = (1..).zip(logs).collect();
        // The own installation is never revoked.
        for state in logs.get_mut(&1).unwrap() {
            state.insert(1);
        }
        Scene {
            logs,
            places: places.into_iter().chain([(1, own_place)]).collect(),
            failed: failed.into_iter().map(|(n, k)| installation(n, k)).collect(),
            add: add.into_iter().map(inbox).collect(),
            remove: remove.into_iter().map(inbox).collect(),
            unusable: unusable.into_iter().map(|(n, k)| installation(n, k)).collect(),
            creator_at_zero,
        }
    }
}

impl Scene {
    fn sequence_id(n: u8, place: usize) -> u64 {
        u64::from(n) * 10 + u64::try_from(place).unwrap() + 1
    }

    fn states(&self) -> InstallationStates {
        let mut states = InstallationStates::new();
        for (n, log) in &self.logs {
            for (place, state) in log.iter().enumerate() {
                let installations = state.iter().map(|k| installation(*n, *k)).collect();
                states.insert(inbox(*n), seq(Self::sequence_id(*n, place)), installations);
            }
        }
        states
    }

    fn latest(&self) -> BTreeMap<InboxId, SequenceId> {
        let last =
            |(n, log): (&u8, &Vec<BTreeSet<u8>>)| (inbox(*n), seq(Self::sequence_id(*n, log.len() - 1)));
        self.logs.iter().map(last).collect()
    }

    /// The group before, with a leaf for everything that its entries imply and that did not fail.
    fn before(&self) -> (GroupContext, Vec<LeafMember>) {
        let mut entries: Vec<(u8, u64)> = Vec::new();
        let mut leaves = vec![leaf(1, 1)];
        for (n, place) in &self.places {
            let place = (*place).min(self.logs[n].len() - 1);
            if *n == 1 && self.creator_at_zero {
                entries.push((1, 0));
                continue;
            }
            entries.push((*n, Self::sequence_id(*n, place)));
            leaves.extend(self.logs[n][place].iter().map(|k| leaf(*n, *k)));
        }
        leaves.sort();
        leaves.dedup();
        leaves.retain(|leaf| !self.failed.contains(&leaf.installation_id));
        let mut context = group(&entries);
        context.membership.failed_installations = self.failed.clone();
        (context, leaves)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// R-GRP-063: what a sender plans, every receiver accepts, and who is added can join.
    #[test]
    fn receivers_accept_what_senders_plan(scene in scene()) {
        let (before, leaves) = scene.before();
        let wanted = Wanted { add: &scene.add, remove: &scene.remove };
        let (latest, states, own) = (scene.latest(), scene.states(), leaf(1, 1));
        let planned = plan_membership(&before.membership, &leaves, wanted, &latest, &states, &own)
            .and_then(|plan| plan.without_failed(&before.membership, &scene.unusable));
        let plan = match planned {
            Ok(plan) if plan.is_noop() => return Ok(()),
            Ok(plan) => plan,
            Err(MembershipError::NoUsableKeyPackage(_)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        let mut after = before.clone();
        after.membership = plan.membership.clone();
        let mut summary = commit(own, &after);
        summary.added = plan.add_installations.clone();
        let is_removed = |leaf: &&LeafMember| plan.remove_installations.contains(&leaf.installation_id);
        summary.removed = leaves.iter().filter(is_removed).copied().collect();
        prop_assert_eq!(summary.removed.len(), plan.remove_installations.len());

        let claimed = ProtocolVersion::claimed();
        let verdict = judge_commit(&before, &leaves, &summary, &states, &claimed);
        prop_assert!(matches!(verdict, Ok(Verdict::Accept(_))), "{:?}", verdict);

        // The facts that were asked for suffice, for the plan and for the judgement.
        let mut fewer = InstallationStates::new();
        let mut facts = commit_rules::facts_needed(&before, &leaves, &summary).unwrap();
        facts.extend(facts_for_plan(&before.membership, wanted, &latest, &own).unwrap());
        for (inbox_id, sequence_id) in facts {
            fewer.insert(inbox_id, sequence_id, states.get(inbox_id, sequence_id).unwrap().clone());
        }
        prop_assert_eq!(&judge_commit(&before, &leaves, &summary, &fewer, &claimed), &verdict);
        prop_assert!(plan_membership(&before.membership, &leaves, wanted, &latest, &fewer, &own).is_ok());

        // Afterwards the tree is what the membership says, so joiners accept the group.
        let mut tree: Vec<LeafMember> = leaves.iter().filter(|leaf| !is_removed(leaf)).copied().collect();
        tree.extend(plan.add_installations.iter().copied());
        for joiner in plan.add_installations.iter().map(|member| member.inbox_id) {
            let joined = judge_join(&after, &tree, &states, &own, joiner, &claimed);
            prop_assert_eq!(joined, Ok(JoinVerdict::Join));
        }

        // And there is nothing left to do.
        let again = Wanted { add: &scene.add, remove: &scene.remove };
        if plan.unreachable.is_empty() && scene.add.iter().all(|added| !scene.remove.contains(added)) {
            let rest = plan_membership(&after.membership, &tree, again, &latest, &states, &own).unwrap();
            prop_assert!(rest.is_noop());
        }
    }
}
