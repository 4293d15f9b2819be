//! The indexes beside the primary keys: one for each way in which the port's queries look for rows and order them.

use sea_orm_migration::prelude::*;

/// All indexes.
pub(super) fn all() -> Vec<IndexCreateStatement> {
    use IndexOrder::{Asc, Desc};
    let place = [("sent_at", Asc), ("sequence_id", Asc), ("originator", Asc), ("ordinal", Asc)];
    let some = |column: &'static str| Expr::col(column).is_not_null();
    vec![
        index("key_packages_init_public", "key_packages", &[("init_public", Asc)]),
        index("key_packages_wrapper_public", "key_packages", &[("wrapper_public", Asc)]),
        index("key_packages_created_at", "key_packages", &[("created_at", Asc), ("reference", Asc)]),
        index("conversations_active_at", "conversations", &[("active_at", Desc), ("id", Asc)]),
        index("conversations_created_at", "conversations", &[("created_at", Asc), ("id", Asc)]),
        index("conversations_created_at_desc", "conversations", &[("created_at", Desc), ("id", Asc)]),
        index(
            "conversations_dm_pair",
            "conversations",
            &[("dm_first", Asc), ("dm_second", Asc), ("active_at", Desc), ("id", Asc)],
        ),
        // The kind at the end: the last message that somebody sent is found without a look at the rows before it.
        index(
            "messages_group_id_sent_at",
            "messages",
            &[&[("group_id", Asc)], place.as_slice(), &[("kind", Asc)]].concat(),
        ),
        index("messages_sent_at", "messages", &place),
        index(
            "messages_group_id_inserted_at",
            "messages",
            &[("group_id", Asc), ("inserted_at", Asc), ("ordinal", Asc)],
        ),
        index("messages_inserted_at", "messages", &[("inserted_at", Asc), ("ordinal", Asc)]),
        index("messages_reference", "messages", &[("reference", Asc), ("group_id", Asc)])
            .cond_where(some("reference"))
            .take(),
        index("messages_expires_at", "messages", &[("expires_at", Asc), ("ordinal", Asc)])
            .cond_where(some("expires_at"))
            .take(),
        // Published is what nearly all messages are; the number is written out, as in the query that uses the index.
        index("messages_not_published", "messages", &[("delivery", Asc), ("group_id", Asc)])
            .cond_where(Expr::cust("delivery <> 2"))
            .take(),
        index("deletions_target", "deletions", &[("target", Asc)]),
        index("deletions_group_id", "deletions", &[("group_id", Asc)]),
        index("intents_group_id", "intents", &[("settled", Asc), ("group_id", Asc), ("ordinal", Asc)]),
        index("rejected_rejected_at", "rejected", &[("rejected_at", Asc)]),
        // With all columns: SQLite prefers the primary key, with the other states, to an index with fewer.
        index(
            "sync_progress_state",
            "sync_progress",
            &[("state", Asc), ("message_id", Asc), ("attempts", Asc)],
        ),
        index("tasks_due_at", "tasks", &[("due_at", Asc), ("id", Asc)]),
    ]
}

/// An index of the rows of each installation.
fn index(
    name: &'static str,
    table: &'static str,
    columns: &[(&'static str, IndexOrder)],
) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).col("installation").take();
    for (column, order) in columns {
        index.col((*column, order.clone()));
    }
    index
}
