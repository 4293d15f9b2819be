//! Working on a group's intents until the network's log has settled them.

use std::collections::BTreeMap;

use hexmtp_domain::GroupId;
use hexmtp_domain::intent::{IntentId, IntentState};

use crate::context::Context;
use crate::error::ChangeError;
use crate::inbound;
use crate::outbound::publish::publish;
use crate::outbound::stage::stage;
use crate::outbound::welcomes::send_welcomes;

/// How many rounds of staging, publishing and reading back one call makes. Each lost race takes one.
const MAX_ROUNDS: usize = 24;

/// Why intents were given up, for the caller that waits for one of them.
pub(crate) type Failures = BTreeMap<IntentId, ChangeError>;

/// Works until the wanted intents are settled, and tells how.
pub(crate) async fn settle(
    context: &Context,
    group_id: GroupId,
    wanted: &[IntentId],
) -> Result<(), ChangeError> {
    let mut failures = Failures::new();
    let worked = {
        let _guard = context.locks.lock(group_id).await;
        work(context, group_id, wanted, &mut failures).await
    };
    for id in wanted {
        if let Some(failure) = failures.remove(id) {
            return Err(failure);
        }
        match context.store.intent(*id).await? {
            Some(intent) if intent.state == IntentState::Failed => {
                let code = intent.error.unwrap_or_else(|| "change.failed".to_owned());
                return Err(ChangeError::Failed { code });
            }
            Some(intent) if !intent.state.is_settled() => {
                worked?;
                return Err(ChangeError::Unsettled);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Goes on with whatever is open in a group; the caller holds its lock.
pub(crate) async fn carry_on(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    work(context, group_id, &[], &mut Failures::new()).await
}

async fn work(
    context: &Context,
    group_id: GroupId,
    wanted: &[IntentId],
    failures: &mut Failures,
) -> Result<(), ChangeError> {
    for _ in 0..MAX_ROUNDS {
        let open = context.store.open_intents(group_id).await?;
        let done = if wanted.is_empty() {
            open.is_empty()
        } else {
            !open.iter().any(|intent| wanted.contains(&intent.id))
        };
        if done {
            return Ok(());
        }
        if open.iter().any(|intent| intent.state == IntentState::Committed) {
            send_welcomes(context, group_id).await?;
        } else if open.iter().any(|intent| intent.state == IntentState::Published) {
            // What was published before may be in the log already: look before sending it again.
            inbound::pull(context, group_id).await?;
            publish(context, group_id).await?;
        } else {
            stage(context, group_id, failures).await?;
            publish(context, group_id).await?;
        }
        inbound::pull(context, group_id).await?;
    }
    Ok(())
}
