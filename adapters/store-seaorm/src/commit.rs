//! Commits: one transaction each, on SQLite and on PostgreSQL.

use hexmtp_ports::store::{ChangeSet, StoreError};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};

use crate::access::Connections;
use crate::error::{from_db, is_collision, is_lost};
use crate::postgres::{self, Server, Settled};
use crate::tenant::Tenant;
use crate::write::{self, Written};

/// How often a transaction is tried that fails through no fault of its own.
const ATTEMPTS: usize = 4;

/// Applies a change set, and returns once it is durable.
///
/// # Errors
/// Nothing of the change set is applied then; but for a [`StoreError::Unavailable`] of PostgreSQL that says that the
/// connection was lost during the commit and the server stayed away.
pub(crate) async fn commit(
    connections: &Connections,
    tenant: &Tenant,
    changes: ChangeSet,
) -> Result<Written, StoreError> {
    match &connections.server {
        None => commit_to_file(&connections.writer, tenant, changes).await,
        Some(server) => commit_to_server(&connections.writer, server, tenant, changes).await,
    }
}

async fn commit_to_file(
    writer: &DatabaseConnection,
    tenant: &Tenant,
    changes: ChangeSet,
) -> Result<Written, StoreError> {
    let transaction = write::begin(writer).await?;
    match write::apply(&transaction, tenant, changes).await {
        Ok(written) => transaction.commit().await.map(|()| written).map_err(from_db),
        Err(error) => {
            // Should the rollback fail, the connection rolls back before it is used again.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

/// How an attempt on a server ended.
enum Attempt {
    Committed(Written),
    /// Nothing was applied, and there is no point in trying again.
    Failed(StoreError),
    /// Nothing was applied; another attempt may succeed.
    Again(StoreError),
}

/// A connection that breaks, or others that are in the way, are not the caller's concern as long as another attempt can
/// succeed.
async fn commit_to_server(
    writer: &DatabaseConnection,
    server: &Server,
    tenant: &Tenant,
    changes: ChangeSet,
) -> Result<Written, StoreError> {
    let mut attempts = ATTEMPTS;
    loop {
        attempts -= 1;
        match attempt(writer, server, tenant, changes.clone()).await {
            Attempt::Committed(written) => return Ok(written),
            Attempt::Again(_) if attempts > 0 => {}
            Attempt::Again(error) | Attempt::Failed(error) => return Err(error),
        }
    }
}

async fn attempt(
    writer: &DatabaseConnection,
    server: &Server,
    tenant: &Tenant,
    changes: ChangeSet,
) -> Attempt {
    let transaction = match write::try_begin(writer).await {
        Ok(transaction) => transaction,
        Err(error) => return failed(error),
    };
    let (written, mark) = match write_and_mark(&transaction, server, tenant, changes).await {
        Ok(done) => done,
        Err(error) => {
            // A transaction whose connection is gone is over.
            let _ = transaction.rollback().await;
            return match error {
                StoreError::Unavailable(_) => Attempt::Again(error),
                error => Attempt::Failed(error),
            };
        }
    };
    match transaction.commit().await {
        Ok(()) => Attempt::Committed(written),
        Err(error) if is_lost(&error) => match postgres::settle(writer, server, &mark).await {
            Ok(Settled::Committed) => Attempt::Committed(written),
            Ok(Settled::NotCommitted) => Attempt::Again(from_db(error)),
            Err(unknown) => Attempt::Failed(unknown),
        },
        Err(error) => failed(error),
    }
}

async fn write_and_mark(
    transaction: &DatabaseTransaction,
    server: &Server,
    tenant: &Tenant,
    changes: ChangeSet,
) -> Result<(Written, postgres::Mark), StoreError> {
    let written = write::apply(transaction, tenant, changes).await?;
    let mark = postgres::mark(transaction, server, written.fed.then_some(written.position)).await;
    Ok((written, mark.map_err(from_db)?))
}

fn failed(error: DbErr) -> Attempt {
    let again = is_lost(&error) || is_collision(&error);
    let error = from_db(error);
    if again { Attempt::Again(error) } else { Attempt::Failed(error) }
}
