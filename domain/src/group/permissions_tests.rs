use hexmtp_proto::xmtp::mls::message_contents as wire;
use proptest::prelude::*;
use prost::Message;

use crate::group::fixtures::captured_at;
use crate::group::mutable_metadata::*;
use crate::group::permissions::*;

const ROLES: [Role; 3] = [Role::Member, Role::Admin, Role::SuperAdmin];

/// R-GRP-014
#[test]
fn presets_are_those_of_official_clients() {
    assert_eq!(PolicySet::all_members(), captured_at("ede1e8a2", 1).permissions);
    assert_eq!(PolicySet::dm(), captured_at("4bf6fbb9", 1).permissions);
    let admins_only = PolicySet::admins_only();
    assert_eq!(admins_only.add_member, Policy::Base(AccessPolicy::Admin));
    assert_eq!(admins_only.remove_member, Policy::Base(AccessPolicy::Admin));
    for field in [GROUP_NAME, DESCRIPTION, IMAGE_URL, APP_DATA, DISAPPEAR_FROM, DISAPPEAR_IN] {
        assert_eq!(admins_only.update_metadata[field], Policy::Base(AccessPolicy::Admin), "{field}");
    }
    assert_eq!(admins_only.update_metadata[MINIMUM_VERSION], Policy::Base(AccessPolicy::SuperAdmin));
    assert_eq!(admins_only.add_admin, Policy::Base(PermissionsPolicy::SuperAdmin));
    assert_eq!(admins_only.remove_admin, Policy::Base(PermissionsPolicy::SuperAdmin));
    assert_eq!(admins_only.update_permissions, Policy::Base(PermissionsPolicy::SuperAdmin));
}

/// R-GRP-015
#[test]
fn a_preset_is_recognised_by_the_policies_that_are_there() {
    assert_eq!(PolicySet::all_members().preset(), Some(Preset::AllMembers));
    assert_eq!(PolicySet::admins_only().preset(), Some(Preset::AdminsOnly));
    assert_eq!(PolicySet::dm().preset(), None);
    let mut fewer = PolicySet::admins_only();
    fewer.update_metadata.remove(APP_DATA);
    fewer.update_metadata.insert("newer_field".to_owned(), Policy::Base(AccessPolicy::Admin));
    assert_eq!(fewer.preset(), Some(Preset::AdminsOnly));
    fewer.update_metadata.insert("newer_field".to_owned(), Policy::Base(AccessPolicy::Allow));
    assert_eq!(fewer.preset(), None);
    // The captured group changed one policy: who may add members.
    assert_eq!(captured_at("22f1f110", 12).permissions.preset(), None);
}

/// R-GRP-016
#[test]
fn simple_conditions_look_at_the_role() {
    let access = [
        (AccessPolicy::Allow, [true, true, true]),
        (AccessPolicy::Deny, [false, false, false]),
        (AccessPolicy::Admin, [false, true, true]),
        (AccessPolicy::SuperAdmin, [false, false, true]),
    ];
    for (policy, expected) in access {
        assert_eq!(ROLES.map(|role| Policy::Base(policy).allows(role)), expected, "{policy:?}");
    }
    let permissions = [
        (PermissionsPolicy::Deny, [false, false, false]),
        (PermissionsPolicy::Admin, [false, true, true]),
        (PermissionsPolicy::SuperAdmin, [false, false, true]),
    ];
    for (policy, expected) in permissions {
        assert_eq!(ROLES.map(|role| Policy::Base(policy).allows(role)), expected, "{policy:?}");
    }
}

#[test]
fn combined_conditions_need_all_or_any() {
    let allow = || Policy::Base(AccessPolicy::Allow);
    let admin = || Policy::Base(AccessPolicy::Admin);
    let deny = || Policy::Base(AccessPolicy::Deny);
    assert!(!Policy::And(vec![allow(), admin()]).allows(Role::Member));
    assert!(Policy::And(vec![allow(), admin()]).allows(Role::Admin));
    assert!(Policy::Any(vec![deny(), admin()]).allows(Role::Admin));
    assert!(!Policy::Any(vec![deny(), admin()]).allows(Role::Member));
    assert!(!Policy::And(vec![Policy::Any(vec![allow()]), deny()]).allows(Role::SuperAdmin));
}

/// R-GRP-017
#[test]
fn attributes_without_a_policy_are_for_admins_or_super_admins() {
    let policies = PolicySet::all_members();
    let allowed = |field: &str| ROLES.map(|role| policies.allows_metadata_change(field, role));
    assert_eq!(allowed(GROUP_NAME), [true, true, true]);
    assert_eq!(allowed("unknown"), [false, true, true]);
    assert_eq!(allowed(COMMIT_LOG_SIGNER), [false, false, true]);
    // A policy that is there counts, whatever the name.
    let mut policies = PolicySet::all_members();
    policies.update_metadata.insert("_open".to_owned(), Policy::Base(AccessPolicy::Allow));
    assert!(policies.allows_metadata_change("_open", Role::Member));
}

/// R-GRP-018
#[test]
fn invalid_policies_are_refused() {
    let good =
        || wire::GroupMutablePermissionsV1::decode(PolicySet::all_members().encode().as_slice()).unwrap();
    let decode = |change: &dyn Fn(&mut wire::PolicySet)| {
        let mut message = good();
        change(message.policies.as_mut().unwrap());
        PolicySet::decode(&message.encode_to_vec())
    };
    let member = |kind| Some(wire::MembershipPolicy { kind });
    let permission = |kind| Some(wire::PermissionsUpdatePolicy { kind });
    use wire::membership_policy::{AndCondition, AnyCondition, Kind};
    use wire::permissions_update_policy::Kind as PermissionKind;
    assert!(decode(&|_| {}).is_ok());
    assert_eq!(decode(&|set| set.add_member_policy = None), Err(PolicyError::Missing("add member")));
    assert_eq!(decode(&|set| set.remove_member_policy = None), Err(PolicyError::Missing("remove member")));
    assert_eq!(decode(&|set| set.add_admin_policy = None), Err(PolicyError::Missing("add admin")));
    assert_eq!(decode(&|set| set.remove_admin_policy = None), Err(PolicyError::Missing("remove admin")));
    let error = Err(PolicyError::Missing("update permissions"));
    assert_eq!(decode(&|set| set.update_permissions_policy = None), error);
    assert_eq!(PolicySet::decode(&[]), Err(PolicyError::Missing("all")));
    assert_eq!(PolicySet::decode(&[0xff]), Err(PolicyError::Malformed));
    for number in [0, 5, -1] {
        assert_eq!(
            decode(&|set| set.add_member_policy = member(Some(Kind::Base(number)))),
            Err(PolicyError::Invalid)
        );
    }
    for number in [0, 4] {
        let kind = Some(PermissionKind::Base(number));
        assert_eq!(decode(&|set| set.add_admin_policy = permission(kind.clone())), Err(PolicyError::Invalid));
    }
    assert_eq!(decode(&|set| set.add_member_policy = member(None)), Err(PolicyError::Invalid));
    let empty = Kind::AndCondition(AndCondition { policies: Vec::new() });
    assert_eq!(decode(&|set| set.add_member_policy = member(Some(empty.clone()))), Err(PolicyError::Invalid));
    let empty = Kind::AnyCondition(AnyCondition { policies: Vec::new() });
    assert_eq!(
        decode(&|set| set.remove_member_policy = member(Some(empty.clone()))),
        Err(PolicyError::Invalid)
    );
    let unset = wire::MetadataPolicy { kind: None };
    let change = |set: &mut wire::PolicySet| {
        set.update_metadata_policy.insert("x".to_owned(), unset.clone());
    };
    assert_eq!(decode(&change), Err(PolicyError::Invalid));
}

/// R-GRP-019
#[test]
fn nesting_is_followed_as_deep_as_protobuf_readers_go() {
    let nested = |depth: usize| {
        let mut policies = PolicySet::all_members();
        for _ in 0..depth {
            policies.add_member = Policy::And(vec![policies.add_member]);
        }
        policies
    };
    assert_eq!(PolicySet::decode(&nested(40).encode()), Ok(nested(40)));
    for depth in [60, 2000] {
        assert_eq!(PolicySet::decode(&nested(depth).encode()), Err(PolicyError::Malformed));
    }
}

/// R-GRP-020
#[test]
fn only_policies_that_deny_everything_are_closed() {
    assert!(PolicySet::dm().is_closed());
    let open: [fn(&mut PolicySet); 5] = [
        |set| set.add_member = Policy::Base(AccessPolicy::SuperAdmin),
        |set| set.remove_member = Policy::Base(AccessPolicy::Admin),
        |set| set.add_admin = Policy::Base(PermissionsPolicy::SuperAdmin),
        |set| set.remove_admin = Policy::Base(PermissionsPolicy::Admin),
        |set| set.update_permissions = Policy::Any(vec![Policy::Base(PermissionsPolicy::SuperAdmin)]),
    ];
    for change in open {
        let mut policies = PolicySet::dm();
        change(&mut policies);
        assert!(!policies.is_closed(), "{policies:?}");
    }
    let mut same = PolicySet::dm();
    same.add_member = Policy::And(vec![Policy::Base(AccessPolicy::Allow), Policy::Base(AccessPolicy::Deny)]);
    assert!(same.is_closed());
}

fn any_policy<B: Copy + std::fmt::Debug + 'static>(bases: &'static [B]) -> impl Strategy<Value = Policy<B>> {
    let leaf = prop::sample::select(bases).prop_map(Policy::Base);
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Policy::And),
            prop::collection::vec(inner, 1..4).prop_map(Policy::Any),
        ]
    })
}

const ACCESS: &[AccessPolicy] =
    &[AccessPolicy::Allow, AccessPolicy::Deny, AccessPolicy::Admin, AccessPolicy::SuperAdmin];
const PERMISSIONS: &[PermissionsPolicy] =
    &[PermissionsPolicy::Deny, PermissionsPolicy::Admin, PermissionsPolicy::SuperAdmin];

prop_compose! {
    fn any_policies()(
        add_member in any_policy(ACCESS),
        remove_member in any_policy(ACCESS),
        update_metadata in prop::collection::btree_map("[_a-z]{1,4}", any_policy(ACCESS), 0..4),
        add_admin in any_policy(PERMISSIONS),
        remove_admin in any_policy(PERMISSIONS),
        update_permissions in any_policy(PERMISSIONS),
    ) -> PolicySet {
        PolicySet { add_member, remove_member, update_metadata, add_admin, remove_admin, update_permissions }
    }
}

proptest! {
    #[test]
    fn policies_survive_encoding(policies in any_policies()) {
        prop_assert_eq!(PolicySet::decode(&policies.encode()), Ok(policies));
    }

    /// More power never allows less, on which `is_closed` rests.
    #[test]
    fn policies_follow_the_order_of_roles(policy in any_policy(ACCESS)) {
        let [member, admin, super_admin] = ROLES.map(|role| policy.allows(role));
        prop_assert!(member <= admin && admin <= super_admin);
    }
}
