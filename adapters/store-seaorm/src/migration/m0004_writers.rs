//! PostgreSQL knows who writes, and how often each has.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto};
use sea_orm_migration::sea_orm::DbBackend;

/// Adds a table on PostgreSQL, and nothing on SQLite, where no connection can be lost during a commit.
pub(crate) struct Writers;

impl MigrationName for Writers {
    fn name(&self) -> &'static str {
        "m0004_writers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Writers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let table = Table::create()
            .table("writers")
            .col(big_pk_auto("id"))
            .col(big_integer("commits"))
            .col(big_integer("seen_at"))
            .take();
        manager.create_table(table).await
    }
}
