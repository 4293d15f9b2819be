//! Opening a SQLite database: everything that is special to SQLite.

pub(crate) mod examine;
mod file;
mod key;
mod reencrypt;

use std::path::Path;
use std::time::Duration;

use hexmtp_ports::store::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxSqliteConnector};
use sea_orm_migration::MigratorTrait;
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::access::Connections;
use crate::error::{from_db, from_driver};
use crate::migration::Migrator;
use crate::options::{Place, SqliteOptions};
use crate::versions::Found;
use crate::write;

use examine::{APPLICATION_ID, examine};
use file::Lying;
pub(crate) use reencrypt::{can_reencrypt, reencrypt};

/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens a database, or makes a new one.
pub(crate) async fn open(options: &SqliteOptions) -> Result<Connections, StoreError> {
    match &options.place {
        Place::Memory => {
            let memory = with_defaults(SqliteConnectOptions::new(), options);
            let writer = writer(memory).await?;
            Ok(Connections { readers: writer.clone(), writer, server: None })
        }
        Place::File(path) => {
            let path = std::path::absolute(path).map_err(|source| file::inaccessible(path, source))?;
            let file = SqliteConnectOptions::new().filename(&path).create_if_missing(false);
            let file = with_defaults(key::with_key(file, &options.encryption)?, options);
            if options.is_read_only {
                return open_read_only(file, &path, options).await;
            }
            match file::look(&path, &options.encryption)? {
                Lying::Nothing => file::create(&path)?,
                Lying::Database(page) => {
                    file::probe(file.clone(), &path, &options.encryption, page).await?;
                }
            }
            let file = file.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            let writer = writer(file.clone()).await?;
            reencrypt::forget_leftovers(&path);
            let readers = readers(file.pragma("query_only", "ON"), options);
            Ok(Connections { writer, readers, server: None })
        }
    }
}

/// A pool as SeaORM takes it.
pub(crate) fn connection(pool: &SqlitePool) -> DatabaseConnection {
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone())
}

/// Connections stay: a database in memory is gone with its connection, and a closed file must stay closed.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
}

/// One connection.
fn lone() -> SqlitePoolOptions {
    pool(1)
}

async fn writer(file: SqliteConnectOptions) -> Result<DatabaseConnection, StoreError> {
    let pool = lone().connect_with(file).await.map_err(from_driver)?;
    let writer = connection(&pool);
    if let Err(error) = migrate(&writer).await {
        pool.close().await;
        return Err(error);
    }
    Ok(writer)
}

fn readers(file: SqliteConnectOptions, options: &SqliteOptions) -> DatabaseConnection {
    connection(&pool(options.readers).connect_lazy_with(file))
}

fn with_defaults(file: SqliteConnectOptions, options: &SqliteOptions) -> SqliteConnectOptions {
    // Statements must not be logged: the first one is the key.
    file.foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// Opens what is there and writes nothing, not even beside it if it can be helped.
async fn open_read_only(
    file: SqliteConnectOptions,
    path: &Path,
    options: &SqliteOptions,
) -> Result<Connections, StoreError> {
    let Lying::Database(page) = file::look(path, &options.encryption)? else {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(file::inaccessible(path, missing));
    };
    if file::probe(file.clone(), path, &options.encryption, page).await? != Found::Current {
        // To bring it up to date is to write.
        return Err(StoreError::ReadOnly);
    }
    let file = file.read_only(true);
    let shared = readers(file.clone(), options);
    // A database in WAL mode wants its index beside it. Where that cannot be made, nobody else can write either.
    let readers = match examine(&shared).await {
        Ok(_) => shared,
        Err(refused) if file::has_log(path) => return Err(refused.into()),
        Err(_) => {
            let _ = shared.close_by_ref().await;
            readers(file.immutable(true), options)
        }
    };
    Ok(Connections { writer: readers.clone(), readers, server: None })
}

/// Makes or updates the schema. The write lock is taken only when there is something to write, and what was found
/// before it was taken is looked at again: another process may do the same.
async fn migrate(writer: &DatabaseConnection) -> Result<(), StoreError> {
    if examine(writer).await? == Found::Current {
        return Ok(());
    }
    let transaction = write::begin(writer).await?;
    if examine(&transaction).await? == Found::Blank {
        let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
        transaction.execute_unprepared(&mark).await.map_err(from_db)?;
    }
    Migrator::up(&transaction, None).await.map_err(from_db)?;
    transaction.commit().await.map_err(from_db)
}
