//! Association states: the network's identity logs, kept in the store and folded by the rules of XIP-46.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hexmtp_domain::group::membership::InstallationStates;
use hexmtp_domain::identity::{AssociationState, IdentityUpdate, SignatureKind};
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{CachedAssociationState, RowChange, StoreError};

use crate::context::Context;
use crate::error::{IdentityError, PortError};
use crate::identity::fold::follow;
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
    let found = stored_states_at(context, &[(inbox_id, sequence_id)]).await?;
    found.into_iter().next().unwrap_or(Err(IdentityError::UnknownUpdate { inbox_id, sequence_id }))
}

/// One state, or why there is none.
pub(crate) type Found = Result<Arc<AssociationState>, IdentityError>;

/// The states of inboxes at places of their logs, in the order asked, from stored updates. Folding goes on from what
/// was folded before; what is folded now is stored for the next time.
async fn stored_states_at(
    context: &Context,
    wanted: &[(InboxId, SequenceId)],
) -> Result<Vec<Found>, StoreError> {
    // The answer is not taken out of the cache at the end: it may have lost some of so many by then.
    let mut states: HashMap<(InboxId, SequenceId), Arc<AssociationState>> = wanted
        .iter()
        .filter_map(|place| context.states.get(place.0, place.1).map(|state| (*place, state)))
        .collect();
    let missing: Vec<_> = wanted.iter().copied().filter(|place| !states.contains_key(place)).collect();
    let mut failures: HashMap<(InboxId, SequenceId), IdentityError> = HashMap::new();
    if !missing.is_empty() {
        let cached = context.store.association_states(&missing).await?;
        let mut unit = Unit::unconditional();
        for ((inbox_id, sequence_id), cached) in missing.into_iter().zip(cached) {
            match fold_from(context, inbox_id, sequence_id, cached).await {
                Ok((state, is_new)) => {
                    if is_new {
                        let state = state.encode();
                        let folded = CachedAssociationState { inbox_id, sequence_id, state };
                        unit.change(RowChange::CacheAssociationState(folded));
                    }
                    let state = Arc::new(state);
                    context.states.put(inbox_id, sequence_id, state.clone());
                    states.insert((inbox_id, sequence_id), state);
                }
                Err(IdentityError::Port(PortError::Store(error))) => return Err(error),
                Err(error) => {
                    failures.insert((inbox_id, sequence_id), error);
                }
            }
        }
        unit.commit(context).await?;
    }
    let of = |place: &(InboxId, SequenceId)| {
        let (inbox_id, sequence_id) = *place;
        let unknown = IdentityError::UnknownUpdate { inbox_id, sequence_id };
        states.get(place).cloned().ok_or_else(|| failures.remove(place).unwrap_or(unknown))
    };
    Ok(wanted.iter().map(of).collect())
}

/// R-IDN-211: the state at a place of the log, from one that was folded before; also whether anything was folded now.
/// A stored state that cannot be read, by an older version or after a defect, is passed over.
async fn fold_from(
    context: &Context,
    inbox_id: InboxId,
    sequence_id: SequenceId,
    cached: Option<CachedAssociationState>,
) -> Result<(AssociationState, bool), IdentityError> {
    let readable = cached.and_then(|cached| {
        let state = AssociationState::decode(&cached.state).ok()?;
        (state.inbox_id() == inbox_id).then_some((cached.sequence_id, state))
    });
    let (mut reached, mut state) = match readable {
        Some((reached, state)) if reached == sequence_id => return Ok((state, false)),
        Some((reached, state)) => (reached, Some(state)),
        None => (SequenceId::default(), None),
    };
    for logged in context.store.identity_updates(inbox_id, reached).await? {
        if logged.sequence_id > sequence_id {
            break;
        }
        reached = logged.sequence_id;
        state = Some(follow(&*context.contract_wallets, inbox_id, state, &logged).await?);
    }
    match state {
        Some(state) if reached == sequence_id && state.inbox_id() == inbox_id => Ok((state, true)),
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

/// How fresh an answer about an inbox has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The network is asked for what is new.
    Network,
    /// What this device has read before. Nothing is asked, but for contracts that an interrupted answer left unasked.
    Stored,
}

/// For each inbox, in the order asked, where its log ends.
async fn ends(
    context: &Context,
    inboxes: &[InboxId],
    freshness: Freshness,
) -> Result<Vec<SequenceId>, PortError> {
    match freshness {
        Freshness::Stored => Ok(context.store.latest_identity_updates(inboxes).await?),
        Freshness::Network => {
            let latest = refresh(context, inboxes).await?;
            Ok(inboxes.iter().map(|inbox_id| latest.get(inbox_id).copied().unwrap_or_default()).collect())
        }
    }
}

/// R-IDN-223: for each inbox, in the order asked, its state, or why it has none. The network is asked in one call.
pub(crate) async fn states(
    context: &Context,
    inboxes: &[InboxId],
    freshness: Freshness,
) -> Result<Vec<Found>, PortError> {
    let ends = ends(context, inboxes, freshness).await?;
    let wanted: Vec<(InboxId, SequenceId)> = inboxes.iter().copied().zip(ends).collect();
    let found = stored_states_at(context, &wanted).await?;
    let state = |((inbox_id, end), state)| match end {
        SequenceId(0) => Err(IdentityError::UnknownInbox(inbox_id)),
        _ => state,
    };
    Ok(wanted.into_iter().zip(found).map(state).collect())
}

/// For each inbox, in the order asked, its log.
pub(crate) async fn logs(
    context: &Context,
    inboxes: &[InboxId],
    freshness: Freshness,
) -> Result<Vec<Vec<LoggedUpdate>>, PortError> {
    ends(context, inboxes, freshness).await?;
    let mut logs = Vec::with_capacity(inboxes.len());
    for inbox_id in inboxes {
        logs.push(context.store.identity_updates(*inbox_id, SequenceId::default()).await?);
    }
    Ok(logs)
}

/// How the first identifier of an inbox signed when it made it.
pub(crate) fn creation_signature_kind(
    inbox_id: InboxId,
    log: &[LoggedUpdate],
) -> Result<Option<SignatureKind>, IdentityError> {
    let Some(first) = log.first() else { return Err(IdentityError::UnknownInbox(inbox_id)) };
    let update = IdentityUpdate::decode(&first.update)
        .map_err(|source| IdentityError::Undecodable { inbox_id, source })?;
    Ok(update.creation_signature_kind())
}

/// The installations of inboxes at given sequence ids. What the store lacks is fetched, in one call. A state that
/// is not in the result does not exist: somebody refers to a log that is not there, or does not fold.
pub(crate) async fn installation_states(
    context: &Context,
    wanted: &[(InboxId, SequenceId)],
) -> Result<InstallationStates, PortError> {
    fetch_up_to(context, wanted).await?;
    let mut states = InstallationStates::default();
    let found = stored_states_at(context, wanted).await?;
    for ((inbox_id, sequence_id), state) in wanted.iter().zip(found) {
        match state {
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
