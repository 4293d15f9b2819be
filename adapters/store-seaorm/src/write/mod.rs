//! Applies a change set within a transaction.

mod cursors;
mod feed;
mod messages;
mod mls;
mod revisions;
mod rows;

use hexmtp_ports::store::{ChangeSet, FeedPosition, StoreError};
use sea_orm::DatabaseTransaction;

/// At most so many rows in one statement: far below the limits of SQLite and PostgreSQL for parameters.
const BATCH: usize = 128;

/// What a change set did to the feed.
pub(crate) struct Written {
    /// The position of the last change in the feed.
    pub(crate) position: FeedPosition,
    /// Whether this change set fed it.
    pub(crate) fed: bool,
}

/// Applies a whole change set, or fails; the caller then rolls back.
pub(crate) async fn apply(
    transaction: &DatabaseTransaction,
    changes: ChangeSet,
) -> Result<Written, StoreError> {
    revisions::advance(transaction, &changes.expect).await?;
    mls::apply(transaction, &changes.expect, changes.mls).await?;
    let events = rows::apply(transaction, changes.rows).await?;
    let fed = !events.is_empty();
    Ok(Written { position: feed::append(transaction, events).await?, fed })
}
