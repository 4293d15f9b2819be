//! Reading a group's log: pages of envelopes, each page one unit of work. While the store writes one page, the next
//! one is fetched and worked on.

use futures_util::future::join;
use hexmtp_domain::{GroupId, Topic};
use hexmtp_ports::delivery::GroupEnvelope;
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{Revision, Scope};

use crate::context::Context;
use crate::error::SyncError;
use crate::group::load;
use crate::inbound::batch::Batch;
use crate::outbound::given_back;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// The page size of the protocol (FEATURES.md K-12).
const PAGE: usize = 100;

/// Reads the group's log to its end; the caller holds the group's lock. Gives the number of envelopes that
/// were accounted for.
pub(crate) async fn pull(context: &Context, group_id: GroupId) -> Result<usize, SyncError> {
    let (mut total, mut conflicts) = (0, 0);
    while conflicts < MAX_CONFLICTS {
        let after = context.store.cursor(Topic::Group(group_id)).await?;
        let page = context.delivery.query_group_messages(group_id, &after, PAGE).await?;
        if page.items.is_empty() {
            return Ok(total);
        }
        let Some(reader) = open(context, group_id).await? else { return Ok(total) };
        let before = total;
        match read_on(reader, (&page.items, page.has_more), &mut total).await? {
            Stop::Conflict if total == before => conflicts += 1,
            Stop::Conflict => conflicts = 0,
            Stop::End => return Ok(total),
        }
    }
    Err(SyncError::Contention)
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
        let Some(reader) = open(context, group_id).await? else { return Ok(0) };
        let mut total = 0;
        if let Stop::End = read_on(reader, (envelopes, false), &mut total).await? {
            return Ok(total);
        }
    }
    Err(SyncError::Contention)
}

/// Why reading stopped.
enum Stop {
    /// Everything is read that can be.
    End,
    /// Somebody else has changed the group.
    Conflict,
}

/// Reads a group's log on, from the state that it has once everything before is stored.
struct Reader<'a> {
    context: &'a Context,
    scope: Scope,
    /// The revision that the next commit expects.
    revision: Revision,
    batch: Batch<'a>,
}

/// What was read and is to be stored.
struct Read {
    unit: Unit,
    taken: usize,
    /// Whether the log goes on, and can be read on.
    has_more: bool,
}

/// The group, ready to be read on; `None` while it cannot be: it waits for a newer version, or this installation is
/// not in it. What is said there is not for it, unless a welcome brings it back: then reading goes on there.
async fn open(context: &Context, group_id: GroupId) -> Result<Option<Reader<'_>>, SyncError> {
    let scope = Scope::Group(group_id);
    let mut unit = Unit::load(context, &[scope]).await?;
    let mut record = load(context, group_id).await?;
    if let Some(minimum) = record.paused_for.take()
        && !context.claimed_version.supports(&minimum)
    {
        return Ok(None);
    }
    if record.membership == MembershipState::Removed {
        return Ok(None);
    }
    let clock = context.store.cursor(Topic::Group(group_id)).await?;
    let intents = context.store.open_intents(group_id).await?;
    let revision = unit.revision(scope);
    let session = unit.open(context, group_id)?;
    let batch = Batch::new(context, record, session, intents, clock)?;
    Ok(Some(Reader { context, scope, revision, batch }))
}

/// Reads on from a page. The group stays at hand once its log was read to the end.
async fn read_on(
    mut reader: Reader<'_>,
    (page, has_more): (&[GroupEnvelope], bool),
    total: &mut usize,
) -> Result<Stop, SyncError> {
    let context = reader.context;
    let first = reader.take_in(page, has_more).await;
    if first.is_err() && reader.is_outdated().await? {
        return Ok(Stop::Conflict);
    }
    let mut read = first?;
    while read.has_more {
        // Nothing of the next page is stored unless this one is: its commit expects the revision that this one makes.
        let (stored, next) = join(read.unit.commit(context), reader.next()).await;
        match stored {
            Err(error) if is_conflict(&error) => return Ok(Stop::Conflict),
            Err(error) => return Err(error.into()),
            Ok(()) => *total += read.taken,
        }
        if next.is_err() && reader.is_outdated().await? {
            return Ok(Stop::Conflict);
        }
        read = next?;
    }
    let Reader { scope, batch, .. } = reader;
    let (group_id, is_left) = (batch.record.id, batch.is_left());
    let (session, waiting) = batch.end();
    if let Some(session) = session {
        read.unit.keep(group_id, session);
    }
    if is_left {
        let deletions = read.unit.deletions(context, scope).await?;
        read.unit.change_mls(deletions);
    }
    match read.unit.commit(context).await {
        Err(error) if is_conflict(&error) => return Ok(Stop::Conflict),
        Err(error) => return Err(error.into()),
        Ok(()) => *total += read.taken,
    }
    waiting.map_or(Ok(Stop::End), Err)
}

impl<'a> Reader<'a> {
    /// Takes a page in.
    async fn take_in(&mut self, page: &[GroupEnvelope], has_more: bool) -> Result<Read, SyncError> {
        self.batch.take_in_all(page).await?;
        let part = self.batch.take_part()?;
        let mut unit = Unit::expecting(self.scope, self.revision);
        unit.change_mls(part.mls);
        part.rows.into_iter().for_each(|row| unit.change(row));
        if part.outbox_is_empty
            && let Some(change) = given_back(self.context, self.batch.record.id).await?
        {
            unit.change(change);
        }
        self.revision.0 += u64::from(unit.has_changes());
        Ok(Read {
            unit,
            taken: part.taken,
            has_more: has_more && part.taken > 0 && !self.batch.is_at_its_end(),
        })
    }

    /// Whether somebody else has changed the group: an error that came of reading it on says nothing then. Everything
    /// that was read before is stored.
    fn is_outdated(&self) -> impl Future<Output = Result<bool, SyncError>> + use<'a> {
        let (context, unit) = (self.context, Unit::expecting(self.scope, self.revision));
        async move { Ok(unit.is_outdated(context).await?) }
    }

    /// Fetches the page behind what was read, and takes it in.
    async fn next(&mut self) -> Result<Read, SyncError> {
        let group_id = self.batch.record.id;
        let page = self.context.delivery.query_group_messages(group_id, self.batch.clock(), PAGE).await?;
        self.take_in(&page.items, page.has_more).await
    }
}
