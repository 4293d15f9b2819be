//! The stores pass the suite of the store.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use hexmtp_domain::Secret;
use hexmtp_ports::store::Store;
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{Encryption, SqliteOptions, SqlStore};
use hexmtp_tests::conformance::store::Stores;

fn memory() -> Stores {
    let first = MemoryStore::default();
    Stores::new(move || {
        let store: Arc<dyn Store> = Arc::new(first.reopen());
        Box::pin(async { store })
    })
}

/// A database file in a folder that goes away with the test.
fn sqlite(encryption: Encryption) -> Stores {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Stores::new(move || {
        // A name that a careless URI or statement would spoil.
        let path = folder.path().join("dätabase ?#%20 'x'.db3");
        let options = SqliteOptions::file(path, encryption.clone());
        Box::pin(async {
            let store: Arc<dyn Store> = Arc::new(SqlStore::open_sqlite(options).await.expect("the store opens"));
            store
        })
    })
}

fn sqlite_plain() -> Stores {
    sqlite(Encryption::Unencrypted)
}

fn sqlite_encrypted() -> Stores {
    sqlite(Encryption::Key(Secret::from([0x5a; 32])))
}

mod store_memory {
    hexmtp_tests::store_suite!(tokio::test, super::memory);
}

mod store_sqlite_plain {
    hexmtp_tests::store_suite!(tokio::test, super::sqlite_plain);
}

mod store_sqlite_encrypted {
    hexmtp_tests::store_suite!(tokio::test, super::sqlite_encrypted);
}
