//! The outbox: payloads that are stored are sent, as often as it takes; their bytes never change.

use hexmtp_domain::hmac::sender_hmac;
use hexmtp_domain::intent::{IntentEvent, IntentState};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Epoch, GroupId};
use hexmtp_ports::Retry;
use hexmtp_ports::delivery::{DeliveryError, OutboundGroupMessage};
use hexmtp_ports::store::{IntentRecord, RowChange};

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::load;
use crate::unit::Unit;

/// Application messages of so many past epochs can still be read (PROTOCOL.md 2.1).
const PAST_EPOCHS: u64 = 3;

/// Publishes every stored payload of a group that can still succeed; one that cannot goes back to be staged.
pub(crate) async fn publish(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    let epoch = load(context, group_id).await?.epoch;
    let mut unit = Unit::unconditional();
    let mut messages = Vec::new();
    let mut published = Vec::new();
    for intent in context.store.open_intents(group_id).await? {
        let Some(payload) = intent.payload.as_ref().filter(|_| intent.state == IntentState::Published) else {
            continue;
        };
        if is_outdated(&intent, payload.epoch, epoch) {
            unit.change(moved(&intent, IntentEvent::LostRace, None));
            continue;
        }
        let hmac = sender_hmac(&context.hmac_root, group_id, context.now(), &payload.data);
        messages.push(OutboundGroupMessage {
            group_id,
            data: payload.data.clone(),
            sender_hmac: hmac.map(|hmac| hmac.to_vec()).unwrap_or_default(),
            should_push: intent.should_push,
        });
        published.push(intent);
    }
    unit.commit(context).await?;
    if messages.is_empty() {
        return Ok(());
    }
    match context.delivery.publish_group_messages(messages).await {
        Ok(()) => Ok(()),
        Err(error) if error.retry() == Retry::Never => {
            give_up(context, &published, &error).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a payload made in one epoch can no longer be applied in another.
fn is_outdated(intent: &IntentRecord, made_in: Epoch, present: Epoch) -> bool {
    if intent.intent.is_commit() { made_in != present } else { made_in.0 + PAST_EPOCHS < present.0 }
}

/// The row change for an event. An event that cannot happen in the stored state changes nothing.
pub(crate) fn moved(intent: &IntentRecord, event: IntentEvent, error: Option<&str>) -> RowChange {
    let state = intent.state.after(event).unwrap_or(intent.state);
    let payload =
        if state == IntentState::ToPublish || state.is_settled() { None } else { intent.payload.clone() };
    RowChange::SetIntent {
        id: intent.id,
        state,
        payload,
        attempts: intent.attempts,
        error: error.map(ToOwned::to_owned),
    }
}

/// The network refused the payloads for good.
async fn give_up(
    context: &Context,
    intents: &[IntentRecord],
    error: &DeliveryError,
) -> Result<(), ChangeError> {
    let mut unit = Unit::unconditional();
    for intent in intents {
        unit.change(moved(intent, IntentEvent::GaveUp, Some(error.code())));
        if let Some(id) = intent.message_id {
            unit.change(RowChange::SetDelivery { id, status: DeliveryStatus::Failed, published: None });
        }
    }
    Ok(unit.commit(context).await?)
}
