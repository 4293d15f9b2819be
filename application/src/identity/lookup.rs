//! From identifiers to inboxes: answers of the network are stored, and hold for a while.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hexmtp_domain::identity::{Identifier, MemberIdentifier};
use hexmtp_domain::{InboxId, Timestamp};
use hexmtp_ports::store::RowChange;

use crate::context::Context;
use crate::error::{ChangeError, IdentityError, PortError};
use crate::identity::reach::{Reachability, reachability};
use crate::identity::states::{Freshness, states, stored_state_at};
use crate::unit::Unit;

/// How long an answer of the network holds. An identifier that its inbox revokes, and another inbox takes, is found
/// in the old one for so long at most, and not at all once this device has read of the revocation.
const FRESHNESS: Duration = Duration::from_secs(5 * 60);

/// When this client asked the network about identifiers, as far as it remembers.
#[derive(Default)]
pub(crate) struct Lookups(Mutex<HashMap<Identifier, Timestamp>>);

impl Lookups {
    fn is_fresh(&self, identifier: &Identifier, now: Timestamp) -> bool {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(identifier).is_some_and(|at| now.since(*at) < FRESHNESS)
    }

    /// Notes what was asked, and forgets what no longer holds.
    fn note(&self, identifiers: &[Identifier], now: Timestamp) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, at| now.since(*at) < FRESHNESS);
        asked.extend(identifiers.iter().map(|identifier| (identifier.clone(), now)));
    }
}

/// The inbox of every identifier.
///
/// # Errors
/// [`ChangeError::UnknownIdentifiers`] names exactly those that belong to no inbox.
pub(crate) async fn inbox_ids(
    context: &Context,
    identifiers: &[Identifier],
) -> Result<Vec<InboxId>, ChangeError> {
    let found = look_up(context, identifiers).await?;
    let unknown: Vec<Identifier> = identifiers
        .iter()
        .zip(&found)
        .filter(|(_, inbox_id)| inbox_id.is_none())
        .map(|(identifier, _)| identifier.clone())
        .collect();
    if unknown.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(ChangeError::UnknownIdentifiers(unknown))
    }
}

/// For each identifier, in the order asked, whether it belongs to an inbox now: the network is asked, as official
/// clients do (FEATURES.md ID-54).
pub(crate) async fn can_message(
    context: &Context,
    identifiers: &[Identifier],
) -> Result<Vec<bool>, ChangeError> {
    let asked = ask(context, identifiers).await?;
    Ok(asked.iter().map(Option::is_some).collect())
}

/// For each identifier, in the order asked, whether it belongs to an inbox, and whether an installation of that can be
/// invited. Network and logs are asked now.
pub(crate) async fn reachability_of(
    context: &Context,
    identifiers: &[Identifier],
) -> Result<Vec<Reachability>, ChangeError> {
    let found = ask(context, identifiers).await?;
    let inboxes: BTreeSet<InboxId> = found.iter().flatten().copied().collect();
    let inboxes: Vec<InboxId> = inboxes.into_iter().collect();
    let mut installations = BTreeMap::new();
    for (inbox_id, state) in inboxes.iter().zip(states(context, &inboxes, Freshness::Network).await?) {
        match state {
            Ok(state) => drop(installations.insert(*inbox_id, state.installations())),
            Err(IdentityError::Port(error)) => return Err(error.into()),
            // A log that breaks the rules has no installations.
            Err(error) => tracing::warn!(inbox = %inbox_id, code = error.code(), "no such state"),
        }
    }
    let (delivery, mls) = (&*context.delivery, &*context.mls);
    Ok(reachability(delivery, mls, context.now(), found, &installations).await?)
}

/// R-IDN-212: the inbox of each identifier, in the order asked. The network is asked once, and only about those whose
/// inbox is not known, or not for sure any more. Whoever belonged to nobody is always asked about again.
pub(crate) async fn look_up(
    context: &Context,
    identifiers: &[Identifier],
) -> Result<Vec<Option<InboxId>>, ChangeError> {
    let now = context.now();
    let stored = context.store.inboxes_of(identifiers).await?;
    let mut found = Vec::with_capacity(identifiers.len());
    for (identifier, stored) in identifiers.iter().zip(stored) {
        let known = stored.flatten().filter(|_| context.lookups.is_fresh(identifier, now));
        found.push(match known {
            Some(inbox_id) if !is_contradicted(context, inbox_id, identifier).await? => Some(inbox_id),
            _ => None,
        });
    }
    let asked: Vec<usize> = (0..found.len()).filter(|index| found.get(*index) == Some(&None)).collect();
    let questions: Vec<Identifier> =
        asked.iter().filter_map(|index| identifiers.get(*index)).cloned().collect();
    if questions.is_empty() {
        return Ok(found);
    }
    for (index, inbox_id) in asked.into_iter().zip(ask(context, &questions).await?) {
        if let Some(place) = found.get_mut(index) {
            *place = inbox_id;
        }
    }
    Ok(found)
}

/// What the network says about each identifier, in the order asked; stored for later look-ups.
async fn ask(context: &Context, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, ChangeError> {
    let answers = context.identity_log.inbox_ids(identifiers).await?;
    let mut unit = Unit::unconditional();
    for (identifier, inbox_id) in identifiers.iter().zip(&answers) {
        unit.change(RowChange::CacheInboxOf { identifier: identifier.clone(), inbox_id: *inbox_id });
    }
    unit.commit(context).await?;
    context.lookups.note(identifiers, context.now());
    Ok(answers)
}

/// Whether the inbox's log, as far as it is stored, says that the identifier does not belong to it.
async fn is_contradicted(
    context: &Context,
    inbox_id: InboxId,
    identifier: &Identifier,
) -> Result<bool, PortError> {
    let latest = context.store.latest_identity_updates(&[inbox_id]).await?;
    let latest = latest.first().copied().unwrap_or_default();
    match stored_state_at(context, inbox_id, latest).await {
        Ok(state) => Ok(!state.contains(&MemberIdentifier::from(identifier))),
        Err(IdentityError::Port(error)) => Err(error),
        Err(_) => Ok(false),
    }
}
