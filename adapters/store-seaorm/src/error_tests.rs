//! Real errors of SQLite.

use std::time::Duration;

use hexmtp_ports::Retry;
use hexmtp_ports::store::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::error::from_driver;

/// The error of the last of some statements.
async fn last(connection: &mut SqliteConnection, statements: &[&'static str]) -> StoreError {
    let (last, first) = statements.split_last().unwrap();
    for statement in first {
        sqlx::query(*statement).execute(&mut *connection).await.unwrap();
    }
    from_driver(sqlx::query(*last).execute(connection).await.unwrap_err())
}

#[tokio::test]
async fn a_full_medium_is_told() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let fill = "INSERT INTO t VALUES (zeroblob(1000000))";
    let error = last(&mut connection, &["CREATE TABLE t (a)", "PRAGMA max_page_count = 10", fill]).await;
    assert!(matches!(error, StoreError::Full), "{error:?}");
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_told() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let error = last(&mut connection, &["PRAGMA query_only = ON", "CREATE TABLE t (a)"]).await;
    assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
}

#[tokio::test]
async fn a_busy_database_is_told_and_worth_another_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("x.db3")).create_if_missing(true);
    let options = options.busy_timeout(Duration::ZERO);
    let mut holder = options.connect().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut holder).await.unwrap();
    let mut waiter = options.connect().await.unwrap();
    let error = last(&mut waiter, &["CREATE TABLE t (a)"]).await;
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::SOON);
}

/// Nothing that could be mistaken for something to try again.
#[tokio::test]
async fn a_wrong_statement_is_a_failure_of_the_backend() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let error = last(&mut connection, &["SELECT nothing FROM nowhere"]).await;
    assert!(matches!(error, StoreError::Backend(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::Never);
}
