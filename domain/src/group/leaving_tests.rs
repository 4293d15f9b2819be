use std::collections::BTreeSet;

use crate::group::context::GroupContext;
use crate::group::fixtures::{dm, group, inbox};
use crate::group::kind::ConversationKind;
use crate::group::leaving::{LeaveViolation, check_may_leave, is_noted, leavers_to_remove};
use crate::group::mutable_metadata::RoleList;
use crate::group::permissions::{AccessPolicy, Policy, PolicySet};
use crate::ids::InboxId;

/// Inbox 1 is the super admin of a group of four.
const MEMBERS: &[(u8, u64)] = &[(1, 10), (2, 20), (3, 30), (4, 40)];

fn of(numbers: &[u8]) -> BTreeSet<InboxId> {
    numbers.iter().copied().map(inbox).collect()
}

/// R-GRP-210
#[test]
fn members_and_admins_may_leave_a_group_that_has_others() {
    let mut context = group(MEMBERS);
    context.mutable.admins = RoleList::of([inbox(2)]);
    assert_eq!(check_may_leave(&context, inbox(2)), Ok(()));
    assert_eq!(check_may_leave(&context, inbox(3)), Ok(()));
    assert_eq!(check_may_leave(&context, inbox(1)), Err(LeaveViolation::SuperAdmin));
    assert_eq!(check_may_leave(&context, inbox(9)), Err(LeaveViolation::NotAMember));
    let mut alone = group(&[(2, 20)]);
    alone.mutable.super_admins = RoleList::default();
    assert_eq!(check_may_leave(&alone, inbox(2)), Err(LeaveViolation::LastMember));
    assert_eq!(check_may_leave(&dm(&[(1, 10), (2, 20)]), inbox(2)), Err(LeaveViolation::NotAGroup));
    context.immutable.kind = ConversationKind::Sync;
    assert_eq!(check_may_leave(&context, inbox(3)), Err(LeaveViolation::NotAGroup));
}

/// R-GRP-211
#[test]
fn every_members_request_is_noted_in_a_group_and_none_elsewhere() {
    let context = group(MEMBERS);
    assert!(is_noted(&context, inbox(3)));
    assert!(is_noted(&context, inbox(1)), "a super admin may resign later");
    assert!(!is_noted(&context, inbox(9)));
    assert!(!is_noted(&dm(&[(1, 10), (2, 20)]), inbox(2)));
}

/// R-GRP-212
#[test]
fn a_super_admin_that_stays_removes_those_who_asked() {
    let mut context = group(MEMBERS);
    let remove = |context: &GroupContext, leavers: &[u8], own: u8| {
        leavers_to_remove(context, &of(leavers), inbox(own))
    };
    assert_eq!(remove(&context, &[2, 3, 9], 1), of(&[2, 3]));
    assert_eq!(remove(&context, &[], 1), of(&[]));
    assert_eq!(remove(&context, &[2, 3], 4), of(&[]), "a member does not");
    context.mutable.admins = RoleList::of([inbox(4)]);
    assert_eq!(remove(&context, &[2, 3], 4), of(&[]), "nor does an admin");
    context.mutable.super_admins = RoleList::of([inbox(1), inbox(2)]);
    assert_eq!(remove(&context, &[2, 3], 1), of(&[3]), "a super admin has to resign first");
    assert_eq!(remove(&context, &[1, 3], 1), of(&[]), "who leaves decides nothing any more");
    assert_eq!(remove(&context, &[1, 3], 2), of(&[3]));
    context.permissions =
        PolicySet { remove_member: Policy::Base(AccessPolicy::Deny), ..context.permissions };
    assert_eq!(remove(&context, &[3], 1), of(&[]), "nobody may remove members");
}
