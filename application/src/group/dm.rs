//! Direct conversations: several groups of one pair are one conversation (PROTOCOL.md 4.8).

use hexmtp_domain::GroupId;
use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_domain::message::MessageKind;
use hexmtp_ports::store::{ConversationRecord, MessageFilter, RowChange, StoreError};

use crate::context::Context;
use crate::error::SyncError;
use crate::group::{ensure_writable, load};

/// The groups of a conversation: of a DM all of its pair, the most recently active first.
pub(crate) async fn stitched(context: &Context, id: GroupId) -> Result<Vec<GroupId>, SyncError> {
    Ok(match load(context, id).await?.dm_pair {
        Some(pair) => context.store.dm_groups(pair).await?.iter().map(|record| record.id).collect(),
        None => vec![id],
    })
}

/// The group of a conversation that is written to: of a DM the most recently active one that can be.
pub(crate) async fn writable_of(context: &Context, id: GroupId) -> Result<GroupId, SyncError> {
    let Some(pair) = load(context, id).await?.dm_pair else { return Ok(id) };
    let groups = context.store.dm_groups(pair).await?;
    let writable = groups.iter().find(|record| ensure_writable(context, record).is_ok());
    Ok(writable.map_or(id, |record| record.id))
}

/// Whether the transcript of another group of the pair has told that these two talk. It is told once.
pub(crate) async fn is_introduced(
    context: &Context,
    record: &ConversationRecord,
) -> Result<bool, StoreError> {
    let groups: Vec<GroupId> = others(context, record).await?.map(|other| other.id).collect();
    if groups.is_empty() {
        return Ok(false);
    }
    let told =
        MessageFilter { groups, kind: Some(MessageKind::MembershipChange), ..MessageFilter::default() };
    Ok(context.store.count_messages(&told).await? > 0)
}

/// What the person decided about another group of the pair last holds for a new one too.
pub(crate) async fn inherited_consent(
    context: &Context,
    record: &ConversationRecord,
) -> Result<Option<RowChange>, StoreError> {
    let mut decided: Option<ConsentRecord> = None;
    for other in others(context, record).await? {
        let stored = context.store.consent(&ConsentEntity::Conversation(other.id)).await?;
        decided = stored.into_iter().chain(decided).max_by_key(|consent| consent.at);
    }
    let entity = ConsentEntity::Conversation(record.id);
    Ok(decided.map(|decided| RowChange::PutConsent(ConsentRecord { entity, ..decided })))
}

/// The other groups of a DM's pair.
async fn others(
    context: &Context,
    record: &ConversationRecord,
) -> Result<impl Iterator<Item = ConversationRecord> + use<>, StoreError> {
    let id = record.id;
    let groups = match record.dm_pair {
        Some(pair) => context.store.dm_groups(pair).await?,
        None => Vec::new(),
    };
    Ok(groups.into_iter().filter(move |other| other.id != id))
}
