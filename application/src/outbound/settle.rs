//! Working on a group's intents until the network's log has settled them.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, select};
use hexmtp_domain::intent::{IntentId, IntentState};
use hexmtp_domain::{GroupId, Timestamp};
use hexmtp_ports::bounds::BoxStream;

use crate::context::Context;
use crate::error::ChangeError;
use crate::inbound;
use crate::outbound::lease::{Claim, claim, give_back, held_until, is_under_way};
use crate::outbound::publish::{publish, publish_again};
use crate::outbound::stage::stage;
use crate::outbound::welcomes::send_welcomes;

/// How many rounds of staging, publishing and reading back one call makes. Each lost race takes one.
const MAX_ROUNDS: usize = 24;

/// Why intents were given up, for the caller that waits for one of them.
pub(crate) type Failures = BTreeMap<IntentId, ChangeError>;

/// How long at most a caller waits for another process before it looks again: the end of a lease is not told.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// How far a call has come with a group's intents.
enum Progress {
    /// There is nothing more to do for it.
    Done,
    /// Another process works on them, until then unless it says more.
    Elsewhere(Timestamp),
}

/// Works until the wanted intents are settled, by this process or by another one, and tells how.
pub(crate) async fn settle(
    context: &Context,
    group_id: GroupId,
    wanted: &[IntentId],
) -> Result<(), ChangeError> {
    let mut failures = Failures::new();
    let mut wake_ups = None;
    let worked = loop {
        let worked = {
            let _guard = context.locks.lock(group_id).await;
            work(context, group_id, wanted, &mut failures).await
        };
        match (worked, &mut wake_ups) {
            (Ok(Progress::Elsewhere(until)), Some(wake_ups)) => wait(context, until, wake_ups).await,
            // Whatever changes from here on wakes; what changed before is looked at once more.
            (Ok(Progress::Elsewhere(_)), none) => *none = Some(context.store.wake_ups()),
            (other, _) => break other,
        }
    };
    tell(context, wanted, &mut failures, worked.map(drop)).await
}

/// As [`settle`], but leaves to another process what that one works on.
pub(crate) async fn settle_unless_elsewhere(
    context: &Context,
    group_id: GroupId,
    wanted: &[IntentId],
) -> Result<(), ChangeError> {
    let mut failures = Failures::new();
    let worked = {
        let _guard = context.locks.lock(group_id).await;
        work(context, group_id, wanted, &mut failures).await
    };
    match worked {
        Ok(Progress::Elsewhere(_)) => Ok(()),
        other => tell(context, wanted, &mut failures, other.map(drop)).await,
    }
}

/// What became of the wanted intents.
async fn tell(
    context: &Context,
    wanted: &[IntentId],
    failures: &mut Failures,
    mut worked: Result<(), ChangeError>,
) -> Result<(), ChangeError> {
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
                std::mem::replace(&mut worked, Ok(()))?;
                return Err(ChangeError::Unsettled);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Waits until something changes, the lease ends, or a while has passed.
async fn wait(context: &Context, until: Timestamp, wake_ups: &mut BoxStream<'static, ()>) {
    let span = until.since(context.now()).min(LOOK_AGAIN);
    let mut pause = context.runtime.sleep(span).fuse();
    select! {
        woken = wake_ups.next().fuse() => if woken.is_none() { pause.await },
        () = pause => {}
    }
}

/// Goes on with whatever is open in a group, unless another process does; the caller holds its lock.
pub(crate) async fn carry_on(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    work(context, group_id, &[], &mut Failures::new()).await.map(drop)
}

/// Works on a group's intents, and lets go of the outbox whatever happens.
async fn work(
    context: &Context,
    group_id: GroupId,
    wanted: &[IntentId],
    failures: &mut Failures,
) -> Result<Progress, ChangeError> {
    let mut holds = false;
    let worked = rounds(context, group_id, wanted, failures, &mut holds).await;
    if holds {
        give_back(context, group_id).await;
    }
    match worked {
        Err(error) => held_until(&error).map(Progress::Elsewhere).ok_or(error),
        worked => worked,
    }
}

/// The rounds of [`work`]; `holds` says whether something of ours is, or may be, under way at their end.
async fn rounds(
    context: &Context,
    group_id: GroupId,
    wanted: &[IntentId],
    failures: &mut Failures,
    holds: &mut bool,
) -> Result<Progress, ChangeError> {
    for _ in 0..MAX_ROUNDS {
        let open = context.store.open_intents(group_id).await?;
        let under_way = open.iter().any(is_under_way);
        *holds &= under_way;
        let done = if wanted.is_empty() {
            open.is_empty()
        } else {
            !open.iter().any(|intent| wanted.contains(&intent.id))
        };
        if done {
            return Ok(Progress::Done);
        }
        if !under_way {
            let staged = stage(context, group_id, failures).await?;
            *holds = !staged.is_empty();
            publish(context, group_id, &staged).await?;
        } else {
            let committed = open.iter().any(|intent| intent.state == IntentState::Committed);
            match go_on(context, group_id, committed, holds).await? {
                Claim::Others(until) => return Ok(Progress::Elsewhere(until)),
                Claim::Idle => continue,
                Claim::Ours => {}
            }
        }
        inbound::pull(context, group_id).await?;
    }
    Ok(Progress::Done)
}

/// Goes on with what is under way: with the welcomes of a commit that was read back, else with payloads that may not
/// have reached the network.
async fn go_on(
    context: &Context,
    group_id: GroupId,
    committed: bool,
    holds: &mut bool,
) -> Result<Claim, ChangeError> {
    let first = claim(context, group_id).await?;
    *holds = matches!(first, Claim::Ours);
    if !*holds {
        return Ok(first);
    }
    if committed {
        send_welcomes(context, group_id).await?;
        return Ok(first);
    }
    // What was published before may be in the log already: look before sending it again. That may take its time.
    inbound::pull(context, group_id).await?;
    let still = claim(context, group_id).await?;
    *holds = matches!(still, Claim::Ours);
    if *holds {
        publish_again(context, group_id).await?;
    }
    Ok(still)
}
