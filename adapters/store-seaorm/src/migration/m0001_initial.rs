//! The first schema.
//!
//! Only column types that SQLite and PostgreSQL share: bytes, text, 16 and 64 bit integers, booleans.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, binary, binary_null, boolean, small_integer,
};

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
        let state =
            [revisions(), mls_rows(), identity(), key_packages(), identity_updates(), cursors(), consent()];
        let history =
            [conversations(), messages(), intents(), commit_log(), rejected(), deferred_welcomes(), feed()];
        for table in state.into_iter().chain(history) {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn revisions() -> TableCreateStatement {
    Table::create().table("revisions").col(binary("scope").primary_key()).col(big_integer("revision")).take()
}

fn mls_rows() -> TableCreateStatement {
    Table::create()
        .table("mls_rows")
        .col(binary("scope"))
        .col(binary("key"))
        .col(binary("value"))
        .primary_key(Index::create().col("scope").col("key"))
        .take()
}

fn identity() -> TableCreateStatement {
    Table::create()
        .table("identity")
        .col(small_integer("slot").primary_key())
        .col(binary("inbox_id"))
        .col(binary("key_seed"))
        .col(binary("hmac_root"))
        .col(big_integer("created_at"))
        .col(big_integer_null("registered"))
        .take()
}

fn key_packages() -> TableCreateStatement {
    Table::create()
        .table("key_packages")
        .col(binary("reference").primary_key())
        .col(binary("init_public"))
        .col(binary("init_private"))
        .col(binary("wrapper_public"))
        .col(binary("wrapper_private"))
        .col(big_integer("created_at"))
        .col(boolean("uploaded"))
        .col(big_integer_null("superseded_at"))
        .take()
}

fn identity_updates() -> TableCreateStatement {
    Table::create()
        .table("identity_updates")
        .col(binary("inbox_id"))
        .col(big_integer("sequence_id"))
        .col(big_integer("server_time"))
        .col(binary("payload"))
        .primary_key(Index::create().col("inbox_id").col("sequence_id"))
        .take()
}

fn cursors() -> TableCreateStatement {
    Table::create()
        .table("cursors")
        .col(binary("topic"))
        .col(big_integer("originator"))
        .col(big_integer("sequence_id"))
        .primary_key(Index::create().col("topic").col("originator"))
        .take()
}

fn consent() -> TableCreateStatement {
    Table::create()
        .table("consent")
        .col(small_integer("kind"))
        .col(binary("entity"))
        .col(small_integer("state"))
        .col(big_integer("decided_at"))
        .primary_key(Index::create().col("kind").col("entity"))
        .take()
}

fn conversations() -> TableCreateStatement {
    Table::create()
        .table("conversations")
        .col(binary("id").primary_key())
        .col(small_integer("kind"))
        .col(binary_null("dm_first"))
        .col(binary_null("dm_second"))
        .col(big_integer("created_at"))
        .col(big_integer("active_at"))
        .col(binary("creator"))
        .col(binary("added_by"))
        .col(small_integer("membership"))
        .col(big_integer("epoch"))
        .col(binary("authenticator"))
        .col(binary("extensions"))
        .col(binary("members"))
        .col(binary_null("paused_for"))
        .col(binary_null("needs_readd"))
        .col(big_integer("rotated_at"))
        .col(big_integer("installations_checked_at"))
        .col(big_integer_null("welcome_sequence_id"))
        .col(big_integer_null("last_message_at"))
        .take()
}

fn messages() -> TableCreateStatement {
    Table::create()
        .table("messages")
        .col(big_pk_auto("ordinal"))
        .col(binary("id").unique_key())
        .col(binary("group_id"))
        .col(binary("sender_inbox"))
        .col(binary("sender_installation"))
        .col(big_integer("sent_at"))
        .col(small_integer("kind"))
        .col(small_integer("delivery"))
        .col(binary_null("content_authority"))
        .col(binary_null("content_type"))
        .col(big_integer_null("content_major"))
        .col(big_integer_null("content_minor"))
        .col(binary("idempotency_key"))
        .col(big_integer_null("originator"))
        .col(big_integer_null("sequence_id"))
        .col(big_integer_null("epoch"))
        // Last, because SQLite reads a row from its start and a long content fills further pages.
        .col(binary("content"))
        .take()
}

fn intents() -> TableCreateStatement {
    Table::create()
        .table("intents")
        .col(big_pk_auto("ordinal"))
        .col(binary("id").unique_key())
        .col(binary("group_id"))
        .col(small_integer("kind"))
        .col(binary("data"))
        .col(small_integer("state"))
        .col(binary_null("payload"))
        .col(binary_null("payload_hash"))
        .col(big_integer_null("payload_epoch"))
        .col(binary_null("post_commit"))
        .col(binary_null("message_id"))
        .col(boolean("should_push"))
        .col(big_integer("attempts"))
        .col(big_integer("created_at"))
        .col(binary_null("error"))
        .take()
}

fn commit_log() -> TableCreateStatement {
    Table::create()
        .table("commit_log")
        .col(big_pk_auto("ordinal"))
        .col(binary("group_id"))
        .col(big_integer("sequence_id"))
        .col(binary_null("last_authenticator"))
        .col(small_integer("outcome"))
        .col(big_integer("epoch"))
        .col(binary("authenticator"))
        .col(binary_null("committer"))
        .take()
}

fn rejected() -> TableCreateStatement {
    Table::create()
        .table("rejected")
        .col(big_pk_auto("ordinal"))
        .col(binary("topic"))
        .col(big_integer("originator"))
        .col(big_integer("sequence_id"))
        .col(binary("code"))
        .col(binary("detail"))
        .col(big_integer("rejected_at"))
        .take()
}

fn deferred_welcomes() -> TableCreateStatement {
    Table::create()
        .table("deferred_welcomes")
        .col(big_integer("originator"))
        .col(big_integer("sequence_id"))
        .col(binary("destination"))
        .col(big_integer("server_time"))
        .col(binary("data"))
        .col(binary("hpke_public_key"))
        .col(small_integer("algorithm"))
        .col(binary_null("metadata"))
        .col(big_integer("since"))
        .primary_key(Index::create().col("originator").col("sequence_id"))
        .take()
}

fn feed() -> TableCreateStatement {
    Table::create()
        .table("feed")
        .col(big_pk_auto("position"))
        .col(small_integer("event"))
        .col(binary("group_id"))
        .col(binary_null("message_id"))
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table(table).take();
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        index("key_packages_init_public", "key_packages", &["init_public"]),
        index("key_packages_wrapper_public", "key_packages", &["wrapper_public"]),
        index("conversations_active_at", "conversations", &["active_at", "id"]),
        index("conversations_dm_pair", "conversations", &["dm_first", "dm_second"]),
        index("messages_group_id_sent_at", "messages", &["group_id", "sent_at"]),
        index("messages_sent_at", "messages", &["sent_at"]),
        index("intents_group_id_state", "intents", &["group_id", "state"]),
        index("intents_state_group_id", "intents", &["state", "group_id"]),
        index("commit_log_group_id", "commit_log", &["group_id"]),
    ]
}
