//! The outbox: payloads that are stored are sent, as often as it takes; their bytes never change.

use hexmtp_domain::hmac::sender_hmac;
use hexmtp_domain::intent::{IntentEvent, IntentState};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Epoch, GroupId};
use hexmtp_ports::Retry;
use hexmtp_ports::delivery::{DeliveryError, OutboundGroupMessage};
use hexmtp_ports::store::{IntentRecord, RowChange, Scope};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::group::load;
use crate::outbound::lease::{given_back, is_under_way, keeping};
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// Application messages of so many past epochs can still be read (PROTOCOL.md 2.1).
const PAST_EPOCHS: u64 = 3;

/// Sends again what was stored and may not have reached the network; what can no longer succeed goes back to be
/// staged. The caller holds the lease, and has read the log since it does.
pub(crate) async fn publish_again(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    let published = outdated_back_to_stage(context, group_id).await?;
    publish(context, group_id, &published).await
}

/// Publishes the payloads of intents. The caller holds the lease.
pub(crate) async fn publish(
    context: &Context,
    group_id: GroupId,
    intents: &[IntentRecord],
) -> Result<(), ChangeError> {
    let messages: Vec<OutboundGroupMessage> = intents
        .iter()
        .filter_map(|intent| Some((intent, intent.payload.as_ref()?)))
        .map(|(intent, payload)| {
            let hmac = sender_hmac(&context.hmac_root, group_id, context.now(), &payload.data);
            OutboundGroupMessage {
                group_id,
                data: payload.data.clone(),
                sender_hmac: hmac.unwrap_or_default(),
                should_push: intent.should_push,
            }
        })
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    match keeping(context, group_id, context.delivery.publish_group_messages(messages)).await {
        Ok(()) => Ok(()),
        Err(error) if error.retry() == Retry::Never => {
            give_up(context, group_id, intents, &error).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The intents whose payloads are to be published. Those that can no longer succeed are to be staged anew: decided
/// and stored under the group's revision, as another process may have read one back meanwhile.
async fn outdated_back_to_stage(
    context: &Context,
    group_id: GroupId,
) -> Result<Vec<IntentRecord>, ChangeError> {
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        let epoch = load(context, group_id).await?.epoch;
        let mut published = context.store.open_intents(group_id).await?;
        published.retain(|intent| intent.state == IntentState::Published);
        published.retain(|intent| {
            let outdated =
                intent.payload.as_ref().is_none_or(|payload| is_outdated(intent, payload.epoch, epoch));
            if outdated {
                unit.change(moved(intent, IntentEvent::LostRace, None));
            }
            !outdated
        });
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(published),
        }
    }
    Err(SyncError::Contention.into())
}

/// Whether a payload made in one epoch can no longer be applied, or read, in another.
pub(crate) fn is_outdated(intent: &IntentRecord, made_in: Epoch, present: Epoch) -> bool {
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

/// The row changes that give an intent up.
pub(crate) fn given_up(intent: &IntentRecord, code: &str) -> Vec<RowChange> {
    let delivery = intent.message_id.map(|id| RowChange::SetDelivery {
        id,
        status: DeliveryStatus::Failed,
        published: None,
    });
    [moved(intent, IntentEvent::GaveUp, Some(code))].into_iter().chain(delivery).collect()
}

/// The network refused the payloads for good. One that another process has settled meanwhile stays settled.
async fn give_up(
    context: &Context,
    group_id: GroupId,
    refused: &[IntentRecord],
    error: &DeliveryError,
) -> Result<(), ChangeError> {
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        let open = context.store.open_intents(group_id).await?;
        let is_refused = |open: &&IntentRecord| {
            open.state == IntentState::Published
                && refused.iter().any(|intent| intent.id == open.id && intent.payload == open.payload)
        };
        for intent in open.iter().filter(is_refused) {
            given_up(intent, error.code()).into_iter().for_each(|change| unit.change(change));
        }
        if !open.iter().any(|intent| is_under_way(intent) && !is_refused(&intent))
            && let Some(change) = given_back(context, group_id).await?
        {
            unit.change(change);
        }
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            other => return Ok(other?),
        }
    }
    Err(SyncError::Contention.into())
}
