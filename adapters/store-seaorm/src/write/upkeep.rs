//! Forgetting what is not needed any longer, and forgetting everything.

use hexmtp_ports::store::{StoreError, Trim};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction};

use super::Writer;
use crate::convert::from_u64;
use crate::entity::installation::{self, Counters};
use crate::entity::{
    association_state, commit_log, consent, conversation, cursor, cutover, deferred_welcome, deletion, feed,
    iced, iced_dependency, identity, identity_update, intent, key_package, known_inbox, lease, message,
    mls_row, preferences, readd, rejected, remote_commit_log, revision, sync_progress, task, watermark,
};
use crate::tenant::Tenant;

/// Forgets what nobody needs any longer.
pub(crate) async fn trim(
    transaction: &DatabaseTransaction,
    tenant: &Tenant,
    trim: &Trim,
) -> Result<(), StoreError> {
    let counters = installation::lock(transaction, tenant).await?;
    let writer = Writer { transaction, tenant, counters, events: Vec::new() };
    if let Some(position) = trim.feed_up_to {
        // A position that lies ahead means all changes.
        let up_to = Ord::min(from_u64(position.0).unwrap_or(i64::MAX), counters.feed_position);
        if up_to > counters.feed_trimmed {
            writer.delete::<feed::Entity>(feed::Column::Position.lte(up_to)).await?;
            installation::write(transaction, tenant, Counters { feed_trimmed: up_to, ..counters }).await?;
        }
    }
    if let Some(bound) = trim.rejected_before {
        writer.delete::<rejected::Entity>(rejected::Column::RejectedAt.lt(bound.as_nanos())).await?;
    }
    if let Some(bound) = trim.settled_intents_before {
        let before = intent::Column::CreatedAt.lt(bound.as_nanos());
        writer.delete::<intent::Entity>(intent::Column::Settled.eq(true).and(before)).await?;
    }
    Ok(())
}

/// Forgets everything but the numbers that the installation has given out.
pub(crate) async fn wipe(transaction: &DatabaseTransaction, tenant: &Tenant) -> Result<(), StoreError> {
    let counters = installation::lock(transaction, tenant).await?;
    let writer = Writer { transaction, tenant, counters, events: Vec::new() };
    macro_rules! forget {
        ($($table:ident),* $(,)?) => {
            $(writer.delete::<$table::Entity>(Condition::all()).await?;)*
        };
    }
    forget!(
        association_state,
        commit_log,
        consent,
        conversation,
        cursor,
        cutover,
        deferred_welcome,
        deletion,
        feed,
        iced,
        iced_dependency,
        identity,
        identity_update,
        intent,
        key_package,
        known_inbox,
        lease,
        message,
        mls_row,
        preferences,
        readd,
        rejected,
        remote_commit_log,
        revision,
        sync_progress,
        task,
        watermark,
    );
    let counters = Counters { feed_trimmed: counters.feed_position, ..counters };
    installation::write(transaction, tenant, counters).await
}
