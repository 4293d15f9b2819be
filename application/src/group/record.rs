//! The conversation row: what listings and checks need of a group without opening MLS.

use std::collections::BTreeSet;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::group::dm::dm_pair;
use hexmtp_domain::group::{ConversationKind, GroupContext};
use hexmtp_domain::{GroupId, InboxId, Timestamp};
use hexmtp_ports::mls::SessionState;
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{ConversationRecord, ForkStatus, RowChange};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};

/// The row of a group that was just created or joined.
pub(crate) fn new_record(
    context: &Context,
    state: SessionState,
    group: &GroupContext,
    added_by: InboxId,
) -> ConversationRecord {
    let own = added_by == context.inbox_id;
    ConversationRecord {
        id: state.group_id,
        kind: group.immutable.kind,
        // A group that only names a pair is no DM of theirs: it may have anybody in it.
        dm_pair: match group.immutable.kind {
            ConversationKind::Dm => group.immutable.dm_members.map(|(one, two)| dm_pair(one, two)),
            _ => None,
        },
        created_at: context.now(),
        creator: group.immutable.creator,
        added_by,
        membership: if own { MembershipState::Allowed } else { MembershipState::Pending },
        epoch: state.epoch,
        authenticator: state.authenticator,
        extensions: state.extensions,
        members: state.members,
        pending_removals: BTreeSet::new(),
        paused_for: None,
        needs_readd: None,
        fork: ForkStatus::default(),
        rotated_at: Timestamp::ZERO,
        installations_checked_at: Timestamp::ZERO,
        welcome_sequence_id: None,
        last_message_at: None,
    }
}

/// Takes the group's present state over into its row.
pub(crate) fn take_over(record: &mut ConversationRecord, state: SessionState) {
    record.epoch = state.epoch;
    record.authenticator = state.authenticator;
    record.extensions = state.extensions;
    record.members = state.members;
    if !state.is_active {
        record.membership = MembershipState::Removed;
    }
}

/// Consent as it starts: own conversations are allowed, others are for the person to decide (PROTOCOL.md 8.10).
pub(crate) fn initial_consent(context: &Context, id: GroupId, own: bool) -> Option<RowChange> {
    own.then(|| {
        RowChange::PutConsent(ConsentRecord {
            entity: ConsentEntity::Conversation(id),
            state: ConsentState::Allowed,
            at: context.now(),
        })
    })
}

/// A stored conversation.
pub(crate) async fn load(context: &Context, id: GroupId) -> Result<ConversationRecord, SyncError> {
    context.store.conversation(id).await?.ok_or(SyncError::UnknownConversation(id))
}

/// Whether anything may be sent to a conversation.
pub(crate) fn ensure_writable(context: &Context, record: &ConversationRecord) -> Result<(), ChangeError> {
    ensure_not_revoked(context)?;
    if record.membership == MembershipState::Removed {
        return Err(ChangeError::NotAMember);
    }
    if is_leaving(context, record) {
        return Err(ChangeError::Leaving);
    }
    if let Some(code) = &record.needs_readd {
        return Err(ChangeError::NeedsReadd { code: code.clone() });
    }
    match &record.paused_for {
        Some(minimum) if !context.claimed_version.supports(minimum) => {
            Err(ChangeError::Paused { minimum: minimum.clone() })
        }
        _ => Ok(()),
    }
}

/// Refuses what nobody would take from a revoked installation.
pub(crate) fn ensure_not_revoked(context: &Context) -> Result<(), ChangeError> {
    if context.standing.is_revoked() { Err(ChangeError::InstallationRevoked) } else { Ok(()) }
}

/// Whether the own inbox has asked to leave and is still a member: it reads on and says nothing more.
pub(crate) fn is_leaving(context: &Context, record: &ConversationRecord) -> bool {
    record.membership != MembershipState::Removed && record.pending_removals.contains(&context.inbox_id)
}

/// Refuses what a direct conversation does not have.
pub(crate) fn ensure_group(record: &ConversationRecord) -> Result<(), ChangeError> {
    match record.kind {
        ConversationKind::Group => Ok(()),
        _ => Err(ChangeError::NotPermitted("only groups can be changed in this way")),
    }
}
