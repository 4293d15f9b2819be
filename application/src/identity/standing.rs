//! Whether this installation still belongs to its inbox, as far as this device knows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hexmtp_domain::SequenceId;
use hexmtp_domain::identity::MemberIdentifier;

use crate::context::Context;
use crate::error::{IdentityError, PortError};
use crate::identity::states::stored_state_at;

/// What was last seen in the own identity log.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    revoked: AtomicBool,
    /// The place of the log that this was read from; zero for none.
    examined: AtomicU64,
}

impl Standing {
    /// Whether the own inbox has revoked this installation: nobody takes anything from it any more.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }
}

/// Looks again, now that the stored log of the own inbox ends here. A log that cannot be folded says nothing.
pub(crate) async fn review(context: &Context, latest: SequenceId) -> Result<(), PortError> {
    let standing = &context.standing;
    if standing.examined.load(Ordering::Acquire) >= latest.0 {
        return Ok(());
    }
    match stored_state_at(context, context.inbox_id, latest).await {
        Ok(state) => {
            let own = MemberIdentifier::Installation(context.key.id());
            if standing.examined.fetch_max(latest.0, Ordering::AcqRel) <= latest.0 {
                standing.revoked.store(!state.contains(&own), Ordering::Release);
            }
            Ok(())
        }
        Err(IdentityError::Port(error)) => Err(error),
        Err(_) => Ok(()),
    }
}

/// Looks into the log as it is stored, without asking the network.
pub(crate) async fn review_stored(context: &Context) -> Result<(), PortError> {
    let latest = context.store.latest_identity_updates(&[context.inbox_id]).await?;
    review(context, latest.first().copied().unwrap_or_default()).await
}
