//! Reading a group's log: pages of envelopes, each page one unit of work.

use hexmtp_domain::{GroupId, Topic, VectorClock};
use hexmtp_ports::delivery::GroupEnvelope;
use hexmtp_ports::store::Scope;
use hexmtp_ports::store::record::MembershipState;

use crate::context::Context;
use crate::error::SyncError;
use crate::group::{is_introduced, load};
use crate::inbound::batch::Batch;
use crate::outbound::given_back;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// The page size of the protocol (FEATURES.md K-12).
const PAGE: usize = 100;

/// Reads the group's log to its end; the caller holds the group's lock. Gives the number of envelopes that
/// were accounted for.
pub(crate) async fn pull(context: &Context, group_id: GroupId) -> Result<usize, SyncError> {
    let mut total = 0;
    loop {
        let after = context.store.cursor(Topic::Group(group_id)).await?;
        let page = context.delivery.query_group_messages(group_id, &after, PAGE).await?;
        if page.items.is_empty() {
            return Ok(total);
        }
        let taken = take_in(context, group_id, &page.items).await?;
        total += taken;
        if !page.has_more || taken == 0 {
            return Ok(total);
        }
    }
}

/// Takes consecutive envelopes of a group's log in, in one unit of work; the caller holds the group's lock.
/// Those that are accounted for already are passed over. When one has to wait, for the network or for a newer
/// version, everything before it is stored, and the error says why.
pub(crate) async fn take_in(
    context: &Context,
    group_id: GroupId,
    envelopes: &[GroupEnvelope],
) -> Result<usize, SyncError> {
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        let mut record = load(context, group_id).await?;
        if let Some(minimum) = record.paused_for.take()
            && !context.claimed_version.supports(&minimum)
        {
            return Ok(0);
        }
        if record.membership == MembershipState::Removed {
            // What is said from here on is not for it, unless a welcome brings it back: then reading goes on there.
            return Ok(0);
        }
        let clock = context.store.cursor(Topic::Group(group_id)).await?;
        let open = context.store.open_intents(group_id).await?;
        let rows = unit.mls_rows(Scope::Group(group_id));
        let session = context.mls.open_group(&context.key, group_id, rows)?;
        let introduced = is_introduced(context, &record).await?;
        let mut batch = Batch::new(context, record, session, open, introduced)?;
        if let Err(error) = take_in_news(&mut batch, envelopes, &clock).await {
            if unit.is_outdated(context).await? {
                continue;
            }
            return Err(error);
        }
        let finished = batch.finish(&mut unit)?;
        if finished.outbox_is_empty
            && let Some(change) = given_back(context, group_id).await?
        {
            unit.change(change);
        }
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return finished.waiting.map_or(Ok(finished.taken), Err),
        }
    }
    Err(SyncError::Contention)
}

/// Takes the envelopes in that are not accounted for, up to one that has to wait.
async fn take_in_news(
    batch: &mut Batch<'_>,
    envelopes: &[GroupEnvelope],
    clock: &VectorClock,
) -> Result<(), SyncError> {
    for envelope in envelopes.iter().filter(|envelope| !clock.covers(envelope.cursor)) {
        batch.take_in(envelope).await?;
        if batch.is_waiting() {
            break;
        }
    }
    Ok(())
}
