//! Leaving a group (PROTOCOL.md 4.7).

use hexmtp_domain::GroupId;
use hexmtp_domain::group::GroupContext;
use hexmtp_domain::group::leaving::check_may_leave;
use hexmtp_domain::message::leave_request;

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::{ensure_writable, is_leaving, load};
use crate::outbound::{SendOptions, send_quietly};

/// Asks to be removed. To ask again changes nothing.
pub(crate) async fn leave(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    let record = load(context, group_id).await?;
    if is_leaving(context, &record) {
        return Ok(());
    }
    ensure_writable(context, &record)?;
    check_may_leave(&GroupContext::parse(&record.extensions)?, context.inbox_id)?;
    send_quietly(context, group_id, &leave_request::encode(), SendOptions::default()).await.map(drop)
}
