//! Sending a message: stored first, then published.

use std::time::Duration;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::intent::Intent;
use hexmtp_domain::message::{
    DeliveryStatus, EncodedContent, MessageKind, PlaintextEnvelope, message_id, reference_of, should_push,
};
use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::store::{ConversationRecord, IntentRecord, MessageRecord, RowChange};

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::{ensure_writable, follow_installations, load, stitched, writable_of};
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
    /// Without one, the present time and a random number, so that no two messages are taken for one.
    pub idempotency_key: Option<String>,
    /// Whether push servers should notify; without a wish, as is usual for the type of content.
    pub should_push: Option<bool>,
    /// Only store and list the message, without asking the network for anything. It is published, in its order,
    /// by [`crate::Conversation::publish_messages`], the next message that is sent, or a sync.
    pub optimistic: bool,
}

/// Sends a content to a conversation and gives the message's id. The message is stored and listed at once, and
/// its sender wants the conversation.
pub(crate) async fn send(
    context: &Context,
    conversation: GroupId,
    content: &EncodedContent,
    options: SendOptions,
) -> Result<MessageId, ChangeError> {
    let group_id = destination(context, conversation, content, &options).await?;
    let with = allowed(context, group_id).await?;
    submit(context, group_id, content, options, with).await
}

/// The group of a conversation that a message belongs to: the one that has it already under the key that was
/// chosen for it, else the one that is written to now.
async fn destination(
    context: &Context,
    conversation: GroupId,
    content: &EncodedContent,
    options: &SendOptions,
) -> Result<GroupId, ChangeError> {
    if let Some(key) = &options.idempotency_key {
        let bytes = content.encode();
        for id in stitched(context, conversation).await? {
            if context.store.message(message_id(id, key, &bytes)).await?.is_some() {
                return Ok(id);
            }
        }
    }
    Ok(writable_of(context, conversation).await?)
}

/// Sends a content that says nothing about whether its sender wants the conversation.
pub(crate) async fn send_quietly(
    context: &Context,
    group_id: GroupId,
    content: &EncodedContent,
    options: SendOptions,
) -> Result<MessageId, ChangeError> {
    submit(context, group_id, content, options, Vec::new()).await
}

/// Stores the message, the intent to send it and what comes with it, and works until the network has it.
async fn submit(
    context: &Context,
    group_id: GroupId,
    content: &EncodedContent,
    options: SendOptions,
    with: Vec<RowChange>,
) -> Result<MessageId, ChangeError> {
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    let optimistic = options.optimistic;
    let (message, intent) = compose(context, &record, content, options)?;
    let id = message.id;
    if context.store.message(id).await?.is_none() {
        let mut unit = Unit::unconditional();
        with.into_iter().for_each(|change| unit.change(change));
        unit.change(RowChange::InsertMessage(message));
        unit.change(RowChange::InsertIntent(intent));
        unit.commit(context).await?;
    }
    if optimistic {
        return Ok(id);
    }
    prepare_group(context, &record).await?;
    let open = context.store.open_intents(group_id).await?;
    let wanted: Vec<_> = open.iter().filter(|open| open.message_id == Some(id)).map(|open| open.id).collect();
    settle(context, group_id, &wanted).await?;
    match context.store.message(id).await?.map(|message| message.delivery) {
        Some(DeliveryStatus::Failed) => Err(ChangeError::Failed { code: "change.failed".to_owned() }),
        _ => Ok(id),
    }
}

/// The message as it is listed, and the intent to send it.
fn compose(
    context: &Context,
    record: &ConversationRecord,
    content: &EncodedContent,
    options: SendOptions,
) -> Result<(MessageRecord, IntentRecord), ChangeError> {
    let key = match options.idempotency_key {
        Some(key) => key,
        None => default_key(context)?,
    };
    let bytes = content.encode();
    let id = message_id(record.id, &key, &bytes);
    let envelope = PlaintextEnvelope { content: bytes.clone(), idempotency_key: key.clone() };
    let mut intent = new_intent(context, record.id, Intent::SendMessage { envelope: envelope.encode() })?;
    intent.message_id = Some(id);
    intent.should_push = options.should_push.unwrap_or_else(|| should_push(&content.content_type));
    let now = context.now();
    let disappearing = GroupContext::parse(&record.extensions)?.mutable.disappearing();
    let message = MessageRecord {
        id,
        group_id: record.id,
        sender: context.own_leaf(),
        sent_at: now,
        inserted_at: now,
        expires_at: disappearing.map(|setting| setting.expiry(now)),
        kind: MessageKind::Application,
        delivery: DeliveryStatus::Unpublished,
        content_type: Some(content.content_type.clone()),
        content: bytes,
        reference: reference_of(content),
        idempotency_key: key,
        cursor: None,
        epoch: Some(record.epoch),
    };
    Ok((message, intent))
}

/// The time tells messages apart for people who look at keys; the random part does for clocks that stand still
/// between two messages, as those of browsers do.
fn default_key(context: &Context) -> Result<String, EntropyError> {
    let number = u64::from_be_bytes(context.random()?);
    Ok(format!("{}-{number:016x}", context.now().as_nanos()))
}

/// Publishes all messages of a conversation that are stored and not sent, in their order.
pub(crate) async fn publish_messages(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    let open = context.store.open_intents(group_id).await?;
    let wanted: Vec<_> =
        open.iter().filter(|intent| !intent.intent.is_commit()).map(|intent| intent.id).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let record = load(context, group_id).await?;
    ensure_writable(context, &record)?;
    prepare_group(context, &record).await?;
    settle(context, group_id, &wanted).await
}

/// That the sender wants the conversation, unless that is known.
async fn allowed(context: &Context, group_id: GroupId) -> Result<Vec<RowChange>, ChangeError> {
    let mut changes = Vec::new();
    for id in stitched(context, group_id).await? {
        let entity = ConsentEntity::Conversation(id);
        let stored = context.store.consent(&entity).await?;
        if stored.is_none_or(|consent| consent.state != ConsentState::Allowed) {
            let record = ConsentRecord { entity, state: ConsentState::Allowed, at: context.now() };
            changes.push(RowChange::PutConsent(record));
        }
    }
    Ok(changes)
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
