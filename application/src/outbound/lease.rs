//! Who may publish: of several processes on one installation one at a time works on the outbox of a group.
//!
//! The right is a lease in the store. It is taken in the commit that stages payloads and given back in the commit that
//! reads the last of them back, so the ordinary path costs nothing more. A process that dies leaves a lease that runs
//! out; whoever takes it then looks into the log before anything is published again.

use std::pin::pin;

use futures_util::{FutureExt, select};
use hexmtp_domain::intent::IntentState;
use hexmtp_domain::{GroupId, Timestamp};
use hexmtp_ports::store::{IntentRecord, LeaseName, RowChange, Scope, StoreError};

use crate::context::Context;
use crate::error::{ChangeError, PortError, SyncError};
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// The lease of a group's outbox for this client, from now on.
pub(crate) fn taken(context: &Context, group_id: GroupId) -> RowChange {
    let now = context.now();
    RowChange::TakeLease {
        name: LeaseName::Outbox(group_id),
        holder: context.holder,
        now,
        until: now.plus(context.outbox_lease),
    }
}

/// Whether an intent's payload, or what follows from it, is on its way: only the holder of the lease sends it.
pub(crate) fn is_under_way(intent: &IntentRecord) -> bool {
    matches!(intent.state, IntentState::Published | IntentState::Committed)
}

/// Gives the lease back, whoever holds it: for a commit after which nothing is under way. The holder may have been
/// overtaken by another process that read the log first.
pub(crate) async fn given_back(
    context: &Context,
    group_id: GroupId,
) -> Result<Option<RowChange>, StoreError> {
    let name = LeaseName::Outbox(group_id);
    let lease = context.store.lease(name).await?;
    Ok(lease.map(|lease| RowChange::ReleaseLease { name, holder: lease.holder }))
}

/// What came of asking for the outbox.
pub(crate) enum Claim {
    /// This client works on it.
    Ours,
    /// Nothing is under way any more.
    Idle,
    /// Another process works on it, until then unless it says more.
    Others(Timestamp),
}

/// Makes the lease ours while something is under way, so that it can be gone on with.
pub(crate) async fn claim(context: &Context, group_id: GroupId) -> Result<Claim, ChangeError> {
    for _ in 0..MAX_CONFLICTS {
        let now = context.now();
        match context.store.lease(LeaseName::Outbox(group_id)).await? {
            Some(lease) if lease.holder != context.holder && lease.until > now => {
                return Ok(Claim::Others(lease.until));
            }
            Some(lease)
                if lease.holder == context.holder && lease.until.since(now) > context.outbox_lease / 2 =>
            {
                return Ok(Claim::Ours);
            }
            _ => {}
        }
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        if !context.store.open_intents(group_id).await?.iter().any(is_under_way) {
            return Ok(Claim::Idle);
        }
        unit.change(taken(context, group_id));
        match unit.commit(context).await {
            Err(StoreError::Leased { until, .. }) => return Ok(Claim::Others(until)),
            Err(error) if is_conflict(&error) => {}
            other => return Ok(other.map(|()| Claim::Ours)?),
        }
    }
    Err(SyncError::Contention.into())
}

/// Sends something under the lease, and keeps it for as long as that takes.
pub(crate) async fn keeping<T>(context: &Context, group_id: GroupId, sending: impl Future<Output = T>) -> T {
    let mut sending = pin!(sending.fuse());
    loop {
        let mut pause = context.runtime.sleep(context.outbox_lease / 3).fuse();
        select! {
            sent = sending => return sent,
            () = pause => prolong(context, group_id).await,
        }
    }
}

/// A failure of the store does not end what is being sent.
async fn prolong(context: &Context, group_id: GroupId) {
    let mut unit = Unit::unconditional();
    unit.change(taken(context, group_id));
    if let Err(error) = unit.commit(context).await {
        tracing::info!(code = error.code(), "the lease of an outbox was not prolonged");
    }
}

/// Gives the own lease back after a failure, so that no other process has to wait for its end. What is under way may
/// have reached the network: the next holder looks into the log first.
pub(crate) async fn give_back(context: &Context, group_id: GroupId) {
    let mut unit = Unit::unconditional();
    unit.change(RowChange::ReleaseLease { name: LeaseName::Outbox(group_id), holder: context.holder });
    if let Err(error) = unit.commit(context).await {
        tracing::info!(code = error.code(), "the lease of an outbox runs out by itself");
    }
}

/// The end of another process's lease, when that is why a call failed.
pub(crate) const fn held_until(error: &ChangeError) -> Option<Timestamp> {
    match error {
        ChangeError::Port(PortError::Store(StoreError::Leased { until, .. })) => Some(*until),
        _ => None,
    }
}
