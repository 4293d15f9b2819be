//! Sending a message: stored first, then published.

use std::time::Duration;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::intent::Intent;
use hexmtp_domain::message::{
    DeliveryStatus, EncodedContent, MessageKind, PlaintextEnvelope, message_id, should_push,
};
use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::store::{ConversationRecord, IntentRecord, MessageRecord, RowChange};

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::{ensure_writable, follow_installations, load};
use crate::outbound::{new_intent, queue, settle};
use crate::unit::Unit;

/// How old the knowledge of the members' installations may be when a message is sent (FEATURES.md K-11).
const INSTALLATIONS_MAX_AGE: Duration = Duration::from_secs(5);

/// When the own leaf's keys are replaced before the next message (FEATURES.md K-09).
const LEAF_ROTATION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How a message is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The key mixed into the message's id. Sending again with the same key and content sends nothing new.
    /// Without one, the present time in nanoseconds.
    pub idempotency_key: Option<String>,
    /// Whether push servers should notify; without a wish, as is usual for the type of content.
    pub should_push: Option<bool>,
    /// Only store the message; a later sync publishes it.
    pub optimistic: bool,
}

/// Sends a content and gives the message's id. The message is stored and listed at once.
pub(crate) async fn send(
    context: &Context,
    group_id: GroupId,
    content: &EncodedContent,
    options: SendOptions,
) -> Result<MessageId, ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    if !options.optimistic {
        prepare_group(context, &record).await?;
    }
    let key = options.idempotency_key.unwrap_or_else(|| context.now().as_nanos().to_string());
    let bytes = content.encode();
    let id = message_id(group_id, &key, &bytes);
    if context.store.message(id).await?.is_none() {
        let envelope = PlaintextEnvelope { content: bytes.clone(), idempotency_key: key.clone() };
        let push = options.should_push.unwrap_or_else(|| should_push(&content.content_type));
        let mut intent = new_intent(context, group_id, Intent::SendMessage { envelope: envelope.encode() })?;
        intent.message_id = Some(id);
        intent.should_push = push;
        let message = MessageRecord {
            id,
            group_id,
            sender: context.own_leaf(),
            sent_at: context.now(),
            kind: MessageKind::Application,
            delivery: DeliveryStatus::Unpublished,
            content_type: Some(content.content_type.clone()),
            content: bytes,
            idempotency_key: key,
            cursor: None,
            epoch: Some(record.epoch),
        };
        store(context, message, intent).await?;
    }
    if options.optimistic {
        return Ok(id);
    }
    let open = context.store.open_intents(group_id).await?;
    let wanted: Vec<_> = open.iter().filter(|open| open.message_id == Some(id)).map(|open| open.id).collect();
    settle(context, group_id, &wanted).await?;
    match context.store.message(id).await?.map(|message| message.delivery) {
        Some(DeliveryStatus::Failed) => Err(ChangeError::Failed { code: "change.failed".to_owned() }),
        _ => Ok(id),
    }
}

/// Stores the message, the intent to send it, and that its sender wants the conversation.
async fn store(context: &Context, message: MessageRecord, intent: IntentRecord) -> Result<(), ChangeError> {
    let mut unit = Unit::unconditional();
    let entity = ConsentEntity::Conversation(message.group_id);
    let allowed =
        context.store.consent(&entity).await?.is_some_and(|consent| consent.state == ConsentState::Allowed);
    if !allowed {
        let record = ConsentRecord { entity, state: ConsentState::Allowed, at: context.now() };
        unit.change(RowChange::PutConsent(record));
    }
    unit.change(RowChange::InsertMessage(message));
    unit.change(RowChange::InsertIntent(intent));
    Ok(unit.commit(context).await?)
}

/// What comes before a message: new installations of members are added, and a leaf whose keys are old, or
/// still those of its key package, gets new ones (PROTOCOL.md 4.1).
async fn prepare_group(context: &Context, record: &ConversationRecord) -> Result<(), ChangeError> {
    follow_installations(context, record, INSTALLATIONS_MAX_AGE).await?;
    if context.now().since(record.rotated_at) >= LEAF_ROTATION {
        let open = context.store.open_intents(record.id).await?;
        if !open.iter().any(|intent| intent.intent == Intent::KeyUpdate) {
            queue(context, record.id, Intent::KeyUpdate).await?;
        }
    }
    Ok(())
}
