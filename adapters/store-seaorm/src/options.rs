//! What a SQLite store is opened with, and what can be wrong with it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hexmtp_domain::Secret;
use thiserror::Error;

/// Whether the database file is encrypted.
#[derive(Clone)]
pub enum Encryption {
    /// SQLCipher with this key: 32 random bytes, used as they are, without a derivation from a passphrase.
    Key(Secret),
    /// Readable by everybody who can read the file.
    Unencrypted,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::Unencrypted => "Unencrypted",
        })
    }
}

/// Where the database is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a file, created when it is missing or empty.
    File(PathBuf),
    /// In memory, gone with the store.
    Memory,
}

/// How a SQLite store is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(crate) place: Place,
    pub(crate) encryption: Encryption,
    pub(crate) readers: u32,
    pub(crate) busy_timeout: Duration,
    pub(crate) is_read_only: bool,
}

impl SqliteOptions {
    /// A database in a file. A missing or empty file becomes a new database; on Unix only its owner can read a file
    /// that is made here.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, encryption: Encryption) -> Self {
        Self { place: Place::File(path.into()), encryption, ..Self::in_memory() }.readers(4)
    }

    /// A database in memory, for tests. Reads and writes share one connection.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self {
            place: Place::Memory,
            encryption: Encryption::Unencrypted,
            readers: 1,
            busy_timeout: Duration::from_secs(5),
            is_read_only: false,
        }
    }

    /// At most so many connections read at the same time; the default is 4, the least is 1. Each has a thread and a
    /// page cache of its own.
    #[must_use]
    pub fn readers(mut self, connections: u32) -> Self {
        self.readers = connections.max(1);
        self
    }

    /// How long a statement waits for another process that writes, before it answers
    /// [`StoreError::Unavailable`]; the default is five seconds.
    ///
    /// [`StoreError::Unavailable`]: hexmtp_ports::store::StoreError::Unavailable
    #[must_use]
    pub const fn busy_timeout(mut self, time: Duration) -> Self {
        self.busy_timeout = time;
        self
    }

    /// The database is only read: what is asked is answered, and whatever would write answers
    /// [`StoreError::ReadOnly`]. So does opening a database with an older schema, which would have to be brought up to
    /// date. Works on files and media that cannot be written too, provided that the database was closed in order:
    /// a write-ahead log beside it has to be there whole, and cannot be read where its index cannot be written.
    ///
    /// [`StoreError::ReadOnly`]: hexmtp_ports::store::StoreError::ReadOnly
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }
}

/// What makes a path, a URL, a server or a key unusable. It comes as the source of [`StoreError::Backend`].
///
/// [`StoreError::Backend`]: hexmtp_ports::store::StoreError::Backend
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenProblem {
    /// The key has the wrong length.
    #[error("a database key has 32 bytes, not {0}")]
    KeyLength(usize),
    /// A key was given, but the file holds a database that is not encrypted.
    #[error("a key was given, but the database is not encrypted")]
    NotEncrypted,
    /// The path names something that is not a file.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The file cannot be read or made.
    #[error("{} cannot be opened", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The URL of the server is malformed. It is not repeated, because there may be a password in it.
    #[error("the URL of the PostgreSQL server is malformed")]
    MalformedUrl,
    /// The server is older than PostgreSQL 13.
    #[error("PostgreSQL {0} is too old, 13 is the least")]
    ServerTooOld(String),
    /// The schema of the database was not named, and the server has none for this user.
    #[error("the database user has no schema to make tables in")]
    NoSchema,
    /// What was asked for is not possible with this kind of database.
    #[error("{0}")]
    Unsupported(&'static str),
}
