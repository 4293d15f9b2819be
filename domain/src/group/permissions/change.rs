//! Changing one policy of a set (FEATURES.md PM-09).

use super::{AccessPolicy, PermissionsPolicy, Policy, PolicySet};

/// The change of one policy to a simple condition. Who may change policies cannot be changed: only super admins
/// can, whatever that policy says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyChange {
    /// Who may add inboxes.
    AddMember(AccessPolicy),
    /// Who may remove inboxes.
    RemoveMember(AccessPolicy),
    /// Who may make admins.
    AddAdmin(PermissionsPolicy),
    /// Who may unmake admins.
    RemoveAdmin(PermissionsPolicy),
    /// Who may change an attribute.
    UpdateMetadata {
        /// The attribute's name (PROTOCOL.md 4.2).
        field: String,
        /// Who may change it.
        policy: AccessPolicy,
    },
}

impl PolicyChange {
    /// Changes the policy.
    pub fn apply(&self, policies: &mut PolicySet) {
        match self {
            Self::AddMember(policy) => policies.add_member = Policy::Base(*policy),
            Self::RemoveMember(policy) => policies.remove_member = Policy::Base(*policy),
            Self::AddAdmin(policy) => policies.add_admin = Policy::Base(*policy),
            Self::RemoveAdmin(policy) => policies.remove_admin = Policy::Base(*policy),
            Self::UpdateMetadata { field, policy } => {
                policies.update_metadata.insert(field.clone(), Policy::Base(*policy));
            }
        }
    }
}
