//! The stores that are measured.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hexmtp_domain::Secret;
use hexmtp_ports::store::Store;
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{Encryption, PostgresOptions, SqlStore, SqliteOptions};
use hexmtp_tests::postgres::TemporaryPostgres;
use tempfile::TempDir;

/// The key of all encrypted databases here; they are gone with the run.
const KEY: [u8; 32] = [7; 32];

/// Where a client keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Place {
    /// In memory.
    Memory,
    /// A SQLite file that anybody can read.
    Sqlite,
    /// A SQLCipher file.
    Sqlcipher,
    /// A PostgreSQL server on this machine, with its default settings.
    Postgres,
}

/// A folder or a database for one store.
#[derive(Clone, Debug, Args)]
pub(crate) struct Home {
    #[arg(long)]
    pub(crate) folder: PathBuf,
    /// The URL of an empty database, for PostgreSQL.
    #[arg(long)]
    pub(crate) database: Option<String>,
}

impl Place {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
            Self::Sqlcipher => "SQLCipher",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// Opens the store there, or makes it.
    pub(crate) async fn open(self, home: &Home) -> Arc<dyn Store> {
        let key = Secret::new(KEY.to_vec());
        let encryption = match self {
            Self::Memory => return Arc::new(MemoryStore::default()),
            Self::Sqlite => Encryption::Unencrypted,
            Self::Sqlcipher => Encryption::Key(key),
            Self::Postgres => {
                let url = home.database.as_deref().expect("the URL of a database");
                let options = PostgresOptions::new(url, "measured", key).expect("a URL");
                return Arc::new(SqlStore::open_postgres(options).await.expect("the store opens"));
            }
        };
        let options = SqliteOptions::file(home.folder.join("store.sqlite"), encryption);
        Arc::new(SqlStore::open_sqlite(options).await.expect("the store opens"))
    }
}

/// Makes homes, and a server for those that need one.
#[derive(Default)]
pub(crate) struct Homes {
    server: OnceCell<TemporaryPostgres>,
    made: Cell<usize>,
}

impl Homes {
    /// A new home, which is gone with the folder that comes with it.
    pub(crate) fn new_home(&self, place: Place) -> (TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        self.made.set(self.made.get() + 1);
        let database = (place == Place::Postgres).then(|| {
            let server = self.server.get_or_init(TemporaryPostgres::start);
            server.url(&format!("store{}", self.made.get()))
        });
        let path: &Path = folder.path();
        let home = Home { folder: path.to_owned(), database };
        (folder, home)
    }
}
