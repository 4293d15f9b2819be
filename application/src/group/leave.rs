//! Leaving a group (PROTOCOL.md 4.7).

use hexmtp_domain::GroupId;
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::group::leaving::check_may_leave;
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::message::leave_request::{self, is_leave_request};
use hexmtp_ports::store::MessageFilter;

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::{ensure_writable, is_leaving, load};
use crate::outbound::{SendOptions, publish_messages, send_quietly};

/// Asks to be removed. To ask again changes nothing.
pub(crate) async fn leave(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    if is_leaving(context, &record) {
        return Ok(());
    }
    ensure_writable(context, &record)?;
    check_may_leave(&GroupContext::parse(&record.extensions)?, context.inbox_id)?;
    if is_asking(context, group_id).await? {
        return publish_messages(context, group_id).await;
    }
    send_quietly(context, group_id, &leave_request::encode(), SendOptions::default()).await.map(drop)
}

/// Whether a request is stored that the network does not have yet.
async fn is_asking(context: &Context, group_id: GroupId) -> Result<bool, ChangeError> {
    let waiting = MessageFilter {
        groups: vec![group_id],
        delivery: Some(DeliveryStatus::Unpublished),
        ..MessageFilter::default()
    };
    let waiting = context.store.messages(&waiting).await?;
    Ok(waiting.iter().any(|message| message.content_type.as_ref().is_some_and(is_leave_request)))
}
