//! Who may do what in a conversation: the extension `0xff02` (PROTOCOL.md 4.2, 4.4).

use std::collections::BTreeMap;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;

use crate::group::mutable_metadata::{
    DISAPPEAR_FROM, DISAPPEAR_IN, MINIMUM_VERSION, POLICY_FIELDS, Role, SUPER_ADMIN_PREFIX,
};

mod change;
mod wire_policy;

pub use change::PolicyChange;

/// The extension type.
pub const EXTENSION_ID: u16 = 0xff02;

/// A condition on who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy<B> {
    /// A simple condition.
    Base(B),
    /// All of these; never empty on the wire.
    And(Vec<Policy<B>>),
    /// At least one of these; never empty on the wire.
    Any(Vec<Policy<B>>),
}

/// The simple conditions for changing members and metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessPolicy {
    /// Everybody may.
    Allow,
    /// Nobody may.
    Deny,
    /// Admins and super admins may.
    Admin,
    /// Super admins may.
    SuperAdmin,
}

/// The simple conditions for changing admins and permissions. "Everybody" does not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermissionsPolicy {
    /// Nobody may.
    Deny,
    /// Admins and super admins may.
    Admin,
    /// Super admins may.
    SuperAdmin,
}

/// Who may add or remove members.
pub type MembershipPolicy = Policy<AccessPolicy>;
/// Who may change an attribute.
pub type MetadataPolicy = Policy<AccessPolicy>;
/// Who may change admins or permissions.
pub type PermissionsUpdatePolicy = Policy<PermissionsPolicy>;

/// A simple condition.
pub trait BasePolicy {
    /// Whether an inbox of this role may act.
    fn allows(&self, role: Role) -> bool;
}

impl BasePolicy for AccessPolicy {
    fn allows(&self, role: Role) -> bool {
        match self {
            Self::Allow => true,
            Self::Deny => false,
            Self::Admin => role >= Role::Admin,
            Self::SuperAdmin => role >= Role::SuperAdmin,
        }
    }
}

impl BasePolicy for PermissionsPolicy {
    fn allows(&self, role: Role) -> bool {
        match self {
            Self::Deny => false,
            Self::Admin => role >= Role::Admin,
            Self::SuperAdmin => role >= Role::SuperAdmin,
        }
    }
}

impl<B: BasePolicy> Policy<B> {
    /// Whether an inbox of this role may act.
    #[must_use]
    pub fn allows(&self, role: Role) -> bool {
        match self {
            Self::Base(base) => base.allows(role),
            Self::And(policies) => policies.iter().all(|policy| policy.allows(role)),
            Self::Any(policies) => policies.iter().any(|policy| policy.allows(role)),
        }
    }
}

/// All policies of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySet {
    /// Who may add inboxes.
    pub add_member: MembershipPolicy,
    /// Who may remove inboxes.
    pub remove_member: MembershipPolicy,
    /// Who may change an attribute, by its name.
    pub update_metadata: BTreeMap<String, MetadataPolicy>,
    /// Who may make admins.
    pub add_admin: PermissionsUpdatePolicy,
    /// Who may unmake admins.
    pub remove_admin: PermissionsUpdatePolicy,
    /// Who may change the policies. Written for others to read: only super admins can, whatever it says.
    pub update_permissions: PermissionsUpdatePolicy,
}

/// A well-known set of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    /// [`PolicySet::all_members`].
    AllMembers,
    /// [`PolicySet::admins_only`].
    AdminsOnly,
}

/// The data of an extension `0xff02` is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The data is not the protobuf message, or conditions are nested deeper than protobuf readers go.
    #[error("the permissions are not a GroupMutablePermissionsV1")]
    Malformed,
    /// One of the policies is not there.
    #[error("a policy is missing: {0}")]
    Missing(&'static str),
    /// A policy is unspecified, unknown, or a combination of nothing.
    #[error("a policy is not valid")]
    Invalid,
}

impl PolicyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "group.permissions.malformed",
            Self::Missing(_) => "group.permissions.missing",
            Self::Invalid => "group.permissions.invalid",
        }
    }
}

/// The policy of an attribute in the presets for groups, where the texts follow `texts`.
fn preset_field_policy(field: &str, texts: AccessPolicy) -> MetadataPolicy {
    Policy::Base(match field {
        DISAPPEAR_FROM | DISAPPEAR_IN => AccessPolicy::Admin,
        MINIMUM_VERSION => AccessPolicy::SuperAdmin,
        _ => texts,
    })
}

impl PolicySet {
    /// The default of groups: every member may add members and change texts.
    #[must_use]
    pub fn all_members() -> Self {
        Self::for_group(AccessPolicy::Allow)
    }

    /// Only admins may add members and change texts.
    #[must_use]
    pub fn admins_only() -> Self {
        Self::for_group(AccessPolicy::Admin)
    }

    fn for_group(everyday: AccessPolicy) -> Self {
        let field = |field: &str| (field.to_owned(), preset_field_policy(field, everyday));
        Self {
            add_member: Policy::Base(everyday),
            remove_member: Policy::Base(AccessPolicy::Admin),
            update_metadata: POLICY_FIELDS.into_iter().map(field).collect(),
            add_admin: Policy::Base(PermissionsPolicy::SuperAdmin),
            remove_admin: Policy::Base(PermissionsPolicy::SuperAdmin),
            update_permissions: Policy::Base(PermissionsPolicy::SuperAdmin),
        }
    }

    /// The policies of a DM: both may change the metadata, and nobody anything else.
    #[must_use]
    pub fn dm() -> Self {
        let field = |field: &str| (field.to_owned(), Policy::Base(AccessPolicy::Allow));
        Self {
            add_member: Policy::Base(AccessPolicy::Deny),
            remove_member: Policy::Base(AccessPolicy::Deny),
            update_metadata: POLICY_FIELDS.into_iter().map(field).collect(),
            add_admin: Policy::Base(PermissionsPolicy::Deny),
            remove_admin: Policy::Base(PermissionsPolicy::Deny),
            update_permissions: Policy::Base(PermissionsPolicy::Deny),
        }
    }

    /// The preset that these policies are. Attributes without a policy do not matter: groups of older and newer
    /// versions have fewer or more of them (FEATURES.md PM-06).
    #[must_use]
    pub fn preset(&self) -> Option<Preset> {
        let is = |texts: AccessPolicy| {
            let preset = Self::for_group(texts);
            let same_fields = self
                .update_metadata
                .iter()
                .all(|(field, policy)| *policy == preset_field_policy(field, texts));
            same_fields && *self == Self { update_metadata: self.update_metadata.clone(), ..preset }
        };
        if is(AccessPolicy::Allow) {
            Some(Preset::AllMembers)
        } else if is(AccessPolicy::Admin) {
            Some(Preset::AdminsOnly)
        } else {
            None
        }
    }

    /// Whether an inbox of this role may change an attribute. An attribute without a policy is for admins, or
    /// for super admins when its name begins with an underscore.
    #[must_use]
    pub fn allows_metadata_change(&self, field: &str, role: Role) -> bool {
        match self.update_metadata.get(field) {
            Some(policy) => policy.allows(role),
            None if field.starts_with(SUPER_ADMIN_PREFIX) => role >= Role::SuperAdmin,
            None => role >= Role::Admin,
        }
    }

    /// Whether these policies leave the members, admins and policies of a DM alone: whatever role somebody had,
    /// none of the five would let them act (PROTOCOL.md 4.8, FEATURES.md W-01).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let role = Role::SuperAdmin;
        !self.add_member.allows(role)
            && !self.remove_member.allows(role)
            && !self.add_admin.allows(role)
            && !self.remove_admin.allows(role)
            && !self.update_permissions.allows(role)
    }

    /// The extension data: a `GroupMutablePermissionsV1`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let metadata = self.update_metadata.iter();
        let policies = wire::PolicySet {
            add_member_policy: Some((&self.add_member).into()),
            remove_member_policy: Some((&self.remove_member).into()),
            update_metadata_policy: metadata.map(|(field, policy)| (field.clone(), policy.into())).collect(),
            add_admin_policy: Some((&self.add_admin).into()),
            remove_admin_policy: Some((&self.remove_admin).into()),
            update_permissions_policy: Some((&self.update_permissions).into()),
        };
        wire::GroupMutablePermissionsV1 { policies: Some(policies) }.encode_to_vec()
    }

    /// Reads extension data. Conditions may be nested as deep as protobuf readers go, which is what official
    /// clients accept; a limit of our own would part us from them.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn decode(data: &[u8]) -> Result<Self, PolicyError> {
        let message = wire::GroupMutablePermissionsV1::decode(data).map_err(|_| PolicyError::Malformed)?;
        let policies = message.policies.ok_or(PolicyError::Missing("all"))?;
        let mut update_metadata = BTreeMap::new();
        for (field, policy) in policies.update_metadata_policy {
            update_metadata.insert(field, policy.try_into()?);
        }
        let missing = PolicyError::Missing;
        Ok(Self {
            add_member: policies.add_member_policy.ok_or(missing("add member"))?.try_into()?,
            remove_member: policies.remove_member_policy.ok_or(missing("remove member"))?.try_into()?,
            update_metadata,
            add_admin: policies.add_admin_policy.ok_or(missing("add admin"))?.try_into()?,
            remove_admin: policies.remove_admin_policy.ok_or(missing("remove admin"))?.try_into()?,
            update_permissions: policies
                .update_permissions_policy
                .ok_or(missing("update permissions"))?
                .try_into()?,
        })
    }
}
