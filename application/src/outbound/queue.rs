//! Storing what is wanted, before anything is done about it.

use hexmtp_domain::GroupId;
use hexmtp_domain::intent::{Intent, IntentId, IntentState};
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::store::{IntentRecord, RowChange};

use crate::context::Context;
use crate::error::ChangeError;
use crate::unit::Unit;

/// A new intent, not stored yet.
pub(crate) fn new_intent(
    context: &Context,
    group_id: GroupId,
    intent: Intent,
) -> Result<IntentRecord, EntropyError> {
    Ok(IntentRecord {
        id: IntentId(context.random()?),
        group_id,
        intent,
        state: IntentState::ToPublish,
        payload: None,
        message_id: None,
        should_push: false,
        attempts: 0,
        created_at: context.now(),
        error: None,
    })
}

/// Stores an intent.
pub(crate) async fn queue(
    context: &Context,
    group_id: GroupId,
    intent: Intent,
) -> Result<IntentId, ChangeError> {
    let record = new_intent(context, group_id, intent)?;
    let id = record.id;
    let mut unit = Unit::unconditional();
    unit.change(RowChange::InsertIntent(record));
    unit.commit(context).await?;
    Ok(id)
}
