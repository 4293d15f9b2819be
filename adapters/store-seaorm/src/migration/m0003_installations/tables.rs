//! The tables.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, binary, binary_null, boolean, boolean_null, small_integer,
};
use sea_orm_migration::sea_orm::DbBackend;

/// All tables.
pub(super) fn all(backend: DbBackend) -> Vec<TableCreateStatement> {
    // Rows of a few bytes are stored within SQLite's index of the primary key, and not beside it.
    let small = |mut table: TableCreateStatement| match backend {
        DbBackend::Sqlite => table.extra("WITHOUT ROWID").take(),
        _ => table,
    };
    let mut tables = vec![installations(), identity(), preferences(), cutover(), mls_rows()];
    tables.extend([key_packages(), identity_updates(), association_states(), conversations(), messages()]);
    tables.extend([
        intents(),
        deletions(),
        commit_log(),
        remote_commit_log(),
        rejected(),
        deferred_welcomes(),
    ]);
    tables.extend([iced(), tasks()]);
    let narrow = [revisions(), known_inboxes(), cursors(), watermarks(), consent(), readds()];
    tables.extend(
        narrow.into_iter().chain([iced_dependencies(), sync_progress(), leases(), feed()]).map(small),
    );
    tables
}

/// A table whose rows belong to installations, and are told apart by these columns.
fn owned(name: &'static str, key: Vec<ColumnDef>) -> TableCreateStatement {
    let mut primary = Index::create().col("installation").take();
    let mut table = Table::create().table(name).col(big_integer("installation")).take();
    for column in key {
        primary.col(column.get_column_name());
        table.col(column);
    }
    table.primary_key(&mut primary).take()
}

fn installations() -> TableCreateStatement {
    Table::create()
        .table("installations")
        .col(big_pk_auto("id"))
        .col(binary("name").unique_key())
        .col(big_integer("feed_position"))
        .col(big_integer("feed_trimmed"))
        .col(big_integer("ordinal"))
        .col(binary_null("key_check"))
        .take()
}

fn revisions() -> TableCreateStatement {
    owned("revisions", vec![binary("scope")]).col(big_integer("revision")).take()
}

fn mls_rows() -> TableCreateStatement {
    owned("mls_rows", vec![binary("scope"), binary("key")]).col(binary("value")).take()
}

fn identity() -> TableCreateStatement {
    owned("identity", vec![])
        .col(binary("inbox_id"))
        .col(binary("key_seed"))
        .col(big_integer("created_at"))
        .col(big_integer_null("registered"))
        .take()
}

fn preferences() -> TableCreateStatement {
    owned("preferences", vec![]).col(binary("hmac_root")).col(big_integer("hmac_cycled_at")).take()
}

fn key_packages() -> TableCreateStatement {
    owned("key_packages", vec![binary("reference")])
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
    owned("identity_updates", vec![binary("inbox_id"), big_integer("sequence_id")])
        .col(big_integer("server_time"))
        .col(binary("payload"))
        .take()
}

fn association_states() -> TableCreateStatement {
    owned("association_states", vec![binary("inbox_id"), big_integer("sequence_id")])
        .col(binary("state"))
        .take()
}

fn known_inboxes() -> TableCreateStatement {
    owned("known_inboxes", vec![small_integer("kind"), binary("identifier")])
        .col(binary_null("inbox_id"))
        .take()
}

fn cursors() -> TableCreateStatement {
    owned("cursors", vec![binary("topic"), big_integer("originator")]).col(big_integer("sequence_id")).take()
}

fn watermarks() -> TableCreateStatement {
    owned("watermarks", vec![small_integer("kind"), binary("group_id")]).col(big_integer("reached")).take()
}

fn consent() -> TableCreateStatement {
    owned("consent", vec![small_integer("kind"), binary("entity")])
        .col(small_integer("state"))
        .col(big_integer("decided_at"))
        .take()
}

fn conversations() -> TableCreateStatement {
    owned("conversations", vec![binary("id")])
        .col(small_integer("kind"))
        .col(binary_null("dm_first"))
        .col(binary_null("dm_second"))
        .col(big_integer("created_at"))
        .col(big_integer("active_at"))
        .col(small_integer("membership"))
        .col(boolean("publishes_commit_log"))
        .col(binary("creator"))
        .col(binary("added_by"))
        .col(big_integer("epoch"))
        .col(binary("authenticator"))
        .col(binary_null("paused_for"))
        .col(binary_null("needs_readd"))
        .col(big_integer("rotated_at"))
        .col(big_integer("installations_checked_at"))
        .col(big_integer_null("welcome_sequence_id"))
        .col(big_integer_null("last_message_at"))
        .col(binary_null("pending_removals"))
        .col(binary_null("commit_log_key"))
        .col(boolean_null("forked"))
        .col(binary_null("fork_suspicion"))
        .col(binary("extensions"))
        .col(binary("members"))
        .take()
}

fn messages() -> TableCreateStatement {
    owned("messages", vec![binary("id")])
        .col(big_integer("ordinal"))
        .col(binary("group_id"))
        .col(binary("sender_inbox"))
        .col(binary("sender_installation"))
        .col(big_integer("sent_at"))
        .col(big_integer("inserted_at"))
        .col(big_integer_null("expires_at"))
        .col(small_integer("kind"))
        .col(small_integer("delivery"))
        .col(binary_null("content_authority"))
        .col(binary_null("content_type"))
        .col(big_integer_null("content_major"))
        .col(big_integer_null("content_minor"))
        .col(binary_null("reference"))
        .col(binary("idempotency_key"))
        .col(big_integer("originator"))
        .col(big_integer("sequence_id"))
        .col(big_integer_null("epoch"))
        // Last, because SQLite reads a row from its start and a long content fills further pages.
        .col(binary("content"))
        .take()
}

fn intents() -> TableCreateStatement {
    owned("intents", vec![binary("id")])
        .col(big_integer("ordinal"))
        .col(binary("group_id"))
        .col(small_integer("kind"))
        .col(binary("data"))
        .col(small_integer("state"))
        .col(boolean("settled"))
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

fn deletions() -> TableCreateStatement {
    owned("deletions", vec![binary("request")])
        .col(big_integer("ordinal"))
        .col(binary("group_id"))
        .col(binary("target"))
        .col(binary("requested_by"))
        .col(boolean("as_super_admin"))
        .col(big_integer("requested_at"))
        .take()
}

fn commit_log() -> TableCreateStatement {
    owned("commit_log", vec![binary("group_id"), big_integer("ordinal")])
        .col(big_integer("sequence_id"))
        .col(binary_null("last_authenticator"))
        .col(small_integer("outcome"))
        .col(big_integer("epoch"))
        .col(binary("authenticator"))
        .col(binary_null("committer"))
        .take()
}

fn remote_commit_log() -> TableCreateStatement {
    owned("remote_commit_log", vec![binary("group_id"), big_integer("log_sequence_id")])
        .col(big_integer("commit_sequence_id"))
        .col(small_integer("outcome"))
        .col(big_integer("epoch"))
        .col(binary("last_authenticator"))
        .col(binary("authenticator"))
        .take()
}

fn readds() -> TableCreateStatement {
    owned("readds", vec![binary("group_id"), binary("installation_id")])
        .col(big_integer_null("requested_at"))
        .col(big_integer_null("responded_at"))
        .take()
}

fn rejected() -> TableCreateStatement {
    owned("rejected", vec![big_integer("ordinal")])
        .col(binary("topic"))
        .col(big_integer("originator"))
        .col(big_integer("sequence_id"))
        .col(binary("code"))
        .col(binary("detail"))
        .col(big_integer("rejected_at"))
        .take()
}

fn deferred_welcomes() -> TableCreateStatement {
    owned("deferred_welcomes", vec![big_integer("originator"), big_integer("sequence_id")])
        .col(binary("destination"))
        .col(big_integer("server_time"))
        .col(binary("data"))
        .col(binary("hpke_public_key"))
        .col(small_integer("algorithm"))
        .col(binary_null("metadata"))
        .col(big_integer("since"))
        .take()
}

fn iced() -> TableCreateStatement {
    owned("iced", vec![binary("topic"), big_integer("originator"), big_integer("sequence_id")])
        .col(binary("depends_on"))
        .col(big_integer("since"))
        .col(binary("envelope"))
        .take()
}

fn iced_dependencies() -> TableCreateStatement {
    let needed = vec![binary("topic"), big_integer("needed_originator"), big_integer("needed_sequence_id")];
    let by = vec![big_integer("originator"), big_integer("sequence_id")];
    owned("iced_dependencies", needed.into_iter().chain(by).collect())
}

fn cutover() -> TableCreateStatement {
    owned("cutover", vec![])
        .col(big_integer_null("announced_for"))
        .col(big_integer("checked_at"))
        .col(boolean("moved"))
        .take()
}

fn sync_progress() -> TableCreateStatement {
    owned("sync_progress", vec![binary("message_id")])
        .col(big_integer("attempts"))
        .col(small_integer("state"))
        .take()
}

fn tasks() -> TableCreateStatement {
    owned("tasks", vec![binary("id")])
        .col(binary("kind"))
        .col(binary("data"))
        .col(big_integer("created_at"))
        .col(big_integer("due_at"))
        .col(big_integer_null("expires_at"))
        .col(big_integer("attempts"))
        .col(binary_null("error"))
        .take()
}

fn leases() -> TableCreateStatement {
    owned("leases", vec![small_integer("kind"), binary("subject")])
        .col(binary("holder"))
        .col(big_integer("until"))
        .take()
}

fn feed() -> TableCreateStatement {
    owned("feed", vec![big_integer("position")])
        .col(small_integer("event"))
        .col(binary_null("group_id"))
        .col(binary_null("message_id"))
        .col(binary_null("inbox_id"))
        .take()
}
