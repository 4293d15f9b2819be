//! The stores pass the suite of the store.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hexmtp_domain::Secret;
use hexmtp_ports::store::Store;
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{Encryption, PostgresOptions, SqlStore, SqliteOptions};
use hexmtp_tests::conformance::store::Stores;
use hexmtp_tests::postgres::TemporaryPostgres;

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
            let store: Arc<dyn Store> =
                Arc::new(SqlStore::open_sqlite(options).await.expect("the store opens"));
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

/// An installation of its own in a database that all cases share.
fn postgres() -> Stores {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("case {}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = TemporaryPostgres::shared().url("stores");
    Stores::new(move || {
        let options = PostgresOptions::new(&url, name.clone(), Secret::from([0x5a; 32]));
        Box::pin(async {
            let store = SqlStore::open_postgres(options.expect("options")).await.expect("the store opens");
            let store: Arc<dyn Store> = Arc::new(store);
            store
        })
    })
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

mod store_postgres {
    hexmtp_tests::store_suite!(tokio::test, super::postgres);
}
