//! Bringing conversations up to date.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::{GroupId, SequenceId, Topic};
use hexmtp_ports::store::{ConversationFilter, ConversationRecord};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::group::{ensure_writable, follow_installations, load};
use crate::identity;
use crate::inbound::{pull, sync_welcomes};
use crate::key_package;
use crate::outbound::carry_on;

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

/// Joins what this installation was added to, and brings every conversation with news up to date.
pub(crate) async fn sync_all(context: &Context) -> Result<SyncSummary, ChangeError> {
    let own_log = own_log(context).await?;
    let joined = sync_welcomes(context).await?;
    if !context.standing.is_revoked() {
        key_package::rotate_if_due(context).await?;
    }
    key_package::delete_outdated(context).await?;
    let conversations = context.store.conversations(&ConversationFilter::default()).await?;
    let with_work = context.store.groups_with_open_intents().await?;
    let mut due = Vec::new();
    for chunk in conversations.chunks(NEWEST_PER_REQUEST) {
        due.extend(with_news(context, chunk).await?);
    }
    let due: Vec<(GroupId, bool)> = conversations
        .iter()
        .map(|record| (record.id, is_behind(context, record, own_log)))
        .filter(|(id, is_behind)| *is_behind || due.contains(id) || with_work.contains(id))
        .collect();
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
    Ok(summary)
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

/// Whether a group does not know yet what the own log says: a second installation wants to be in all
/// conversations, and a revoked one out of them. The group tells, so that no crash can lose it.
fn is_behind(context: &Context, record: &ConversationRecord, own_log: SequenceId) -> bool {
    record.kind.is_visible()
        && ensure_writable(context, record).is_ok()
        && GroupContext::parse(&record.extensions).is_ok_and(|group| {
            let known = group.membership.sequence_id(context.inbox_id);
            known.is_some_and(|known| known < own_log)
        })
}

/// Those of the conversations whose logs have grown.
async fn with_news(
    context: &Context,
    conversations: &[ConversationRecord],
) -> Result<Vec<GroupId>, SyncError> {
    let ids: Vec<GroupId> = conversations.iter().map(|record| record.id).collect();
    let newest = context.delivery.newest_group_messages(&ids).await?;
    let mut due = Vec::new();
    for (id, newest) in ids.into_iter().zip(newest) {
        let Some(newest) = newest else { continue };
        let clock = context.store.cursor(Topic::Group(id)).await?;
        if !clock.covers(newest.cursor) && newest.cursor.sequence_id > SequenceId::default() {
            due.push(id);
        }
    }
    Ok(due)
}
