//! Leaving a group: a member asks, every member notes it, a super admin commits the removal (PROTOCOL.md 4.7).

use std::collections::BTreeSet;

use thiserror::Error;

use crate::group::context::GroupContext;
use crate::group::kind::ConversationKind;
use crate::group::mutable_metadata::Role;
use crate::ids::InboxId;

/// Why an inbox cannot ask to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LeaveViolation {
    /// Only groups can be left: a DM is between its two members for good.
    #[error("only groups can be left")]
    NotAGroup,
    /// It is no member.
    #[error("the inbox is not a member of the group")]
    NotAMember,
    /// Nobody would be left to commit the removal.
    #[error("the last member cannot leave")]
    LastMember,
    /// Nobody can remove a super admin; one has to resign first.
    #[error("a super admin has to resign before leaving")]
    SuperAdmin,
}

impl LeaveViolation {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAGroup => "group.leaving.not_a_group",
            Self::NotAMember => "group.leaving.not_a_member",
            Self::LastMember => "group.leaving.last_member",
            Self::SuperAdmin => "group.leaving.super_admin",
        }
    }
}

/// Whether an inbox may ask to leave. The asking client checks it, not those who read the request.
///
/// # Errors
/// [`LeaveViolation`].
pub fn check_may_leave(group: &GroupContext, inbox_id: InboxId) -> Result<(), LeaveViolation> {
    let members = &group.membership.members;
    if group.immutable.kind != ConversationKind::Group {
        return Err(LeaveViolation::NotAGroup);
    }
    if !members.contains_key(&inbox_id) {
        return Err(LeaveViolation::NotAMember);
    }
    if members.len() == 1 {
        return Err(LeaveViolation::LastMember);
    }
    match group.mutable.role(inbox_id) {
        Role::SuperAdmin => Err(LeaveViolation::SuperAdmin),
        Role::Admin | Role::Member => Ok(()),
    }
}

/// Whether a member's request is noted. Official clients note every one, also a super admin's, who may resign
/// later. In other conversations than groups nobody can act on one.
#[must_use]
pub fn is_noted(group: &GroupContext, sender: InboxId) -> bool {
    group.immutable.kind == ConversationKind::Group && group.membership.members.contains_key(&sender)
}

/// Those of the leavers whose removal this inbox should commit: none unless it is a super admin that stays
/// itself and may remove members. Leavers that are super admins have to resign first.
#[must_use]
pub fn leavers_to_remove(
    group: &GroupContext,
    leavers: &BTreeSet<InboxId>,
    own: InboxId,
) -> BTreeSet<InboxId> {
    let role = group.mutable.role(own);
    let acts = role == Role::SuperAdmin
        && group.permissions.remove_member.allows(role)
        && !leavers.contains(&own)
        && group.membership.members.contains_key(&own);
    let can_go = |inbox_id: &&InboxId| {
        group.membership.members.contains_key(*inbox_id) && group.mutable.role(**inbox_id) != Role::SuperAdmin
    };
    leavers.iter().filter(|_| acts).filter(can_go).copied().collect()
}
