//! The first schema.
//!
//! Only column types that SQLite and PostgreSQL share: bytes, text, 16, 32 and 64 bit integers, booleans. The writer
//! gives all numbers; that the databases could too is only how SQLite is told to keep rows in their order.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto, binary, boolean, integer, small_integer, text};

/// Creates all tables.
pub(crate) struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &'static str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            group_messages(),
            welcomes(),
            commit_log(),
            key_packages(),
            identity_updates(),
            associations(),
            counters(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn group_messages() -> TableCreateStatement {
    Table::create()
        .table("node_group_messages")
        .col(big_pk_auto("id"))
        .col(binary("group_id"))
        .col(big_integer("created_ns"))
        .col(binary("payload_hash").unique_key())
        .col(big_integer("size"))
        .col(binary("data"))
        .col(binary("sender_hmac"))
        .col(boolean("should_push"))
        .col(boolean("is_commit"))
        .take()
}

fn welcomes() -> TableCreateStatement {
    Table::create()
        .table("node_welcomes")
        .col(big_pk_auto("id"))
        .col(binary("destination"))
        .col(big_integer("created_ns"))
        .col(binary("payload_hash").unique_key())
        .col(big_integer("size"))
        .col(boolean("is_pointer"))
        .col(binary("data"))
        .col(binary("hpke_public_key"))
        .col(integer("algorithm"))
        .col(binary("metadata"))
        .take()
}

fn commit_log() -> TableCreateStatement {
    Table::create()
        .table("node_commit_log")
        .col(big_pk_auto("id"))
        .col(binary("group_id"))
        .col(big_integer("created_ns"))
        .col(big_integer("size"))
        .col(binary("entry"))
        .col(binary("public_key"))
        .col(binary("signature"))
        .take()
}

fn key_packages() -> TableCreateStatement {
    Table::create()
        .table("node_key_packages")
        .col(binary("installation").primary_key())
        .col(big_integer("uploaded_ns"))
        .col(binary("key_package"))
        .take()
}

fn identity_updates() -> TableCreateStatement {
    Table::create()
        .table("node_identity_updates")
        .col(big_pk_auto("id"))
        .col(binary("inbox_id"))
        .col(big_integer("created_ns"))
        .col(binary("payload"))
        .take()
}

fn associations() -> TableCreateStatement {
    Table::create()
        .table("node_associations")
        .col(small_integer("kind"))
        .col(text("identifier"))
        .col(binary("inbox_id"))
        .col(big_integer("update_id"))
        .primary_key(Index::create().col("kind").col("identifier").col("inbox_id"))
        .take()
}

fn counters() -> TableCreateStatement {
    Table::create()
        .table("node_counters")
        .col(text("name").primary_key())
        .col(big_integer("last_id"))
        .col(big_integer("last_ns"))
        .col(big_integer("largest"))
        .take()
}

fn indexes() -> [IndexCreateStatement; 4] {
    let log = |name: &'static str, table: &'static str, topic: &'static str| {
        Index::create().name(name).table(table).col(topic).col("id").unique().take()
    };
    [
        log("node_group_messages_log", "node_group_messages", "group_id"),
        log("node_welcomes_log", "node_welcomes", "destination"),
        log("node_commit_log_log", "node_commit_log", "group_id"),
        log("node_identity_updates_log", "node_identity_updates", "inbox_id"),
    ]
}
