//! What a database is: ours, blank, of a newer version.

use hexmtp_ports::store::StoreError;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use crate::error::from_db;
use crate::migration;

/// A database that may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is nothing in it yet.
    Blank,
    /// It is ours, and older than this software.
    Outdated,
    /// It is ours.
    Current,
}

/// Why a database was not even examined to the end.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The database cannot be read.
    Unreadable(DbErr),
    /// It can be read, and must not be opened.
    Unfit(StoreError),
}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Self::Unreadable(error)
    }
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unreadable(error) => from_db(error),
            Refused::Unfit(error) => error,
        }
    }
}

/// Compares the migrations that a database of ours has seen with those that this software knows.
pub(crate) async fn versions(connection: &impl ConnectionTrait) -> Result<Found, Refused> {
    let rows = all(connection, "SELECT version FROM seaql_migrations ORDER BY version").await?;
    let applied: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let known = migration::known();
    if let Some(found) = applied.iter().rfind(|name| !known.contains(name)) {
        let (found, supported) = (found.clone(), known.last().cloned().unwrap_or_default());
        return Err(Refused::Unfit(StoreError::NewerSchema { found, supported }));
    }
    Ok(if applied.len() == known.len() { Found::Current } else { Found::Outdated })
}

/// The first value of the first row.
pub(crate) async fn number(connection: &impl ConnectionTrait, sql: &'static str) -> Result<i64, DbErr> {
    let rows = all(connection, sql).await?;
    rows.first().ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?.try_get_by_index(0)
}

/// All rows.
pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    sql: &'static str,
) -> Result<Vec<QueryResult>, DbErr> {
    connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await
}
