//! Opening a database: everything that is special to SQLite.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hexmtp_domain::Secret;
use hexmtp_ports::store::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqliteTransactionMode, SqlxSqliteConnector,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use zeroize::Zeroizing;

use crate::error::{from_db, from_driver, sqlite_code};
use crate::examine::{APPLICATION_ID, Found, Refused, examine};
use crate::migration::Migrator;
use crate::options::{Encryption, OpenProblem, Place, SqliteOptions};

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// What an unencrypted database file starts with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// SQLite's codes for a first page that makes no sense: out of memory (its fields do), not a database.
const UNREADABLE_START: [i32; 2] = [7, 26];

/// The one connection that writes, and those that read.
pub(crate) async fn open(options: &SqliteOptions) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let (place, readers) = match &options.place {
        Place::Memory => (SqliteConnectOptions::new(), None),
        Place::File(path) => {
            let path = std::path::absolute(path).map_err(|source| inaccessible(path, source))?;
            let file = SqliteConnectOptions::new().filename(&path).create_if_missing(false);
            let file = with_key(file, &options.encryption)?;
            if prepare_file(&path, &options.encryption)? {
                probe(file.clone(), &path, &options.encryption).await?;
            }
            let file = file.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            (file.clone(), Some(file.pragma("query_only", "ON")))
        }
    };
    let writer = pool(1).connect_with(with_defaults(place)).await.map_err(from_driver)?;
    if let Err(error) = migrate(&connection(&writer)).await {
        writer.close().await;
        return Err(error);
    }
    let readers = match readers {
        Some(file) => pool(options.readers).connect_lazy_with(with_defaults(file)),
        None => writer.clone(),
    };
    Ok((writer, readers))
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

fn with_defaults(options: SqliteConnectOptions) -> SqliteConnectOptions {
    // Statements must not be logged: the first one is the key.
    options
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

fn with_key(
    options: SqliteConnectOptions,
    encryption: &Encryption,
) -> Result<SqliteConnectOptions, StoreError> {
    let Encryption::Key(key) = encryption else {
        return Ok(options);
    };
    if key.len() != 32 {
        return Err(StoreError::Backend(Box::new(OpenProblem::KeyLength(key.len()))));
    }
    Ok(options.pragma("key", raw_key(key).to_string()))
}

/// The form in which SQLCipher takes a key as it is, without deriving it from a passphrase.
fn raw_key(key: &Secret) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(70));
    text.push_str("\"x'");
    for byte in key.expose() {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("'\"");
    text
}

fn inaccessible(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Backend(Box::new(OpenProblem::Inaccessible { path: path.to_owned(), source }))
}

/// Makes the file if there is none, and tells whether there is something in it to be examined.
fn prepare_file(path: &Path, encryption: &Encryption) -> Result<bool, StoreError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path).map(|()| false),
        Err(error) => Err(inaccessible(path, error)),
        Ok(metadata) if !metadata.is_file() => {
            Err(StoreError::Backend(Box::new(OpenProblem::NotAFile(path.to_owned()))))
        }
        Ok(metadata) if metadata.len() == 0 => Ok(false),
        Ok(_) => check_start(path, encryption).map(|()| true),
    }
}

fn create(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Another process was quicker; what it makes is examined below.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(inaccessible(path, error)),
        Ok(_) => Ok(()),
    }
}

/// Whether the file looks encrypted must be what is expected of it.
fn check_start(path: &Path, encryption: &Encryption) -> Result<(), StoreError> {
    let mut start = Vec::with_capacity(MAGIC.len());
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start))
        .map_err(|error| inaccessible(path, error))?;
    match (encryption, start == MAGIC) {
        (Encryption::Unencrypted, false) => Err(StoreError::WrongKeyOrNotADatabase),
        (Encryption::Key(_), true) => Err(StoreError::Backend(Box::new(OpenProblem::NotEncrypted))),
        _ => Ok(()),
    }
}

/// Examines the file through a connection that cannot write, and that without a write-ahead log leaves no traces
/// beside the file either.
async fn probe(file: SqliteConnectOptions, path: &Path, encryption: &Encryption) -> Result<(), StoreError> {
    let mut log = OsString::from(path);
    log.push("-wal");
    let has_log = std::fs::metadata(PathBuf::from(log)).is_ok_and(|metadata| metadata.len() > 0);
    let options = with_defaults(file).read_only(true).immutable(!has_log);
    let pool = pool(1).connect_lazy_with(options);
    let examined = examine(&connection(&pool)).await;
    pool.close().await;
    examined.map(drop).map_err(|refused| match refused {
        Refused::Unfit(error) => error,
        Refused::Unreadable(error) => match (encryption, first_page_code(&error)) {
            (Encryption::Key(_), Some(_)) => StoreError::WrongKeyOrNotADatabase,
            // Its first bytes are those of a database.
            (Encryption::Unencrypted, Some(_)) => StoreError::Corrupt(error.to_string()),
            (_, None) => from_db(error),
        },
    })
}

fn first_page_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    sqlite_code(cause).filter(|code| UNREADABLE_START.contains(code))
}

/// Makes or updates the schema. The write lock is taken only when there is something to write, and what was found
/// before it was taken is looked at again: another process may do the same.
async fn migrate(writer: &DatabaseConnection) -> Result<(), StoreError> {
    if found(writer).await? == Found::Current {
        return Ok(());
    }
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = writer.begin_with_options(immediate).await.map_err(from_db)?;
    if found(&transaction).await? == Found::Blank {
        let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
        transaction.execute_unprepared(&mark).await.map_err(from_db)?;
    }
    Migrator::up(&transaction, None).await.map_err(from_db)?;
    transaction.commit().await.map_err(from_db)
}

async fn found(connection: &impl ConnectionTrait) -> Result<Found, StoreError> {
    examine(connection).await.map_err(|refused| match refused {
        Refused::Unreadable(error) => from_db(error),
        Refused::Unfit(error) => error,
    })
}
