//! Which commits a member accepts (PROTOCOL.md 4.3 to 4.5, 4.8; FEATURES.md RX-08).
//!
//! All members have to decide alike: who refuses what the others accept is alone in an old epoch. So these are
//! the rules of official clients, with what is odd about them. One rule is stricter: the immutable metadata may
//! not change, which no official client ever does.

use std::collections::BTreeSet;

use crate::cursor::SequenceId;
use crate::group::commit_summary::{CommitSummary, LeafMember};
use crate::group::context::GroupContext;
use crate::group::membership::{InstallationStates, MembershipDiff};
use crate::group::mutable_metadata::{Role, check_length};
use crate::ids::{InboxId, InstallationId};
use crate::version::ProtocolVersion;

mod effects;
#[cfg(test)]
mod judgement_tests;
#[cfg(test)]
mod policy_tests;
mod violation;

pub use effects::CommitEffects;
pub use violation::CommitViolation;

/// What to do with a commit that breaks no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Apply it.
    Accept(Box<CommitEffects>),
    /// Leave it, and everything after it, until this software supports the version: the group is paused.
    Pause {
        /// The version that the group asks for.
        minimum: String,
    },
}

/// A commit with the shared state that it leads to.
struct Change<'a> {
    before: &'a GroupContext,
    after: GroupContext,
    summary: &'a CommitSummary,
    diff: MembershipDiff,
    /// The committer as the commit's own path names it, in whose name metadata and policies change.
    actor: LeafMember,
}

/// The association states that [`judge_commit`] needs for this commit: each at exactly this sequence id.
///
/// # Errors
/// [`CommitViolation`] when the commit breaks a rule whatever the states are.
pub fn facts_needed(
    before: &GroupContext,
    leaves: &[LeafMember],
    summary: &CommitSummary,
) -> Result<Vec<(InboxId, SequenceId)>, CommitViolation> {
    let change = Change::read(before, leaves, summary)?;
    let mut facts = before.membership.changed_states(&change.after.membership);
    for leaf in change.credentials() {
        let sequence_id = change.sequence_id_to_verify(&leaf)?;
        // Nothing can be known at zero; the judgement refuses it.
        let sequence_id = sequence_id.filter(|sequence_id| *sequence_id > SequenceId::default());
        facts.extend(sequence_id.map(|sequence_id| (leaf.inbox_id, sequence_id)));
    }
    Ok(facts.into_iter().collect())
}

/// Judges a commit. `before` and `leaves` are the group's state that it applies to, `claimed` is the version whose
/// rules this software implements. A state of [`facts_needed`] that `states` lacks is one that does not exist.
///
/// # Errors
/// [`CommitViolation`]: the commit is to be discarded, its epoch stays.
pub fn judge_commit(
    before: &GroupContext,
    leaves: &[LeafMember],
    summary: &CommitSummary,
    states: &InstallationStates,
    claimed: &ProtocolVersion,
) -> Result<Verdict, CommitViolation> {
    let change = Change::read(before, leaves, summary)?;
    let readded = change.check_installations(leaves, states)?;
    change.check_credentials(states)?;
    let effects = change.effects(readded);
    for changed in &effects.metadata_changes {
        check_length(&changed.field, changed.new_value.as_deref().unwrap_or_default())?;
    }
    change.check_members_policies()?;
    change.check_metadata_policies(&effects)?;
    if let Some(minimum) = change.after.mutable.minimum_version() {
        // Official clients refuse every commit of a group that asks for something that is no version.
        let parsed = ProtocolVersion::parse(minimum).map_err(|_| CommitViolation::MalformedVersion)?;
        if parsed > *claimed {
            return Ok(Verdict::Pause { minimum: minimum.to_owned() });
        }
    }
    Ok(Verdict::Accept(Box::new(effects)))
}

impl<'a> Change<'a> {
    /// Reads what the commit leads to, and refuses what needs no further facts to be refused.
    fn read(
        before: &'a GroupContext,
        leaves: &[LeafMember],
        summary: &'a CommitSummary,
    ) -> Result<Self, CommitViolation> {
        if let Some(name) = summary.forbidden_proposals.first() {
            return Err(CommitViolation::ForbiddenProposal(name));
        }
        if !leaves.contains(&summary.committer) {
            return Err(CommitViolation::CommitterNotAMember);
        }
        let after = match &summary.extensions {
            None => before.clone(),
            Some(extensions) => GroupContext::parse(extensions)?,
        };
        if after.immutable != before.immutable {
            return Err(CommitViolation::ImmutableMetadataChanged);
        }
        let diff = before.membership.diff(&after.membership);
        for inbox_id in &diff.updated {
            if after.membership.sequence_id(*inbox_id) < before.membership.sequence_id(*inbox_id) {
                return Err(CommitViolation::SequenceIdDecreased(*inbox_id));
            }
        }
        // No log has an update numbered zero, so official clients find no state there.
        let zero = Some(SequenceId::default());
        let added = diff.added.iter().find(|inbox_id| after.membership.sequence_id(**inbox_id) == zero);
        let removed = diff.removed.iter().find(|inbox_id| before.membership.sequence_id(**inbox_id) == zero);
        if let Some(inbox_id) = added.or(removed) {
            return Err(CommitViolation::NoSequenceId(*inbox_id));
        }
        let own_path = summary.updated.iter().find(|(old, _)| *old == summary.committer);
        let actor = own_path.map_or(summary.committer, |(_, new)| *new);
        Ok(Self { before, after, summary, diff, actor })
    }

    /// The leaves whose credentials have to hold: the committer's and those that Update proposals bring.
    fn credentials(&self) -> BTreeSet<LeafMember> {
        self.summary.updated.iter().map(|(_, new)| *new).chain([self.actor]).collect()
    }

    /// Where in its identity log an inbox has to have the leaf's installation. `None` for the creator whose
    /// entry still is zero: its only leaf is the one that made the group.
    fn sequence_id_to_verify(&self, leaf: &LeafMember) -> Result<Option<SequenceId>, CommitViolation> {
        let after = self.after.membership.sequence_id(leaf.inbox_id);
        let after = after.ok_or(CommitViolation::NotInMembership(leaf.inbox_id))?;
        let unchanged_leaf = self.summary.updated.iter().all(|(old, new)| new != leaf || old == new);
        Ok((after != SequenceId::default() || !unchanged_leaf).then_some(after))
    }

    fn check_credentials(&self, states: &InstallationStates) -> Result<(), CommitViolation> {
        for leaf in self.credentials() {
            let Some(sequence_id) = self.sequence_id_to_verify(&leaf)? else { continue };
            if !states.get(leaf.inbox_id, sequence_id)?.contains(&leaf.installation_id) {
                return Err(CommitViolation::InvalidCredential(leaf.inbox_id));
            }
        }
        Ok(())
    }

    /// The leaves that come and go have to be those that the memberships and identity logs imply. Gives the
    /// installations that a super admin adds anew, which are exempt.
    fn check_installations(
        &self,
        leaves: &[LeafMember],
        states: &InstallationStates,
    ) -> Result<BTreeSet<InstallationId>, CommitViolation> {
        let ids = |leaves: &[LeafMember]| -> BTreeSet<InstallationId> {
            leaves.iter().map(|leaf| leaf.installation_id).collect()
        };
        let mut added = ids(&self.summary.added);
        let mut removed = ids(&self.summary.removed);
        let mut failed = self.after.membership.failed_installations.clone();
        let mut readded = BTreeSet::new();
        if self.before.mutable.role(self.actor.inbox_id) == Role::SuperAdmin {
            readded = &added & &removed;
            added = &added - &readded;
            removed = &removed - &readded;
            // Removed to be added anew, but its key package failed.
            let lost = &failed & &removed;
            failed = &failed - &lost;
            removed = &removed - &lost;
            readded.extend(lost);
        }
        let expected = states.expected(&self.before.membership, &self.after.membership)?;
        let may_come: BTreeSet<InstallationId> =
            expected.added.iter().map(|member| member.installation_id).chain(ids(leaves)).collect();
        // Expected additions that are missing are tolerated: their key packages failed.
        if let Some(installation_id) = added.difference(&may_come).next() {
            return Err(CommitViolation::UnexpectedInstallationAdded(*installation_id));
        }
        let must_go = &expected.removed - &failed;
        match removed.symmetric_difference(&must_go).next() {
            None => Ok(readded),
            Some(id) if removed.contains(id) => Err(CommitViolation::UnexpectedInstallationRemoved(*id)),
            Some(id) => Err(CommitViolation::InstallationNotRemoved(*id)),
        }
    }

    /// Who may bring and take away inboxes: judged by the policies and roles of before.
    fn check_members_policies(&self) -> Result<(), CommitViolation> {
        let GroupContext { immutable, mutable, permissions, .. } = self.before;
        let proposer = mutable.role(self.summary.committer.inbox_id);
        let is_dm_add = self.diff.added.len() == 1
            && self
                .diff
                .added
                .iter()
                .all(|added| immutable.is_dm_member(*added) && *added != self.actor.inbox_id);
        if !self.diff.added.is_empty() && !is_dm_add && !permissions.add_member.allows(proposer) {
            return Err(CommitViolation::NotPermitted("add members"));
        }
        if !self.diff.removed.is_empty() && !permissions.remove_member.allows(proposer) {
            return Err(CommitViolation::NotPermitted("remove members"));
        }
        if self.diff.removed.iter().any(|removed| mutable.role(*removed) == Role::SuperAdmin) {
            return Err(CommitViolation::NotPermitted("remove a super admin"));
        }
        Ok(())
    }

    /// Who may change attributes, admins and policies: judged by the policies and roles of before.
    fn check_metadata_policies(&self, effects: &CommitEffects) -> Result<(), CommitViolation> {
        let (before, after) = (&self.before.mutable, &self.after.mutable);
        let permissions = &self.before.permissions;
        let actor = before.role(self.actor.inbox_id);
        let mut changes = effects.metadata_changes.iter();
        if changes.any(|change| !permissions.allows_metadata_change(&change.field, actor)) {
            return Err(CommitViolation::NotPermitted("change an attribute"));
        }
        if !after.admins.without(&before.admins).is_empty() && !permissions.add_admin.allows(actor) {
            return Err(CommitViolation::NotPermitted("add admins"));
        }
        if !before.admins.without(&after.admins).is_empty() && !permissions.remove_admin.allows(actor) {
            return Err(CommitViolation::NotPermitted("remove admins"));
        }
        if after.super_admins != before.super_admins {
            if actor != Role::SuperAdmin {
                return Err(CommitViolation::NotPermitted("change super admins"));
            }
            if after.super_admins.is_empty() {
                return Err(CommitViolation::NotPermitted("remove the last super admin"));
            }
        }
        if effects.permissions_changed && actor != Role::SuperAdmin {
            return Err(CommitViolation::NotPermitted("change permissions"));
        }
        Ok(())
    }

    fn effects(&self, readded_installations: BTreeSet<InstallationId>) -> CommitEffects {
        let effects = CommitEffects::between(self.actor.inbox_id, self.before, self.after.clone());
        CommitEffects { readded_installations, ..effects }
    }
}
