//! The row of a message that another member sent.

use hexmtp_domain::Epoch;
use hexmtp_domain::group::{GroupContext, LeafMember};
use hexmtp_domain::message::{
    DeliveryStatus, EncodedContent, MessageKind, PlaintextEnvelope, message_id, reference_of,
};
use hexmtp_ports::delivery::GroupEnvelope;
use hexmtp_ports::store::MessageRecord;

use crate::context::Context;

/// The message in an envelope that was opened. Whether and when it disappears is for the settings that hold at its
/// place in the log, counted from when the server took it (PROTOCOL.md 3.5, FEATURES.md W-28).
pub(crate) fn received(
    context: &Context,
    group: &GroupContext,
    envelope: &GroupEnvelope,
    (sender, epoch): (LeafMember, Epoch),
    opened: PlaintextEnvelope,
) -> MessageRecord {
    let content = EncodedContent::decode(&opened.content).ok();
    MessageRecord {
        id: message_id(envelope.group_id, &opened.idempotency_key, &opened.content),
        group_id: envelope.group_id,
        sender,
        sent_at: envelope.server_time,
        inserted_at: context.now(),
        expires_at: group.mutable.disappearing().map(|setting| setting.expiry(envelope.server_time)),
        kind: MessageKind::Application,
        delivery: DeliveryStatus::Published,
        reference: content.as_ref().and_then(reference_of),
        content_type: content.map(|content| content.content_type),
        content: opened.content,
        idempotency_key: opened.idempotency_key,
        cursor: Some(envelope.cursor),
        epoch: Some(epoch),
    }
}
