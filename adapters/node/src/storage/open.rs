//! Opening a database: everything that is special to SQLite or to PostgreSQL.
//!
//! Only one node works on a database. Numbers would be right with more, but a node tells its subscribers of what it
//! wrote itself. A file is guarded by a lock on a file beside it, which the system releases with the process; a
//! PostgreSQL database by a session's advisory lock, which the one connection that writes takes before anything
//! else, also when it has to be made anew.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr, SqlxPostgresConnector, SqlxSqliteConnector, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::url::DatabaseUrl;
use crate::NodeError;
use crate::migration::Migrator;

/// How long a statement waits for another process that has the SQLite file locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The advisory lock of the one node of a PostgreSQL database: `hexmtp` in ASCII.
const ADVISORY_LOCK: i64 = 0x0000_6865_786d_7470;
/// How long a node waits for its predecessor to let go of the lock, in PostgreSQL's words.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '8s'";

/// The connections to a database.
#[derive(Debug)]
pub(super) struct Database {
    /// The one connection that writes.
    pub(super) writer: DatabaseConnection,
    /// Those that read; for a database in memory the same connection, because there is no other way to it.
    pub(super) readers: DatabaseConnection,
    /// Keeps other nodes off a file.
    guard: Mutex<Option<File>>,
}

impl Database {
    /// Opens the database and brings its schema up to date.
    pub(super) async fn open(url: &str, readers: u32) -> Result<Self, NodeError> {
        let database = match url.parse()? {
            DatabaseUrl::Memory => memory().await?,
            DatabaseUrl::File(path) => file(&path, readers).await?,
            DatabaseUrl::Postgres(options) => postgres(*options, readers).await?,
        };
        if let Err(error) = migrate(&database.writer).await {
            database.close().await;
            return Err(opening(error));
        }
        Ok(database)
    }

    /// Closes all connections, once nobody uses them, and lets the next node in. Whoever still holds this value can
    /// do nothing with it.
    pub(super) async fn close(&self) {
        for connection in [&self.readers, &self.writer] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "a database connection was not closed in order");
            }
        }
        // To close the file would not do: a process that is being started right now may hold it for a moment.
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = guard.map(|file| file.unlock()) {
            tracing::warn!(%error, "the lock beside the database was not given back in order");
        }
    }
}

/// All or nothing: a node that dies halfway must not leave a schema that the next one does not understand.
async fn migrate(writer: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = writer.begin().await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

fn opening(error: impl std::error::Error + Send + Sync + 'static) -> NodeError {
    NodeError::Database(Box::new(error))
}

/// Connections stay: a database in memory is gone with its connection.
fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
}

async fn memory() -> Result<Database, NodeError> {
    let options = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
    let pool = sqlite_pool(1).min_connections(1).connect_with(options).await.map_err(opening)?;
    let writer = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    Ok(Database { readers: writer.clone(), writer, guard: Mutex::default() })
}

async fn file(path: &Path, readers: u32) -> Result<Database, NodeError> {
    let guard = lock_beside(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With less, what was acknowledged could be gone after the power failed.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let writer = sqlite_pool(1).connect_with(options.clone()).await.map_err(opening)?;
    let options = options.pragma("query_only", "ON");
    let readers = sqlite_pool(readers).connect_lazy_with(options);
    Ok(Database {
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        readers: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
        guard: Mutex::new(Some(guard)),
    })
}

/// Locks a file beside the database. Not the database itself: to open and close it besides SQLite would release
/// SQLite's own locks.
fn lock_beside(path: &Path) -> Result<File, NodeError> {
    let mut beside = OsString::from(path);
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let unusable = |source| NodeError::DatabaseFile { path: beside.clone(), source };
    let file = File::options().create(true).write(true).truncate(false).open(&beside).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NodeError::DatabaseInUse),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

async fn postgres(options: PgConnectOptions, readers: u32) -> Result<Database, NodeError> {
    let options = options.application_name("hexmtp-node").disable_statement_logging();
    let refused = Arc::new(AtomicBool::new(false));
    let is_refused = Arc::clone(&refused);
    let writer = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| {
            let refused = Arc::clone(&refused);
            Box::pin(async move {
                let locked = be_the_writer(connection).await;
                refused.store(locked.is_err(), Ordering::Release);
                locked
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(|error| {
            if is_refused.load(Ordering::Acquire) { NodeError::DatabaseInUse } else { opening(error) }
        })?;
    let readers = PgPoolOptions::new()
        .max_connections(readers)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options);
    Ok(Database {
        writer: SqlxPostgresConnector::from_sqlx_postgres_pool(writer),
        readers: SqlxPostgresConnector::from_sqlx_postgres_pool(readers),
        guard: Mutex::default(),
    })
}

/// Takes the lock that makes a connection the one that writes, and sees that its commits are durable even where the
/// server's default is otherwise.
async fn be_the_writer(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK_TIMEOUT).execute(&mut *connection).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(ADVISORY_LOCK).execute(&mut *connection).await?;
    sqlx::query("SET lock_timeout = DEFAULT").execute(&mut *connection).await?;
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-NET-143: a process that is started while a node runs holds its files for a moment, until it becomes another
    /// program.
    #[tokio::test]
    async fn a_lock_that_another_process_has_inherited_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        let database = file(&path, 1).await.unwrap();
        let inherited = database.guard.lock().unwrap().as_ref().unwrap().try_clone().unwrap();
        assert!(matches!(lock_beside(&path), Err(NodeError::DatabaseInUse)));
        database.close().await;
        lock_beside(&path).unwrap();
        drop(inherited);
    }
}
