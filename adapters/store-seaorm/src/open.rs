//! Opening a database: everything that is special to SQLite.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;
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
/// The page size of SQLCipher, in bytes.
const CIPHER_PAGE: u64 = 4096;
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
            if let Some(page) = prepare_file(&path, &options.encryption)? {
                probe(file.clone(), &path, &options.encryption, page).await?;
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
    // SQLCipher writes its own diagnosis to the standard error stream; errors say what is to be said.
    Ok(options.pragma("key", raw_key(key).to_string()).pragma("cipher_log_level", "NONE"))
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

/// Makes the file if there is none. If there is something in it to be examined, gives the size of its pages.
fn prepare_file(path: &Path, encryption: &Encryption) -> Result<Option<u64>, StoreError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path).map(|()| None),
        Err(error) => Err(inaccessible(path, error)),
        Ok(metadata) if !metadata.is_file() => {
            Err(StoreError::Backend(Box::new(OpenProblem::NotAFile(path.to_owned()))))
        }
        Ok(metadata) if metadata.len() == 0 => Ok(None),
        Ok(metadata) => check_start(path, metadata.len(), encryption).map(Some),
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

/// Whether the file looks encrypted must be what is expected of it. Gives the size of its pages.
fn check_start(path: &Path, length: u64, encryption: &Encryption) -> Result<u64, StoreError> {
    let mut start = Vec::with_capacity(18);
    File::open(path)
        .and_then(|file| file.take(18).read_to_end(&mut start))
        .map_err(|error| inaccessible(path, error))?;
    // To SQLCipher, less than a page and a page of zeros are an empty database, which it would fill. An encrypted
    // file starts with random bytes.
    let blank = length < CIPHER_PAGE || start.iter().all(|byte| *byte == 0);
    match (encryption, start.strip_prefix(MAGIC)) {
        (Encryption::Key(_), Some(_)) => Err(StoreError::Backend(Box::new(OpenProblem::NotEncrypted))),
        (Encryption::Unencrypted, Some(rest)) => Ok(match rest {
            // 65536 does not fit into two bytes and is written as 1 (https://www.sqlite.org/fileformat2.html).
            [0, 1] => 65_536,
            [high, low] => u16::from_be_bytes([*high, *low]).into(),
            _ => 0,
        }),
        (Encryption::Key(_), None) if !blank => Ok(CIPHER_PAGE),
        _ => Err(StoreError::WrongKeyOrNotADatabase),
    }
}

/// Examines the file through a connection that cannot write, and that without a write-ahead log leaves no traces
/// beside the file either.
async fn probe(
    file: SqliteConnectOptions,
    path: &Path,
    encryption: &Encryption,
    page: u64,
) -> Result<(), StoreError> {
    let mut log = OsString::from(path);
    log.push("-wal");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let has_log = length(Path::new(&log)) > 0;
    let pool = pool(1).connect_lazy_with(with_defaults(file).read_only(true).immutable(!has_log));
    let examined = examine(&connection(&pool)).await;
    pool.close().await;
    match examined {
        // SQLite does not look whether the last page is whole. While there is a log, it may be there.
        Ok(_) if !has_log && length(path).checked_rem(page) != Some(0) => {
            Err(StoreError::Corrupt("the last page is cut off".to_owned()))
        }
        Ok(_) => Ok(()),
        Err(Refused::Unfit(error)) => Err(error),
        Err(Refused::Unreadable(error)) => Err(match (encryption, first_page_code(&error)) {
            (Encryption::Key(_), Some(_)) => StoreError::WrongKeyOrNotADatabase,
            // Its first bytes are those of a database.
            (Encryption::Unencrypted, Some(_)) => StoreError::Corrupt(error.to_string()),
            (_, None) => from_db(error),
        }),
    }
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
