//! Every table belongs to installations, so that many of them can share a database; and the tables that were missing.
//!
//! SQLite cannot change a primary key. So the tables are made anew, and what was in the old ones is copied: the rows of
//! a file belong to its only installation. On a server the old tables are empty, since no earlier version opened one.

mod copy;
mod indexes;
mod tables;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::tenant::ONLY;

/// The tables of before.
const OLD: [&str; 14] = [
    "revisions",
    "mls_rows",
    "identity",
    "key_packages",
    "identity_updates",
    "cursors",
    "consent",
    "conversations",
    "messages",
    "intents",
    "commit_log",
    "rejected",
    "deferred_welcomes",
    "feed",
];

/// The tables of now.
pub(super) const TABLES: [&str; 28] = [
    "installations",
    "identity",
    "preferences",
    "cutover",
    "mls_rows",
    "key_packages",
    "identity_updates",
    "association_states",
    "conversations",
    "messages",
    "intents",
    "deletions",
    "commit_log",
    "remote_commit_log",
    "rejected",
    "deferred_welcomes",
    "iced",
    "tasks",
    "revisions",
    "known_inboxes",
    "cursors",
    "watermarks",
    "consent",
    "readds",
    "iced_dependencies",
    "sync_progress",
    "leases",
    "feed",
];

/// Makes all tables anew.
pub(crate) struct Installations;

impl MigrationName for Installations {
    fn name(&self) -> &'static str {
        "m0003_installations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Installations {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for table in OLD {
            manager.rename_table(Table::rename().table(table, old(table)).take()).await?;
        }
        for table in tables::all(backend) {
            manager.create_table(table).await?;
        }
        let connection = manager.get_connection();
        for statement in copy::STATEMENTS {
            connection.execute_unprepared(statement).await?;
        }
        if backend == DbBackend::Sqlite {
            connection.execute_unprepared(&copy::only_installation(ONLY)).await?;
        }
        for table in OLD {
            manager.drop_table(Table::drop().table(old(table)).take()).await?;
        }
        for index in indexes::all() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn old(table: &str) -> String {
    format!("old_{table}")
}
