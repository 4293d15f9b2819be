//! Consent: noted with the time of the decision, so that the newest one wins on all devices (PROTOCOL.md 7.4).

use std::time::Duration;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_ports::store::RowChange;

use crate::context::Context;
use crate::error::SyncError;
use crate::group;
use crate::unit::Unit;

/// What the user decided.
pub(crate) async fn of(context: &Context, entity: ConsentEntity) -> Result<ConsentState, SyncError> {
    let stored = context.store.consent(&entity).await?;
    Ok(stored.map_or(ConsentState::Unknown, |consent| consent.state))
}

/// Notes what the user decides. Of an unknown conversation it is noted as well: it may still come.
pub(crate) async fn set(
    context: &Context,
    decisions: &[(ConsentEntity, ConsentState)],
) -> Result<(), SyncError> {
    let mut unit = Unit::unconditional();
    for (entity, state) in decisions {
        for entity in concerned(context, *entity).await? {
            // What was decided on another device, whose clock is ahead, is not newer than this.
            let stored = context.store.consent(&entity).await?;
            let after = stored.map(|stored| stored.at.plus(Duration::from_nanos(1)));
            let at = after.map_or(context.now(), |after| after.max(context.now()));
            unit.change(RowChange::PutConsent(ConsentRecord { entity, state: *state, at }));
        }
    }
    Ok(unit.commit(context).await?)
}

/// What a decision is about: of a DM all groups of its pair.
async fn concerned(context: &Context, entity: ConsentEntity) -> Result<Vec<ConsentEntity>, SyncError> {
    let ConsentEntity::Conversation(id) = entity else { return Ok(vec![entity]) };
    match group::stitched(context, id).await {
        Ok(groups) => Ok(groups.into_iter().map(ConsentEntity::Conversation).collect()),
        Err(SyncError::UnknownConversation(_)) => Ok(vec![entity]),
        Err(error) => Err(error),
    }
}
