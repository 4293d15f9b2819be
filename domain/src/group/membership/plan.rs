//! The sender's side of a membership commit: what to add, what to remove, what to write (PROTOCOL.md 4.3).

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::cursor::SequenceId;
use crate::group::commit_summary::LeafMember;
use crate::group::membership::{GroupMembership, InstallationStates, MAX_GROUP_SIZE, UnknownState};
use crate::ids::{InboxId, InstallationId};

/// Who is to come and to go. With both lists empty the commit only follows installations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Inboxes to add. Members are passed over.
    pub add: &'a [InboxId],
    /// Inboxes to remove. Others than members are passed over.
    pub remove: &'a [InboxId],
}

/// What a membership commit does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipPlan {
    /// The membership after the commit.
    pub membership: GroupMembership,
    /// The installations whose key packages are to be added, in order.
    pub add_installations: Vec<LeafMember>,
    /// The installations whose leaves are to be removed, in order. Each of them has a leaf.
    pub remove_installations: Vec<InstallationId>,
    /// Inboxes that were wanted and stay outside: none of their installations has a usable key package.
    pub unreachable: Vec<InboxId>,
    is_noop: bool,
}

/// Why a membership commit cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MembershipError {
    /// These inboxes have no identity log, so they cannot be members.
    #[error("{} inboxes have no identity log", .0.len())]
    UnknownInboxes(Vec<InboxId>),
    /// The group would hold more inboxes than it may.
    #[error("a group may hold {limit} inboxes, not {actual}")]
    TooManyMembers {
        /// The most inboxes of a group.
        limit: usize,
        /// How many it would have.
        actual: usize,
    },
    /// A commit cannot remove the inbox that makes it: receivers would refuse it.
    #[error("a member cannot remove its own inbox by a commit")]
    RemovesOwnInbox,
    /// The own installation was revoked: its leaf would have to go.
    #[error("this installation is revoked and cannot change the membership")]
    OwnInstallationRevoked,
    /// The maker of the commit is no member.
    #[error("this inbox is not a member of the group")]
    NotAMember,
    /// None of the inboxes to add has an installation with a usable key package.
    #[error("none of the {} inboxes to add has a usable key package", .0.len())]
    NoUsableKeyPackage(Vec<InboxId>),
    /// A state of [`facts_for_plan`] was not given.
    #[error(transparent)]
    UnknownState(#[from] UnknownState),
}

impl MembershipError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownInboxes(_) => "group.membership.unknown_inboxes",
            Self::TooManyMembers { .. } => "group.membership.too_many_members",
            Self::RemovesOwnInbox => "group.membership.removes_own_inbox",
            Self::OwnInstallationRevoked => "group.membership.own_installation_revoked",
            Self::NotAMember => "group.membership.not_a_member",
            Self::NoUsableKeyPackage(_) => "group.membership.no_usable_key_package",
            Self::UnknownState(error) => error.code(),
        }
    }
}

/// The states that [`plan_membership`] needs for the same arguments.
///
/// # Errors
/// As [`plan_membership`].
pub fn facts_for_plan(
    before: &GroupMembership,
    wanted: Wanted<'_>,
    latest: &BTreeMap<InboxId, SequenceId>,
    own: &LeafMember,
) -> Result<Vec<(InboxId, SequenceId)>, MembershipError> {
    let after = members_after(before, wanted, latest, own)?;
    Ok(before.changed_states(&after).into_iter().collect())
}

/// Plans a membership commit. Every member is raised to its latest sequence id, the creator's entry of zero
/// too (measured correction 1). `latest` has to name every member that stays and every inbox to add.
///
/// # Errors
/// [`MembershipError`].
pub fn plan_membership(
    before: &GroupMembership,
    present_leaves: &[LeafMember],
    wanted: Wanted<'_>,
    latest: &BTreeMap<InboxId, SequenceId>,
    states: &InstallationStates,
    own: &LeafMember,
) -> Result<MembershipPlan, MembershipError> {
    let mut membership = members_after(before, wanted, latest, own)?;
    let expected = states.expected(before, &membership)?;
    if expected.removed.contains(&own.installation_id) {
        return Err(MembershipError::OwnInstallationRevoked);
    }
    let present: BTreeSet<InstallationId> = present_leaves.iter().map(|leaf| leaf.installation_id).collect();
    let is_absent = |member: &LeafMember| !present.contains(&member.installation_id);
    let add_installations: Vec<LeafMember> = expected.added.into_iter().filter(is_absent).collect();
    let (remove_installations, gone): (Vec<_>, Vec<_>) =
        expected.removed.into_iter().partition(|installation_id| present.contains(installation_id));
    // Receivers expect a Remove proposal for each of them, except for those that the list names as failed. An
    // installation with a leaf has not failed, whatever the list said: left in it, nobody could join any more.
    membership.failed_installations.extend(gone);
    membership.failed_installations.retain(|installation_id| !present.contains(installation_id));
    MembershipPlan {
        membership,
        add_installations,
        remove_installations,
        unreachable: Vec::new(),
        is_noop: false,
    }
    .without_failed(before, &[])
}

/// The members after the commit, and the failed installations of before.
fn members_after(
    before: &GroupMembership,
    wanted: Wanted<'_>,
    latest: &BTreeMap<InboxId, SequenceId>,
    own: &LeafMember,
) -> Result<GroupMembership, MembershipError> {
    if !before.members.contains_key(&own.inbox_id) {
        return Err(MembershipError::NotAMember);
    }
    if wanted.remove.contains(&own.inbox_id) {
        return Err(MembershipError::RemovesOwnInbox);
    }
    let mut after = before.clone();
    after.members.extend(
        wanted.add.iter().map(|inbox_id| (*inbox_id, before.sequence_id(*inbox_id).unwrap_or_default())),
    );
    after.members.retain(|inbox_id, _| !wanted.remove.contains(inbox_id));
    let grows = after.members.keys().any(|inbox_id| !before.members.contains_key(inbox_id));
    if grows && after.members.len() > MAX_GROUP_SIZE {
        let actual = after.members.len();
        return Err(MembershipError::TooManyMembers { limit: MAX_GROUP_SIZE, actual });
    }
    for (inbox_id, sequence_id) in &mut after.members {
        *sequence_id = latest.get(inbox_id).copied().unwrap_or_default().max(*sequence_id);
    }
    let unknown = |(_, sequence_id): &(&InboxId, &SequenceId)| **sequence_id == SequenceId::default();
    let unknown: Vec<InboxId> = after.members.iter().filter(unknown).map(|(inbox_id, _)| *inbox_id).collect();
    if unknown.is_empty() { Ok(after) } else { Err(MembershipError::UnknownInboxes(unknown)) }
}

impl MembershipPlan {
    /// Whether the group is as it should be, so that no commit is to be made.
    #[must_use]
    pub const fn is_noop(&self) -> bool {
        self.is_noop
    }

    /// The plan without those additions whose key packages cannot be used. They are listed as failed, so that
    /// nobody expects their leaves; a new inbox that is left without any installation stays outside.
    ///
    /// # Errors
    /// [`MembershipError::NoUsableKeyPackage`] when inboxes were to be added and none of them can be.
    pub fn without_failed(
        &self,
        before: &GroupMembership,
        failed: &[InstallationId],
    ) -> Result<Self, MembershipError> {
        let mut plan = self.clone();
        let (failed, usable): (Vec<LeafMember>, Vec<LeafMember>) =
            self.add_installations.iter().partition(|member| failed.contains(&member.installation_id));
        let reached: BTreeSet<InboxId> = usable.iter().map(|member| member.inbox_id).collect();
        let is_new = |inbox_id: &&InboxId| !before.members.contains_key(*inbox_id);
        let (added, unreachable): (Vec<InboxId>, Vec<InboxId>) =
            self.membership.members.keys().filter(is_new).partition(|inbox_id| reached.contains(*inbox_id));
        plan.unreachable.extend(&unreachable);
        plan.unreachable.sort_unstable();
        if added.is_empty() && !plan.unreachable.is_empty() {
            return Err(MembershipError::NoUsableKeyPackage(plan.unreachable));
        }
        plan.membership.members.retain(|inbox_id, _| !unreachable.contains(inbox_id));
        let missing = failed.iter().filter(|member| !unreachable.contains(&member.inbox_id));
        plan.membership.failed_installations.extend(missing.map(|member| member.installation_id));
        for member in &usable {
            // What failed once and is added now has a leaf, and joiners compare the list with the leaves.
            plan.membership.failed_installations.remove(&member.installation_id);
        }
        plan.is_noop = usable.is_empty()
            && plan.remove_installations.is_empty()
            && plan.membership.members == before.members;
        plan.add_installations = usable;
        Ok(plan)
    }
}
