//! Association states: the network's identity logs, kept in the store and folded by the rules of XIP-46.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hexmtp_domain::group::membership::InstallationStates;
use hexmtp_domain::identity::{AssociationState, IdentityUpdate};
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::store::RowChange;

use crate::context::Context;
use crate::error::{IdentityError, PortError};
use crate::identity::standing::review;
use crate::unit::Unit;

/// How many folded states stay in memory.
const CACHED_STATES: usize = 10_000;

/// Folded states by inbox and sequence id. A state at a sequence id never changes.
#[derive(Default)]
pub(crate) struct StateCache(Mutex<HashMap<(InboxId, SequenceId), Arc<AssociationState>>>);

impl StateCache {
    fn get(&self, inbox_id: InboxId, sequence_id: SequenceId) -> Option<Arc<AssociationState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(inbox_id, sequence_id)).cloned()
    }

    fn put(&self, inbox_id: InboxId, sequence_id: SequenceId, state: Arc<AssociationState>) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if states.len() >= CACHED_STATES {
            states.clear();
        }
        states.insert((inbox_id, sequence_id), state);
    }
}

/// Fetches what the network has beyond the store, stores it, and gives the latest sequence id of each inbox;
/// zero for an inbox that the network does not know.
pub(crate) async fn refresh(
    context: &Context,
    inboxes: &[InboxId],
) -> Result<BTreeMap<InboxId, SequenceId>, PortError> {
    let known = context.store.latest_identity_updates(inboxes).await?;
    let asked: Vec<(InboxId, SequenceId)> = inboxes.iter().copied().zip(known).collect();
    let answers = context.identity_log.updates_after(&asked).await?;
    let mut latest: BTreeMap<InboxId, SequenceId> = asked.iter().copied().collect();
    let mut unit = Unit::unconditional();
    for ((inbox_id, after), mut updates) in asked.into_iter().zip(answers) {
        // Known updates may come again; only what is new is stored.
        updates.retain(|update| update.sequence_id > after);
        if let Some(last) = updates.iter().map(|update| update.sequence_id).max() {
            latest.insert(inbox_id, last);
            unit.change(RowChange::AppendIdentityUpdates { inbox_id, updates });
        }
    }
    unit.commit(context).await?;
    if let Some(own) = latest.get(&context.inbox_id) {
        review(context, *own).await?;
    }
    Ok(latest)
}

/// The state of an inbox after the update with this sequence id, from stored updates.
pub(crate) async fn stored_state_at(
    context: &Context,
    inbox_id: InboxId,
    sequence_id: SequenceId,
) -> Result<Arc<AssociationState>, IdentityError> {
    if let Some(state) = context.states.get(inbox_id, sequence_id) {
        return Ok(state);
    }
    let mut state = None;
    let mut reached = SequenceId::default();
    for logged in context.store.identity_updates(inbox_id, SequenceId::default()).await? {
        if logged.sequence_id > sequence_id {
            break;
        }
        reached = logged.sequence_id;
        let update = IdentityUpdate::decode(&logged.update)
            .map_err(|source| IdentityError::Undecodable { inbox_id, source })?;
        let next = AssociationState::apply(state, &update)
            .map_err(|source| IdentityError::InvalidLog { inbox_id, source })?;
        state = Some(next);
    }
    match state {
        Some(state) if reached == sequence_id && state.inbox_id() == inbox_id => {
            let state = Arc::new(state);
            context.states.put(inbox_id, sequence_id, Arc::clone(&state));
            Ok(state)
        }
        _ => Err(IdentityError::UnknownUpdate { inbox_id, sequence_id }),
    }
}

/// The latest state of an inbox, from the network.
pub(crate) async fn latest_state(
    context: &Context,
    inbox_id: InboxId,
) -> Result<(SequenceId, Arc<AssociationState>), IdentityError> {
    let sequence_id = refresh(context, &[inbox_id]).await?.get(&inbox_id).copied().unwrap_or_default();
    Ok((sequence_id, stored_state_at(context, inbox_id, sequence_id).await?))
}

/// The installations of inboxes at given sequence ids. What the store lacks is fetched, in one call. A state that
/// is not in the result does not exist: somebody refers to a log that is not there, or does not fold.
pub(crate) async fn installation_states(
    context: &Context,
    wanted: &[(InboxId, SequenceId)],
) -> Result<InstallationStates, PortError> {
    fetch_up_to(context, wanted).await?;
    let mut states = InstallationStates::default();
    for (inbox_id, sequence_id) in wanted {
        match stored_state_at(context, *inbox_id, *sequence_id).await {
            Ok(state) => states.insert(*inbox_id, *sequence_id, state.installations()),
            Err(IdentityError::Port(error)) => return Err(error),
            Err(error) => tracing::warn!(inbox = %inbox_id, code = error.code(), "no such state"),
        }
    }
    for (inbox_id, from, to) in moves(wanted) {
        let between = context.store.identity_updates(inbox_id, from).await?;
        if !between.iter().any(|update| update.sequence_id <= to) {
            states.insert_gap(inbox_id, from, to);
        }
    }
    Ok(states)
}

/// Where an inbox is wanted at two places of its log: from the earlier to the later.
fn moves(wanted: &[(InboxId, SequenceId)]) -> Vec<(InboxId, SequenceId, SequenceId)> {
    let mut moves = Vec::new();
    for (inbox_id, from) in wanted {
        let later = wanted.iter().filter(|(other, to)| other == inbox_id && from < to);
        moves.extend(later.map(|(_, to)| (*inbox_id, *from, *to)));
    }
    moves
}

/// Fetches the logs of those inboxes whose stored logs end before the wanted place.
async fn fetch_up_to(context: &Context, wanted: &[(InboxId, SequenceId)]) -> Result<(), PortError> {
    let inboxes: Vec<InboxId> = wanted.iter().map(|(inbox_id, _)| *inbox_id).collect();
    let known = context.store.latest_identity_updates(&inboxes).await?;
    let behind: Vec<InboxId> = wanted
        .iter()
        .zip(known)
        .filter(|((_, sequence_id), known)| known < sequence_id)
        .map(|((inbox_id, _), _)| *inbox_id)
        .collect();
    if behind.is_empty() {
        return Ok(());
    }
    refresh(context, &behind).await.map(|_| ())
}
