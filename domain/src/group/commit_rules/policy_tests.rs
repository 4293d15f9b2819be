//! Who may change what (PROTOCOL.md 4.4, 4.8).

use crate::group::commit_rules::{CommitEffects, CommitViolation, Verdict, judge_commit};
use crate::group::commit_summary::LeafMember;
use crate::group::context::GroupContext;
use crate::group::fixtures::{commit, dm, group, inbox, leaf, membership, states};
use crate::group::mutable_metadata::*;
use crate::group::permissions::{AccessPolicy, Policy, PolicySet};
use crate::version::ProtocolVersion;

/// Inbox 1 is super admin, inbox 2 admin, inboxes 3 and 4 are neither.
const MEMBERS: &[(u8, u64)] = &[(1, 10), (2, 20), (3, 30), (4, 40)];

fn roles() -> GroupContext {
    let mut context = group(MEMBERS);
    context.mutable.admins = RoleList::of([inbox(2)]);
    context
}

/// The judgement of a commit by the first installation of an inbox. Leaves come and go as memberships imply.
fn judge(by: u8, before: &GroupContext, after: &GroupContext) -> Result<CommitEffects, CommitViolation> {
    let all: Vec<LeafMember> = (1..=6).map(|n| leaf(n, 1)).collect();
    let has =
        |context: &GroupContext, leaf: &LeafMember| context.membership.members.contains_key(&leaf.inbox_id);
    let present: Vec<LeafMember> = all.iter().filter(|leaf| has(before, leaf)).copied().collect();
    let mut summary = commit(leaf(by, 1), after);
    summary.added = all.iter().filter(|leaf| has(after, leaf) && !has(before, leaf)).copied().collect();
    summary.removed = present.iter().filter(|leaf| !has(after, leaf)).copied().collect();
    let known =
        states(&[(1, 10, &[1]), (2, 20, &[1]), (3, 30, &[1]), (4, 40, &[1]), (5, 50, &[1]), (6, 60, &[1])]);
    match judge_commit(before, &present, &summary, &known, &ProtocolVersion::claimed())? {
        Verdict::Accept(effects) => Ok(*effects),
        Verdict::Pause { .. } => panic!("paused"),
    }
}

/// Which of inboxes 1 (super admin), 2 (admin) and 3 (member) may make a change.
fn who_may(before: &GroupContext, change: impl Fn(&mut GroupContext)) -> [bool; 3] {
    let mut after = before.clone();
    change(&mut after);
    [1, 2, 3].map(|by| match judge(by, before, &after) {
        Ok(_) => true,
        Err(CommitViolation::NotPermitted(_)) => false,
        Err(other) => panic!("{other}"),
    })
}

fn set(field: &'static str) -> impl Fn(&mut GroupContext) {
    move |context| {
        context.mutable.attributes.insert(field.to_owned(), "1.0.0".to_owned());
    }
}

/// R-GRP-048
#[test]
fn the_policies_of_before_say_who_adds_and_removes() {
    let add = |context: &mut GroupContext| {
        context.membership.members.extend(membership(&[(5, 50)]).members);
    };
    let remove = |context: &mut GroupContext| {
        context.membership.members.remove(&inbox(4));
    };
    let mut before = roles();
    assert_eq!(who_may(&before, add), [true, true, true]);
    assert_eq!(who_may(&before, remove), [true, true, false]);
    before.permissions = PolicySet::admins_only();
    assert_eq!(who_may(&before, add), [true, true, false]);
    before.permissions.remove_member = Policy::Base(AccessPolicy::SuperAdmin);
    assert_eq!(who_may(&before, remove), [true, false, false]);
    before.permissions.remove_member = Policy::Base(AccessPolicy::Deny);
    assert_eq!(who_may(&before, remove), [false, false, false]);
    // A commit that opens the policies does not profit from it.
    let both = |context: &mut GroupContext| {
        context.permissions = PolicySet::all_members();
        add(context);
    };
    before.permissions.add_member = Policy::Base(AccessPolicy::Deny);
    assert_eq!(who_may(&before, both), [false, false, false]);
}

/// R-GRP-049
#[test]
fn a_super_admin_is_never_removed() {
    let mut before = roles();
    before.mutable.super_admins = RoleList::of([inbox(1), inbox(4)]);
    let remove = |context: &mut GroupContext| {
        context.membership.members.remove(&inbox(4));
    };
    assert_eq!(who_may(&before, remove), [false, false, false]);
    // Not even when the same commit takes the role away: the roles of before count.
    let demote_and_remove = |context: &mut GroupContext| {
        context.mutable.super_admins = RoleList::of([inbox(1)]);
        remove(context);
    };
    assert_eq!(who_may(&before, demote_and_remove), [false, false, false]);
}

/// R-GRP-050
#[test]
fn attributes_follow_their_policies() {
    let before = roles();
    assert_eq!(who_may(&before, set(GROUP_NAME)), [true, true, true]);
    assert_eq!(who_may(&before, set(DISAPPEAR_IN)), [true, true, false]);
    assert_eq!(who_may(&before, set(MINIMUM_VERSION)), [true, false, false]);
    assert_eq!(who_may(&before, set("brand_new")), [true, true, false]);
    assert_eq!(who_may(&before, set(COMMIT_LOG_SIGNER)), [true, false, false]);
    let take_away = |context: &mut GroupContext| {
        context.mutable.attributes.remove(GROUP_NAME);
    };
    assert_eq!(who_may(&before, take_away), [true, true, true]);
    let mut strict = roles();
    strict.permissions = PolicySet::admins_only();
    assert_eq!(who_may(&strict, set(GROUP_NAME)), [true, true, false]);
    assert_eq!(who_may(&strict, take_away), [true, true, false]);
    // Several changes need all permissions.
    let two = |context: &mut GroupContext| {
        set(GROUP_NAME)(context);
        set(DISAPPEAR_IN)(context);
    };
    assert_eq!(who_may(&before, two), [true, true, false]);
}

#[test]
fn changes_are_reported_with_old_and_new_values() {
    let before = roles();
    let mut after = before.clone();
    set(GROUP_NAME)(&mut after);
    after.mutable.admins = RoleList::of([inbox(3)]);
    let effects = judge(1, &before, &after).unwrap();
    let change = &effects.metadata_changes[0];
    assert_eq!((change.field.as_str(), change.old_value.as_deref()), (GROUP_NAME, Some("")));
    assert_eq!(change.new_value.as_deref(), Some("1.0.0"));
    assert_eq!((effects.added_admins, effects.removed_admins), (vec![inbox(3)], vec![inbox(2)]));
    assert!(!effects.permissions_changed);
}

/// R-GRP-051
#[test]
fn values_that_are_too_long_refuse_the_commit() {
    for (field, limit) in [(GROUP_NAME, 100), (DESCRIPTION, 1000), (IMAGE_URL, 2048), (APP_DATA, 8192)] {
        let before = roles();
        let mut after = before.clone();
        after.mutable.attributes.insert(field.to_owned(), "x".repeat(limit));
        assert!(judge(1, &before, &after).is_ok(), "{field}");
        after.mutable.attributes.insert(field.to_owned(), "x".repeat(limit + 1));
        assert!(matches!(judge(1, &before, &after), Err(CommitViolation::TooLong(_))), "{field}");
        // One that is there already does not matter.
        let mut renamed = after.clone();
        set("other")(&mut renamed);
        assert!(judge(1, &after, &renamed).is_ok(), "{field}");
    }
}

/// R-GRP-052
#[test]
fn admins_are_made_and_unmade_by_policy() {
    let mut before = roles();
    let make = |context: &mut GroupContext| context.mutable.admins = RoleList::of([inbox(2), inbox(3)]);
    let unmake = |context: &mut GroupContext| context.mutable.admins = RoleList::default();
    assert_eq!(who_may(&before, make), [true, false, false]);
    assert_eq!(who_may(&before, unmake), [true, false, false]);
    before.permissions.add_admin = Policy::Base(crate::group::permissions::PermissionsPolicy::Admin);
    assert_eq!(who_may(&before, make), [true, true, false]);
    assert_eq!(who_may(&before, unmake), [true, false, false]);
    before.permissions.remove_admin = Policy::Base(crate::group::permissions::PermissionsPolicy::Deny);
    assert_eq!(who_may(&before, unmake), [false, false, false]);
    // An entry that is no inbox is a change like any other.
    let odd = |context: &mut GroupContext| {
        context.mutable.admins.others.insert("somebody".to_owned());
    };
    assert_eq!(who_may(&before, odd), [true, true, false]);
}

/// R-GRP-053
#[test]
fn super_admins_are_for_super_admins_and_the_last_one_stays() {
    let before = roles();
    let make = |context: &mut GroupContext| context.mutable.super_admins = RoleList::of([inbox(1), inbox(3)]);
    assert_eq!(who_may(&before, make), [true, false, false]);
    let hand_over = |context: &mut GroupContext| context.mutable.super_admins = RoleList::of([inbox(3)]);
    assert_eq!(who_may(&before, hand_over), [true, false, false]);
    let empty = |context: &mut GroupContext| context.mutable.super_admins = RoleList::default();
    assert_eq!(who_may(&before, empty), [false, false, false]);
}

/// R-GRP-054
#[test]
fn policies_are_for_super_admins_whatever_they_say_themselves() {
    let mut before = roles();
    let change =
        |context: &mut GroupContext| context.permissions.add_member = Policy::Base(AccessPolicy::Deny);
    assert_eq!(who_may(&before, change), [true, false, false]);
    before.permissions.update_permissions = Policy::Base(crate::group::permissions::PermissionsPolicy::Admin);
    assert_eq!(who_may(&before, change), [true, false, false]);
    before.permissions.update_permissions = Policy::Base(crate::group::permissions::PermissionsPolicy::Deny);
    assert_eq!(who_may(&before, change), [true, false, false]);
}

/// R-GRP-055
#[test]
fn in_a_dm_only_the_other_one_can_be_added() {
    let alone = dm(&[(1, 10)]);
    let both = dm(&[(1, 10), (2, 20)]);
    assert_eq!(judge(1, &alone, &both).unwrap().added_inboxes, [inbox(2)]);
    assert!(matches!(judge(1, &alone, &dm(&[(1, 10), (3, 30)])), Err(CommitViolation::NotPermitted(_))));
    let with_stranger = dm(&[(1, 10), (2, 20), (3, 30)]);
    assert!(matches!(judge(1, &alone, &with_stranger), Err(CommitViolation::NotPermitted(_))));
    assert!(matches!(judge(1, &both, &with_stranger), Err(CommitViolation::NotPermitted(_))));
    assert!(matches!(judge(1, &both, &alone), Err(CommitViolation::NotPermitted(_))));
    // A stranger may bring a member in who is missing, as with official clients.
    assert!(judge(3, &dm(&[(1, 10), (3, 30)]), &with_stranger).is_ok());
}

#[test]
fn in_a_dm_both_change_attributes_and_nobody_makes_admins() {
    let before = dm(&[(1, 10), (2, 20)]);
    let mut renamed = before.clone();
    set(GROUP_NAME)(&mut renamed);
    assert!(judge(1, &before, &renamed).is_ok() && judge(2, &before, &renamed).is_ok());
    let changes: [fn(&mut GroupContext); 4] = [
        |context| context.mutable.admins = RoleList::of([inbox(1)]),
        |context| context.mutable.super_admins = RoleList::of([inbox(1)]),
        |context| context.permissions = PolicySet::all_members(),
        |context| {
            context.mutable.attributes.insert(COMMIT_LOG_SIGNER.to_owned(), String::new());
        },
    ];
    for change in changes {
        let mut after = before.clone();
        change(&mut after);
        assert!(matches!(judge(1, &before, &after), Err(CommitViolation::NotPermitted(_))));
    }
}
