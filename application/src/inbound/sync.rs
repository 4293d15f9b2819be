//! Bringing conversations up to date.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::{Cursor, GroupId, Originator, SequenceId, Topic};
use hexmtp_ports::store::{ConversationFilter, ConversationRecord, MembershipState, RowChange};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::group::{ensure_writable, follow_installations, load};
use crate::identity;
use crate::inbound::{pull, sync_welcomes};
use crate::key_package;
use crate::outbound::carry_on;
use crate::unit::Unit;

/// How old the knowledge of the members' installations may be after a sync (FEATURES.md K-11).
const INSTALLATIONS_MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// How many conversations are read at the same time.
const CONCURRENCY: usize = 8;

/// How many groups one question for newest messages may name (PROTOCOL.md 6.2).
const NEWEST_PER_REQUEST: usize = 1000;

/// What a sync of everything did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// Conversations that were joined.
    pub joined: usize,
    /// Conversations that had news and were read.
    pub synced: usize,
    /// Conversations that could not be read, or not to their end; the next sync tries them again.
    pub failed: usize,
}

/// Brings one conversation up to date, and goes on with what is open in it.
pub(crate) async fn sync_conversation(context: &Context, group_id: GroupId) -> Result<usize, ChangeError> {
    let taken = {
        let _guard = context.locks.lock(group_id).await;
        pull(context, group_id).await?
    };
    let record = load(context, group_id).await?;
    if ensure_writable(context, &record).is_ok() {
        follow_installations(context, &record, INSTALLATIONS_MAX_AGE).await?;
        let _guard = context.locks.lock(group_id).await;
        carry_on(context, group_id).await?;
    }
    Ok(taken)
}

/// Joins what this installation was added to, and brings every conversation with news up to date. What it costs grows
/// with the conversations that have news; of the others only ids and cursors are read.
pub(crate) async fn sync_all(context: &Context) -> Result<SyncSummary, ChangeError> {
    let own_log = own_log(context).await?;
    let joined = sync_welcomes(context).await?;
    if !context.standing.is_revoked() {
        key_package::rotate_if_due(context).await?;
    }
    key_package::delete_outdated(context).await?;
    let groups = context.store.conversation_ids(&followed()).await?;
    let behind = behind(context, &groups, own_log).await?;
    let mut due: HashSet<GroupId> = context.store.groups_with_open_intents().await?.into_iter().collect();
    for chunk in groups.chunks(NEWEST_PER_REQUEST) {
        due.extend(with_news(context, chunk).await?);
    }
    due.extend(&behind);
    // In the order of the listing: what was active last comes first.
    let due: Vec<(GroupId, bool)> =
        groups.into_iter().filter(|id| due.contains(id)).map(|id| (id, behind.contains(&id))).collect();
    let results: Vec<Result<usize, ChangeError>> = stream::iter(due)
        .map(|(group_id, is_behind)| async move {
            if is_behind {
                sync_and_follow(context, group_id).await
            } else {
                sync_conversation(context, group_id).await
            }
        })
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    let mut summary = SyncSummary { joined, ..SyncSummary::default() };
    for result in results {
        match result {
            Ok(_) => summary.synced += 1,
            Err(error) => {
                tracing::warn!(code = error.code(), "a conversation could not be synced");
                summary.failed += 1;
            }
        }
    }
    if summary.failed == 0 {
        note_own_log(context, own_log).await?;
    }
    Ok(summary)
}

/// The conversations whose logs are followed: those that this installation is a member of.
pub(crate) fn followed() -> ConversationFilter {
    let membership = vec![MembershipState::Allowed, MembershipState::Pending];
    ConversationFilter { membership, ..ConversationFilter::default() }
}

/// Syncs a conversation and looks at its members' installations, however lately that was done.
pub(crate) async fn sync_and_follow(context: &Context, group_id: GroupId) -> Result<usize, ChangeError> {
    let taken = sync_conversation(context, group_id).await?;
    let record = load(context, group_id).await?;
    if ensure_writable(context, &record).is_ok()
        && follow_installations(context, &record, Duration::ZERO).await?.is_some()
    {
        let _guard = context.locks.lock(group_id).await;
        carry_on(context, group_id).await?;
    }
    Ok(taken)
}

/// Where the own inbox's log ends now.
async fn own_log(context: &Context) -> Result<SequenceId, SyncError> {
    let latest = identity::refresh(context, &[context.inbox_id]).await?;
    Ok(latest.get(&context.inbox_id).copied().unwrap_or_default())
}

/// The groups that do not know yet what the own log says: a second installation wants to be in all conversations, and
/// a revoked one out of them. They are looked for only when the log has grown since all of them knew it; how far that
/// was is stored as the cursor of the own log. Groups that are joined later are looked at when they are joined.
async fn behind(
    context: &Context,
    groups: &[GroupId],
    own_log: SequenceId,
) -> Result<HashSet<GroupId>, SyncError> {
    let known = context.store.cursor(Topic::Identity(context.inbox_id)).await?;
    let mut behind = HashSet::new();
    if known.get(Originator::IDENTITY) < own_log {
        for id in groups {
            let record = context.store.conversation(*id).await?;
            if record.is_some_and(|record| is_behind(context, &record, own_log)) {
                behind.insert(*id);
            }
        }
    }
    Ok(behind)
}

/// Notes that all groups know the own log up to here.
async fn note_own_log(context: &Context, own_log: SequenceId) -> Result<(), SyncError> {
    let topic = Topic::Identity(context.inbox_id);
    let cursor = Cursor::new(Originator::IDENTITY, own_log);
    if context.store.cursor(topic).await?.covers(cursor) {
        return Ok(());
    }
    let mut unit = Unit::unconditional();
    unit.change(RowChange::AdvanceCursor { topic, cursor });
    Ok(unit.commit(context).await?)
}

/// Whether a group does not know yet what the own log says, and this client may tell it.
pub(crate) fn is_behind(context: &Context, record: &ConversationRecord, own_log: SequenceId) -> bool {
    record.kind.is_visible()
        && ensure_writable(context, record).is_ok()
        && GroupContext::parse(&record.extensions).is_ok_and(|group| {
            let known = group.membership.sequence_id(context.inbox_id);
            known.is_some_and(|known| known < own_log)
        })
}

/// Those of the conversations whose logs have grown.
async fn with_news(context: &Context, groups: &[GroupId]) -> Result<Vec<GroupId>, SyncError> {
    let newest = context.delivery.newest_group_messages(groups).await?;
    let topics: Vec<Topic> = groups.iter().copied().map(Topic::Group).collect();
    let clocks = context.store.cursors(&topics).await?;
    let known = groups.iter().zip(newest).zip(clocks);
    Ok(known
        .filter_map(|((id, newest), clock)| Some((id, newest?, clock)))
        .filter(|(_, newest, clock)| {
            !clock.covers(newest.cursor) && newest.cursor.sequence_id > SequenceId::default()
        })
        .map(|(id, ..)| *id)
        .collect())
}
