//! Databases of earlier versions are brought up to date when they are opened, and lose nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use hexmtp_domain::{GroupId, InboxId};
use hexmtp_ports::store::{ChangeSet, ConversationQuery, RowChange, UnitOfWork};
use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::Migrator;
use crate::sqlite::connection;
use crate::sqlite::examine::APPLICATION_ID;
use crate::{Encryption, SqlStore, SqliteOptions};

/// A database as the first `migrations` migrations left it, with these rows in it.
async fn database(path: &Path, migrations: u32, rows: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let database = connection(&pool);
    database.execute_unprepared(&format!("PRAGMA application_id = {APPLICATION_ID}")).await.unwrap();
    Migrator::up(&database, Some(migrations)).await.unwrap();
    database.execute_unprepared(rows).await.unwrap();
    pool.close().await;
}

async fn open(path: &Path) -> SqlStore {
    SqlStore::open_sqlite(SqliteOptions::file(path, Encryption::Unencrypted)).await.unwrap()
}

/// R-STO-200
#[tokio::test]
async fn a_database_of_the_first_schema_opens_and_keeps_its_conversations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db3");
    let row = "INSERT INTO conversations (id, kind, created_at, active_at, creator, added_by, membership, epoch, \
               authenticator, extensions, members, rotated_at, installations_checked_at, paused_for) VALUES \
               (zeroblob(16), 1, 5, 5, zeroblob(32), zeroblob(32), 1, 3, zeroblob(32), x'0100', x'0100', 0, 0, \
               x'322e302e30')";
    database(&path, 1, row).await;
    let id = GroupId::new([0; 16]);
    let leavers = BTreeSet::from([InboxId::new([7; 32])]);
    for expected in [BTreeSet::new(), leavers.clone()] {
        let store = open(&path).await;
        let mut record = store.conversation(id).await.unwrap().unwrap();
        assert_eq!((record.epoch.0, record.paused_for.as_deref()), (3, Some("2.0.0")));
        assert_eq!(record.pending_removals, expected);
        record.pending_removals.clone_from(&leavers);
        let rows = vec![RowChange::PutConversation(Box::new(record))];
        store.commit(ChangeSet { rows, ..ChangeSet::default() }).await.unwrap();
        store.close().await.unwrap();
    }
}
