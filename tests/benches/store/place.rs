//! The stores that are measured.

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use hexmtp_domain::Secret;
use hexmtp_ports::store::Store;
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{Encryption, SqliteOptions, SqliteStore};

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
}

impl Place {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
            Self::Sqlcipher => "SQLCipher",
        }
    }

    /// Opens the store of that name in a folder.
    pub(crate) async fn open(self, folder: &Path, name: &str) -> Arc<dyn Store> {
        let encryption = match self {
            Self::Memory => return Arc::new(MemoryStore::default()),
            Self::Sqlite => Encryption::Unencrypted,
            Self::Sqlcipher => Encryption::Key(Secret::new(KEY.to_vec())),
        };
        let path = folder.join(format!("{name}-{}.sqlite", self.name()));
        Arc::new(SqliteStore::open(SqliteOptions::file(path, encryption)).await.expect("the store opens"))
    }
}
