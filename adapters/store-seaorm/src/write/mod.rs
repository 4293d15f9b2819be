//! Applies a change set within a transaction.

mod deletion;
mod feed;
mod ice;
mod lease;
mod messages;
mod mls;
mod progress;
mod revisions;
mod rows;
mod upkeep;

use hexmtp_ports::store::{ChangeSet, FeedEvent, FeedPosition, StoreError};
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Insert, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::entity::feed::position;
use crate::entity::installation::{self, Counters};
use crate::error::from_db;
use crate::tenant::Tenant;

pub(crate) use upkeep::{trim, wipe};

/// At most so many rows in one statement: far below the limits of SQLite and PostgreSQL for parameters.
const BATCH: usize = 128;

/// What a change set did to the feed.
pub(crate) struct Written {
    /// The position of the last change in the feed.
    pub(crate) position: FeedPosition,
    /// Whether this change set fed it.
    pub(crate) fed: bool,
}

/// What the parts of a change set are written with.
pub(crate) struct Writer<'a> {
    /// The transaction.
    transaction: &'a DatabaseTransaction,
    /// Whose rows are written.
    tenant: &'a Tenant,
    /// The numbers that the installation has given out, this change set's included.
    counters: Counters,
    /// What the feed is to tell, in order.
    events: Vec<FeedEvent>,
}

impl Writer<'_> {
    /// Inserts a row, if its `ON CONFLICT` lets it in, and says whether anything changed.
    async fn insert<A>(&self, insert: Insert<A>) -> Result<bool, StoreError>
    where
        A: sea_orm::ActiveModelTrait,
    {
        changed(insert.exec_without_returning(self.transaction).await)
    }
}

fn changed(rows: Result<u64, DbErr>) -> Result<bool, StoreError> {
    match rows {
        Ok(rows) => Ok(rows > 0),
        Err(DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(from_db(error)),
    }
}

/// A transaction that writes. On SQLite it holds the write lock from its start. On PostgreSQL it sees, after each wait
/// for a lock, what the others have committed, whatever the server's defaults are.
pub(crate) async fn try_begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = match writer.get_database_backend() {
        DbBackend::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
        _ => TransactionOptions {
            isolation_level: Some(IsolationLevel::ReadCommitted),
            access_mode: Some(AccessMode::ReadWrite),
            ..TransactionOptions::default()
        },
    };
    writer.begin_with_options(options).await
}

/// A transaction that writes.
pub(crate) async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    try_begin(writer).await.map_err(from_db)
}

/// Applies a whole change set, or fails; the caller then rolls back.
pub(crate) async fn apply(
    transaction: &DatabaseTransaction,
    tenant: &Tenant,
    changes: ChangeSet,
) -> Result<Written, StoreError> {
    let counters = installation::lock(transaction, tenant).await?;
    let mut writer = Writer { transaction, tenant, counters, events: Vec::new() };
    revisions::advance(&writer, &changes.expect).await?;
    mls::apply(&writer, &changes.expect, changes.mls).await?;
    rows::apply(&mut writer, changes.rows).await?;
    let fed = !writer.events.is_empty();
    feed::append(&mut writer).await?;
    if writer.counters != counters {
        installation::write(transaction, tenant, writer.counters).await?;
    }
    Ok(Written { position: position(writer.counters.feed_position)?, fed })
}
