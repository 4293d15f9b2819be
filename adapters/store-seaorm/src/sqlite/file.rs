//! A database file before it is opened: it is made, or looked at without being changed.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use hexmtp_ports::store::StoreError;
use sea_orm::DbErr;
use sqlx::sqlite::SqliteConnectOptions;

use super::examine::examine;
use super::{connection, lone};
use crate::error::{cause, from_db, sqlite_code};
use crate::options::{Encryption, OpenProblem};
use crate::versions::{Found, Refused};

/// What an unencrypted database file starts with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The page size of SQLCipher, in bytes.
const CIPHER_PAGE: u64 = 4096;
/// SQLite's codes for a first page that makes no sense: out of memory (its fields do), not a database.
const UNREADABLE_START: [i32; 2] = [7, 26];

/// What lies under the path of a database.
pub(super) enum Lying {
    /// Nothing, or an empty file.
    Nothing,
    /// Something with pages of so many bytes.
    Database(u64),
}

pub(super) fn inaccessible(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Backend(Box::new(OpenProblem::Inaccessible { path: path.to_owned(), source }))
}

/// Looks at the start of a file.
pub(super) fn look(path: &Path, encryption: &Encryption) -> Result<Lying, StoreError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lying::Nothing),
        Err(error) => Err(inaccessible(path, error)),
        Ok(metadata) if !metadata.is_file() => {
            Err(StoreError::Backend(Box::new(OpenProblem::NotAFile(path.to_owned()))))
        }
        Ok(metadata) if metadata.len() == 0 => Ok(Lying::Nothing),
        Ok(metadata) => check_start(path, metadata.len(), encryption).map(Lying::Database),
    }
}

/// Makes an empty file that only its owner can read. One that is there stays as it is.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
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

/// The file of that name with something appended to it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Whether there is something in the write-ahead log.
pub(super) fn has_log(path: &Path) -> bool {
    length(&beside(path, "-wal")) > 0
}

/// Examines the file through a connection that cannot write, and that without a write-ahead log leaves no traces
/// beside the file either.
pub(super) async fn probe(
    file: SqliteConnectOptions,
    path: &Path,
    encryption: &Encryption,
    page: u64,
) -> Result<Found, StoreError> {
    let has_log = has_log(path);
    let pool = lone().connect_lazy_with(file.read_only(true).immutable(!has_log));
    let examined = examine(&connection(&pool)).await;
    pool.close().await;
    match examined {
        // SQLite does not look whether the last page is whole. While there is a log, it may be there.
        Ok(_) if !has_log && length(path).checked_rem(page) != Some(0) => {
            Err(StoreError::Corrupt("the last page is cut off".to_owned()))
        }
        Ok(found) => Ok(found),
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
    sqlite_code(cause(error)?).filter(|code| UNREADABLE_START.contains(code))
}
