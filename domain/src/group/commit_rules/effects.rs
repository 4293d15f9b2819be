//! What an accepted commit changes.

use std::collections::BTreeSet;

use crate::group::context::GroupContext;
use crate::group::mutable_metadata::MetadataChange;
use crate::ids::{InboxId, InstallationId};

/// What an accepted commit changes in the shared state. Lists are in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitEffects {
    /// The inbox that made the commit.
    pub initiator: InboxId,
    /// The shared state after the commit.
    pub after: GroupContext,
    /// Inboxes that became members.
    pub added_inboxes: Vec<InboxId>,
    /// Inboxes that are no longer members.
    pub removed_inboxes: Vec<InboxId>,
    /// Attributes that have another value.
    pub metadata_changes: Vec<MetadataChange>,
    /// Inboxes that became admins.
    pub added_admins: Vec<InboxId>,
    /// Inboxes that are no longer admins.
    pub removed_admins: Vec<InboxId>,
    /// Inboxes that became super admins.
    pub added_super_admins: Vec<InboxId>,
    /// Inboxes that are no longer super admins.
    pub removed_super_admins: Vec<InboxId>,
    /// Whether the policies are others than before.
    pub permissions_changed: bool,
    /// Installations that a super admin removed to add them anew (PROTOCOL.md 7.3).
    pub readded_installations: BTreeSet<InstallationId>,
}

impl CommitEffects {
    /// What changes from one shared state to the next. Readded installations leave no trace in it.
    #[must_use]
    pub fn between(initiator: InboxId, before: &GroupContext, after: GroupContext) -> Self {
        let new_in = |later: &BTreeSet<InboxId>, earlier: &BTreeSet<InboxId>| -> Vec<InboxId> {
            later.difference(earlier).copied().collect()
        };
        let diff = before.membership.diff(&after.membership);
        let (old, new) = (&before.mutable, &after.mutable);
        Self {
            initiator,
            added_inboxes: diff.added.into_iter().collect(),
            removed_inboxes: diff.removed.into_iter().collect(),
            metadata_changes: old.changes(new),
            added_admins: new_in(&new.admins.inboxes, &old.admins.inboxes),
            removed_admins: new_in(&old.admins.inboxes, &new.admins.inboxes),
            added_super_admins: new_in(&new.super_admins.inboxes, &old.super_admins.inboxes),
            removed_super_admins: new_in(&old.super_admins.inboxes, &new.super_admins.inboxes),
            permissions_changed: after.permissions != before.permissions,
            readded_installations: BTreeSet::new(),
            after,
        }
    }
}
