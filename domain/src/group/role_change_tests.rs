use crate::group::fixtures::{group, inbox};
use crate::group::mutable_metadata::{DISAPPEAR_IN, GROUP_NAME, Role, RoleList};
use crate::group::permissions::{AccessPolicy, PermissionsPolicy, Policy, PolicyChange, PolicySet};
use crate::group::role_change::{RoleChange, RoleChangeKind};

/// R-GRP-217
#[test]
fn each_change_of_a_role_changes_one_entry_of_one_list() {
    use RoleChangeKind::{AddAdmin, AddSuperAdmin, RemoveAdmin, RemoveSuperAdmin};
    let mut metadata = group(&[(1, 10), (2, 20)]).mutable;
    metadata.admins.others.insert("somebody".to_owned());
    let mut role_after = |kind| {
        RoleChange { kind, inbox_id: inbox(2) }.apply(&mut metadata);
        (metadata.role(inbox(2)), metadata.admins.contains(inbox(2)))
    };
    assert_eq!(role_after(RemoveAdmin), (Role::Member, false));
    assert_eq!(role_after(AddAdmin), (Role::Admin, true));
    assert_eq!(role_after(AddAdmin), (Role::Admin, true));
    assert_eq!(role_after(AddSuperAdmin), (Role::SuperAdmin, true), "a super admin may be an admin beside");
    assert_eq!(role_after(RemoveSuperAdmin), (Role::Admin, true));
    assert_eq!(role_after(RemoveAdmin), (Role::Member, false));
    assert_eq!(metadata.super_admins, RoleList::of([inbox(1)]));
    assert_eq!(metadata.admins.others.len(), 1, "entries that are no inboxes stay");
    assert!(AddAdmin.is_addition() && AddSuperAdmin.is_addition());
    assert!(!RemoveAdmin.is_addition() && !RemoveSuperAdmin.is_addition());
}

/// R-GRP-218
#[test]
fn each_change_of_a_policy_changes_that_policy_alone() {
    let changed = |change: PolicyChange| {
        let mut policies = PolicySet::all_members();
        change.apply(&mut policies);
        policies
    };
    let before = PolicySet::all_members;
    let (deny, super_admin) = (Policy::Base(AccessPolicy::Deny), Policy::Base(AccessPolicy::SuperAdmin));
    assert_eq!(
        changed(PolicyChange::AddMember(AccessPolicy::Deny)),
        PolicySet { add_member: deny, ..before() }
    );
    assert_eq!(
        changed(PolicyChange::RemoveMember(AccessPolicy::SuperAdmin)),
        PolicySet { remove_member: super_admin, ..before() }
    );
    assert_eq!(
        changed(PolicyChange::AddAdmin(PermissionsPolicy::Admin)),
        PolicySet { add_admin: Policy::Base(PermissionsPolicy::Admin), ..before() }
    );
    assert_eq!(
        changed(PolicyChange::RemoveAdmin(PermissionsPolicy::Deny)),
        PolicySet { remove_admin: Policy::Base(PermissionsPolicy::Deny), ..before() }
    );
    for field in [GROUP_NAME, DISAPPEAR_IN, "brand_new"] {
        let policy = AccessPolicy::SuperAdmin;
        let policies = changed(PolicyChange::UpdateMetadata { field: field.to_owned(), policy });
        assert!(!policies.allows_metadata_change(field, Role::Admin));
        assert!(policies.allows_metadata_change(field, Role::SuperAdmin));
        let others = policies.update_metadata.iter().filter(|(name, _)| *name != field);
        assert!(others.eq(before().update_metadata.iter().filter(|(name, _)| *name != field)));
    }
}
