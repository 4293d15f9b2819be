//! Members that ask to leave: noted with their message, removed by super admins (PROTOCOL.md 4.7).

use hexmtp_domain::InboxId;
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::group::commit_rules::CommitEffects;
use hexmtp_domain::group::leaving::{is_noted, leavers_to_remove};
use hexmtp_domain::intent::Intent;
use hexmtp_domain::message::{
    ContentTypeId, EncodedContent, PlaintextEnvelope, leave_request::is_leave_request,
};
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{ConversationRecord, IntentRecord};

use crate::context::Context;
use crate::group::ensure_writable;
use crate::outbound::new_intent;

/// Notes a message that asks for its sender's removal.
pub(crate) fn note(
    record: &mut ConversationRecord,
    group: &GroupContext,
    sender: InboxId,
    content_type: Option<&ContentTypeId>,
) {
    if content_type.is_some_and(is_leave_request) && is_noted(group, sender) {
        record.pending_removals.insert(sender);
    }
}

/// Forgets those whom a commit removed, or brought back. After the own removal the list stays as it is: it
/// tells whether this inbox left by its own will.
pub(crate) fn forget(record: &mut ConversationRecord, effects: &CommitEffects) {
    if record.membership != MembershipState::Removed {
        let gone = effects.removed_inboxes.iter().chain(&effects.added_inboxes);
        gone.for_each(|inbox_id| {
            record.pending_removals.remove(inbox_id);
        });
    }
}

/// The intent to remove those who asked, when this client should do it and does not intend it already.
pub(crate) fn removal<'a>(
    context: &Context,
    record: &ConversationRecord,
    group: &GroupContext,
    mut open: impl Iterator<Item = &'a IntentRecord>,
) -> Result<Option<IntentRecord>, EntropyError> {
    if ensure_writable(context, record).is_err()
        || leavers_to_remove(group, &record.pending_removals, context.inbox_id).is_empty()
        || open.any(|intent| intent.intent == Intent::RemoveLeavers)
    {
        return Ok(None);
    }
    new_intent(context, record.id, Intent::RemoveLeavers).map(Some)
}

/// The content type of an own message.
pub(crate) fn sent_type(intent: &Intent) -> Option<ContentTypeId> {
    let Intent::SendMessage { envelope } = intent else { return None };
    let envelope = PlaintextEnvelope::decode(envelope).ok()?;
    EncodedContent::decode(&envelope.content).ok().map(|content| content.content_type)
}
