//! Making and unmaking admins and super admins (PROTOCOL.md 4.2, 4.4).

use crate::group::mutable_metadata::MutableMetadata;
use crate::ids::InboxId;

/// Which list changes, and how. The lists do not depend on one another: a super admin may be in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleChangeKind {
    /// Into the list of admins.
    AddAdmin,
    /// Out of the list of admins.
    RemoveAdmin,
    /// Into the list of super admins.
    AddSuperAdmin,
    /// Out of the list of super admins; the last one stays.
    RemoveSuperAdmin,
}

impl RoleChangeKind {
    /// Whether somebody gains by it.
    #[must_use]
    pub const fn is_addition(self) -> bool {
        matches!(self, Self::AddAdmin | Self::AddSuperAdmin)
    }
}

/// A change of one entry of one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleChange {
    /// Which list, and how.
    pub kind: RoleChangeKind,
    /// Whose entry.
    pub inbox_id: InboxId,
}

impl RoleChange {
    /// Changes the list. What is so already stays so.
    pub fn apply(&self, metadata: &mut MutableMetadata) {
        let MutableMetadata { admins, super_admins, .. } = metadata;
        match self.kind {
            RoleChangeKind::AddAdmin => admins.inboxes.insert(self.inbox_id),
            RoleChangeKind::RemoveAdmin => admins.inboxes.remove(&self.inbox_id),
            RoleChangeKind::AddSuperAdmin => super_admins.inboxes.insert(self.inbox_id),
            RoleChangeKind::RemoveSuperAdmin => super_admins.inboxes.remove(&self.inbox_id),
        };
    }
}
