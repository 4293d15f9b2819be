//! The network subscription that feeds the store while somebody listens.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, select};
use hexmtp_domain::intent::Intent;
use hexmtp_domain::{GroupId, Topic, VectorClock};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{DeliveryError, Envelope, GroupEnvelope, WelcomeEnvelope};
use hexmtp_ports::platform::TaskHandle;
use hexmtp_ports::store::{FeedEvent, FeedPosition, StoreError};

use crate::context::Context;
use crate::error::{PortError, SyncError};
use crate::inbound::{followed, take_in, take_in_welcomes};
use crate::outbound::settle_unless_elsewhere;

/// How many envelopes that are there already are taken in together.
const BATCH: usize = 100;

/// How many cursors are asked for at once.
const CURSORS_AT_ONCE: usize = 1000;

/// The first wait after a lost subscription; each further one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The running subscription; it ends when nobody holds it any more.
pub(crate) struct Pump {
    _task: Box<dyn TaskHandle>,
}

/// The client's subscription, while there is one.
#[derive(Default)]
pub(crate) struct PumpSlot(Mutex<Weak<Pump>>);

/// The running subscription, started if there is none.
pub(crate) fn start(context: &Context) -> Arc<Pump> {
    let mut slot = context.pump.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pump) = slot.upgrade() {
        return pump;
    }
    let task = context.runtime.spawn(Box::pin(run(Arc::clone(context))));
    let pump = Arc::new(Pump { _task: task });
    *slot = Arc::downgrade(&pump);
    pump
}

/// Subscribes for ever: from what is stored, again after every loss. While the store has let go of its medium it
/// waits until that is taken up again.
async fn run(context: Context) {
    let mut wait = FIRST_WAIT;
    let mut wake_ups = context.store.wake_ups();
    loop {
        match subscribe_once(&context).await {
            Ok(()) => wait = FIRST_WAIT,
            Err(SyncError::Port(PortError::Store(StoreError::Released))) => {
                if wake_ups.next().await.is_none() {
                    return;
                }
                wait = FIRST_WAIT;
            }
            Err(SyncError::Port(PortError::Store(StoreError::Closed))) => return,
            Err(error) => {
                tracing::info!(code = error.code(), "the subscription is taken up again");
                context.runtime.sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// One subscription, until it is lost, or until there is a conversation that it does not cover.
async fn subscribe_once(context: &Context) -> Result<(), SyncError> {
    let mut wake_ups = context.store.wake_ups().fuse();
    let mut position = context.store.position().await?;
    let groups = context.store.conversation_ids(&followed()).await?;
    let mut topics = vec![own_welcomes(context).await?];
    for chunk in groups.chunks(CURSORS_AT_ONCE) {
        let chunk: Vec<Topic> = chunk.iter().copied().map(Topic::Group).collect();
        let clocks = context.store.cursors(&chunk).await?;
        topics.extend(chunk.into_iter().zip(clocks));
    }
    let groups: HashSet<GroupId> = groups.into_iter().collect();
    let mut incoming = context.delivery.subscribe(topics).await?.fuse();
    // A conversation that was stored meanwhile is found at once.
    if has_new_group(context, &mut position, &groups).await? {
        return Ok(());
    }
    loop {
        select! {
            envelope = incoming.next() => {
                let Some(first) = envelope else { return Err(DeliveryError::SubscriptionEnded.into()) };
                let envelopes = with_ready(first?, &mut incoming)?;
                take_in_all(context, envelopes).await?;
            }
            woken = wake_ups.next() => {
                if woken.is_none() || has_new_group(context, &mut position, &groups).await? {
                    return Ok(());
                }
            }
        }
    }
}

async fn own_welcomes(context: &Context) -> Result<(Topic, VectorClock), SyncError> {
    let topic = Topic::Welcome(context.key.id());
    Ok((topic, context.store.cursor(topic).await?))
}

/// Whether the feed tells of a conversation that is not followed.
async fn has_new_group(
    context: &Context,
    position: &mut FeedPosition,
    groups: &HashSet<GroupId>,
) -> Result<bool, SyncError> {
    loop {
        let entries = context.store.changes_after(*position, BATCH).await?;
        let Some(last) = entries.last() else { return Ok(false) };
        *position = last.position;
        for entry in entries {
            let (is_stored, id) = match entry.event {
                FeedEvent::ConversationStored(id) => (true, id),
                FeedEvent::ConversationChanged(id) => (false, id),
                _ => continue,
            };
            // One that was deleted and comes back has missed what the subscription brought meanwhile.
            if (is_stored || !groups.contains(&id)) && is_followed(context, id).await? {
                return Ok(true);
            }
        }
    }
}

/// Whether this installation is a member, perhaps anew.
async fn is_followed(context: &Context, group_id: GroupId) -> Result<bool, SyncError> {
    let record = context.store.conversation(group_id).await?;
    Ok(record.is_some_and(|record| followed().membership.contains(&record.membership)))
}

/// Removes those who asked to leave, if it is for this client to do. What fails now is left for the next sync.
async fn remove_leavers(context: &Context, group_id: GroupId) -> Result<(), SyncError> {
    let open = context.store.open_intents(group_id).await?;
    let wanted = open.iter().filter(|intent| intent.intent == Intent::RemoveLeavers);
    let wanted: Vec<_> = wanted.map(|intent| intent.id).collect();
    if !wanted.is_empty()
        && let Err(error) = settle_unless_elsewhere(context, group_id, &wanted).await
    {
        tracing::info!(code = error.code(), "leavers are removed later");
    }
    Ok(())
}

/// An envelope, and those that have arrived behind it.
fn with_ready(
    first: Envelope,
    incoming: &mut futures_util::stream::Fuse<BoxStream<'static, Result<Envelope, DeliveryError>>>,
) -> Result<Vec<Envelope>, DeliveryError> {
    let mut envelopes = vec![first];
    while envelopes.len() < BATCH {
        match incoming.next().now_or_never() {
            Some(Some(envelope)) => envelopes.push(envelope?),
            _ => break,
        }
    }
    Ok(envelopes)
}

/// Takes envelopes in: runs of one group together, in the order in which they came.
async fn take_in_all(context: &Context, envelopes: Vec<Envelope>) -> Result<(), SyncError> {
    let mut groups: Vec<(GroupId, Vec<GroupEnvelope>)> = Vec::new();
    let mut welcomes: Vec<WelcomeEnvelope> = Vec::new();
    for envelope in envelopes {
        match envelope {
            Envelope::Welcome(welcome) => welcomes.push(welcome),
            Envelope::Group(message) => match groups.iter_mut().find(|(id, _)| *id == message.group_id) {
                Some((_, messages)) => messages.push(message),
                None => groups.push((message.group_id, vec![message])),
            },
        }
    }
    for (group_id, messages) in groups {
        {
            let _guard = context.locks.lock(group_id).await;
            match take_in(context, group_id, &messages).await {
                // It was deleted from this device, and is not followed any longer.
                Err(SyncError::UnknownConversation(_)) => continue,
                other => other.map(drop)?,
            }
        }
        remove_leavers(context, group_id).await?;
    }
    if !welcomes.is_empty() {
        take_in_welcomes(context, &welcomes).await?;
    }
    Ok(())
}
