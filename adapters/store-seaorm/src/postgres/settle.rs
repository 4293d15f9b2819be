//! Whether a commit whose connection broke has happened.
//!
//! Who loses the connection while it waits for the answer to COMMIT does not know. PostgreSQL can be asked for the fate
//! of a transaction by its number, but after a crash the numbers of transactions that left no trace are given out
//! anew, and the answer may then be about somebody else's. So each store has a row of its own, in which every
//! transaction counts itself: the row says what was committed last, and as long as a transaction is not over, its row
//! is locked.

use std::time::Duration;

use hexmtp_ports::store::{FeedPosition, StoreError};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, Value,
};
use thiserror::Error;

use super::Server;
use crate::error::{from_db, is_lost};

/// How long to wait before a server that is away is asked again, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// How long a row of a store that writes no more is kept, in seconds: stores that are not closed leave theirs.
const KEPT: i64 = 7 * 24 * 60 * 60;

/// A transaction that is about to be committed.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// What the row of its store says once it is committed.
    count: i64,
    /// The process of the server that works on it.
    process: i32,
    /// Its number.
    transaction: String,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is there, durably.
    Committed,
    /// It is not, and never will be.
    NotCommitted,
}

/// The server stays away, so that nobody knows.
#[derive(Debug, Error)]
#[error("the connection was lost during a commit, and what became of it cannot be asked: {0}")]
struct Unsettled(String);

/// Gives a store its row among those who write.
pub(super) async fn register_writer(writer: &DatabaseConnection) -> Result<i64, StoreError> {
    let clean = statement(
        "DELETE FROM writers WHERE seen_at < extract(epoch FROM now())::bigint - $1",
        [KEPT.into()],
    );
    writer.execute_raw(clean).await.map_err(from_db)?;
    let register =
        "INSERT INTO writers (commits, seen_at) VALUES (0, extract(epoch FROM now())::bigint) RETURNING id";
    one(writer, register, []).await.and_then(|row| row.try_get("", "id")).map_err(from_db)
}

/// A store that is closed writes no more.
pub(super) async fn forget_writer(writer: &DatabaseConnection, id: i64) {
    // One that stays is removed by a later store.
    let _ = writer.execute_raw(statement("DELETE FROM writers WHERE id = $1", [id.into()])).await;
}

/// Counts the transaction, and has the server tell other processes of it once it is committed.
pub(crate) async fn mark(
    transaction: &DatabaseTransaction,
    server: &Server,
    fed: Option<FeedPosition>,
) -> Result<Mark, DbErr> {
    const MARK: &str = "INSERT INTO writers (id, commits, seen_at) \
                        VALUES ($1, 1, extract(epoch FROM now())::bigint) \
                        ON CONFLICT (id) DO UPDATE SET commits = writers.commits + 1, seen_at = excluded.seen_at \
                        RETURNING commits, pg_backend_pid() AS process, pg_current_xact_id()::text AS transaction, \
                        CASE WHEN $3::text IS NULL THEN NULL ELSE pg_notify($2, $3)::text END AS told";
    let fed = fed.map(|position| position.0.to_string());
    let marked =
        one(transaction, MARK, [server.writer_id.into(), server.channel.clone().into(), fed.into()]).await?;
    Ok(Mark {
        count: marked.try_get("", "commits")?,
        process: marked.try_get("", "process")?,
        transaction: marked.try_get("", "transaction")?,
    })
}

/// Asks what became of a commit, once the server is there again.
///
/// # Errors
/// [`StoreError::Unavailable`] when it does not come back.
pub(crate) async fn settle(
    writer: &DatabaseConnection,
    server: &Server,
    mark: &Mark,
) -> Result<Settled, StoreError> {
    let asked = async {
        let mut pause = FIRST_PAUSE;
        loop {
            match ask(writer, server, mark).await {
                Err(error) if is_lost(&error) => tokio::time::sleep(pause).await,
                answer => return answer,
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
    };
    let unsettled = |reason: String| StoreError::Unavailable(Box::new(Unsettled(reason)));
    match tokio::time::timeout(server.patience, asked).await {
        Ok(answer) => answer.map_err(|error| unsettled(error.to_string())),
        Err(_) => Err(unsettled("the server does not come back".to_owned())),
    }
}

async fn ask(writer: &DatabaseConnection, server: &Server, mark: &Mark) -> Result<Settled, DbErr> {
    // Should the server not have noticed that its client is gone, the transaction would stay open. Not being allowed to
    // end it only means to wait until the server ends it.
    const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE pid = $1 AND backend_xid::text = $2";
    match writer.execute_raw(statement(END, [mark.process.into(), mark.transaction.clone().into()])).await {
        Err(error) if is_lost(&error) => return Err(error),
        _ => {}
    }
    // The row is to be had once the transaction is over.
    let wait = statement("SELECT commits FROM writers WHERE id = $1 FOR UPDATE", [server.writer_id.into()]);
    let row = writer.query_one_raw(wait).await?;
    let committed: i64 = row.map(|row| row.try_get("", "commits")).transpose()?.unwrap_or(0);
    Ok(if committed >= mark.count { Settled::Committed } else { Settled::NotCommitted })
}

fn statement<const N: usize>(sql: &'static str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

async fn one<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &'static str,
    values: [Value; N],
) -> Result<QueryResult, DbErr> {
    let row = connection.query_one_raw(statement(sql, values)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}
