//! When a group that a welcome leads to may be joined (PROTOCOL.md 5.2 item 4, 4.8; measured corrections 1, 2).
//!
//! A refusal here parts nobody: it only means that this installation does not join. So these rules may be
//! stricter than those of official clients, and where a lax rule would let strangers in they are.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::cursor::SequenceId;
use crate::group::commit_summary::LeafMember;
use crate::group::context::GroupContext;
use crate::group::kind::ConversationKind;
use crate::group::membership::{InstallationStates, UnknownState};
use crate::ids::{InboxId, InstallationId};
use crate::version::ProtocolVersion;

/// How to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinVerdict {
    /// As a member like any other.
    Join,
    /// As a member that neither reads nor sends until this software supports the version.
    JoinPaused {
        /// The version that the group asks for.
        minimum: String,
    },
}

/// Why a group is not joined.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JoinViolation {
    /// A member has no place in its identity log.
    #[error("inbox {0} is a member without a sequence id")]
    NoSequenceId(InboxId),
    /// The own inbox is not a member.
    #[error("the own inbox is not in the membership")]
    NotAMember,
    /// The inbox that added this one is not a member, or its leaf is not in the tree.
    #[error("the adding inbox is not in the group")]
    AdderNotAMember,
    /// The identity log has no update where the membership says.
    #[error(transparent)]
    UnknownState(#[from] UnknownState),
    /// A leaf claims an inbox that is no member or does not have its installation.
    #[error("installation {0} has a leaf without reason")]
    UnexpectedLeaf(InstallationId),
    /// An installation of a member has no leaf and is not listed as failed.
    #[error("installation {0} has no leaf")]
    MissingLeaf(InstallationId),
    /// An installation is listed as failed and has a leaf.
    #[error("installation {0} is listed as failed and has a leaf")]
    FailedLeaf(InstallationId),
    /// A DM does not name this inbox and the one that added it as its two members.
    #[error("the DM is between other inboxes")]
    WrongDmPair,
    /// A DM has members beside its two.
    #[error("the DM has a third member")]
    DmStranger(InboxId),
    /// A DM has admins.
    #[error("the DM has admins")]
    DmAdmins,
    /// A DM lets somebody change its members, admins or policies.
    #[error("the policies of the DM are too loose")]
    DmPolicies,
    /// A sync group holds another inbox than the own one.
    #[error("the sync group has a foreign member")]
    ForeignSyncGroup(InboxId),
    /// The minimum version of the group is not a version.
    #[error("the minimum version is not a semantic version")]
    MalformedVersion,
}

impl JoinViolation {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSequenceId(_) => "join.no_sequence_id",
            Self::NotAMember => "join.not_a_member",
            Self::AdderNotAMember => "join.adder_not_a_member",
            Self::UnknownState(error) => error.code(),
            Self::UnexpectedLeaf(_) => "join.unexpected_leaf",
            Self::MissingLeaf(_) => "join.missing_leaf",
            Self::FailedLeaf(_) => "join.failed_leaf",
            Self::WrongDmPair => "join.wrong_dm_pair",
            Self::DmStranger(_) => "join.dm_stranger",
            Self::DmAdmins => "join.dm_admins",
            Self::DmPolicies => "join.dm_policies",
            Self::ForeignSyncGroup(_) => "join.foreign_sync_group",
            Self::MalformedVersion => "join.malformed_version",
        }
    }
}

/// The association states that [`judge_join`] needs: of every member, at exactly its sequence id.
///
/// # Errors
/// [`JoinViolation::NoSequenceId`] when an entry is zero. Official clients do not join then either.
pub fn facts_needed(context: &GroupContext) -> Result<Vec<(InboxId, SequenceId)>, JoinViolation> {
    let members = context.membership.members.iter();
    members
        .map(|(inbox_id, sequence_id)| match sequence_id.0 {
            0 => Err(JoinViolation::NoSequenceId(*inbox_id)),
            _ => Ok((*inbox_id, *sequence_id)),
        })
        .collect()
}

/// Judges a group before it is joined. `adder` is the leaf that signed the group info, `claimed` the version whose
/// rules this software implements.
///
/// # Errors
/// [`JoinViolation`]: the welcome is to be skipped.
pub fn judge_join(
    context: &GroupContext,
    leaves: &[LeafMember],
    states: &InstallationStates,
    adder: &LeafMember,
    own_inbox: InboxId,
    claimed: &ProtocolVersion,
) -> Result<JoinVerdict, JoinViolation> {
    let members = &context.membership.members;
    if !members.contains_key(&own_inbox) {
        return Err(JoinViolation::NotAMember);
    }
    if !members.contains_key(&adder.inbox_id) || !leaves.contains(adder) {
        return Err(JoinViolation::AdderNotAMember);
    }
    check_leaves(context, leaves, states)?;
    match context.immutable.kind {
        ConversationKind::Dm => check_dm(context, adder.inbox_id, own_inbox)?,
        // Whoever is in a sync group hears and tells what only the own installations should.
        ConversationKind::Sync => {
            if let Some(foreign) = members.keys().find(|inbox_id| **inbox_id != own_inbox) {
                return Err(JoinViolation::ForeignSyncGroup(*foreign));
            }
        }
        ConversationKind::Group | ConversationKind::Oneshot => {}
    }
    match context.mutable.minimum_version() {
        None => Ok(JoinVerdict::Join),
        Some(minimum) => match ProtocolVersion::parse(minimum) {
            Err(_) => Err(JoinViolation::MalformedVersion),
            Ok(version) if version > *claimed => Ok(JoinVerdict::JoinPaused { minimum: minimum.to_owned() }),
            Ok(_) => Ok(JoinVerdict::Join),
        },
    }
}

/// The tree has a leaf for every installation of every member, except for those listed as failed, and no other.
fn check_leaves(
    context: &GroupContext,
    leaves: &[LeafMember],
    states: &InstallationStates,
) -> Result<(), JoinViolation> {
    let failed = &context.membership.failed_installations;
    let mut expected = BTreeSet::new();
    for (inbox_id, sequence_id) in facts_needed(context)? {
        let installations = states.get(inbox_id, sequence_id)?;
        expected.extend(installations.iter().map(|id| LeafMember { inbox_id, installation_id: *id }));
    }
    let actual: BTreeSet<LeafMember> = leaves.iter().copied().collect();
    if let Some(leaf) = actual.difference(&expected).next() {
        return Err(JoinViolation::UnexpectedLeaf(leaf.installation_id));
    }
    if let Some(leaf) = actual.iter().find(|leaf| failed.contains(&leaf.installation_id)) {
        return Err(JoinViolation::FailedLeaf(leaf.installation_id));
    }
    match expected.difference(&actual).find(|leaf| !failed.contains(&leaf.installation_id)) {
        None => Ok(()),
        Some(leaf) => Err(JoinViolation::MissingLeaf(leaf.installation_id)),
    }
}

/// A DM is between its two members, and stays so. Official clients compare the policies carelessly: one that is
/// right lets all others pass (FEATURES.md W-01), and nothing is compared when another own installation adds this
/// one. Here all five have to be closed, whoever adds; policies that are stricter than the preset cannot exist,
/// as the preset denies everything.
fn check_dm(context: &GroupContext, adder: InboxId, own_inbox: InboxId) -> Result<(), JoinViolation> {
    let (one, other) = context.immutable.dm_members.ok_or(JoinViolation::WrongDmPair)?;
    let is_pair = |a: InboxId, b: InboxId| (one, other) == (a, b) || (one, other) == (b, a);
    let is_ours =
        if adder == own_inbox { one == own_inbox || other == own_inbox } else { is_pair(adder, own_inbox) };
    if !is_ours {
        return Err(JoinViolation::WrongDmPair);
    }
    let mut members = context.membership.members.keys();
    if let Some(stranger) = members.find(|inbox_id| !context.immutable.is_dm_member(**inbox_id)) {
        return Err(JoinViolation::DmStranger(*stranger));
    }
    if !context.mutable.admins.is_empty() || !context.mutable.super_admins.is_empty() {
        return Err(JoinViolation::DmAdmins);
    }
    if context.permissions.is_closed() { Ok(()) } else { Err(JoinViolation::DmPolicies) }
}
