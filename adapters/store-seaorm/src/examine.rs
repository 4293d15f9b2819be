//! What a database is: ours, blank, of another program, of a newer version.

use hexmtp_ports::store::StoreError;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use crate::migration;

/// "hxmp": SQLite's mark of the program that a database belongs to.
pub(crate) const APPLICATION_ID: i64 = 0x6878_6d70;

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

/// Looks at a database without changing it.
pub(crate) async fn examine(connection: &impl ConnectionTrait) -> Result<Found, Refused> {
    let tables = number(connection, "SELECT COUNT(*) FROM sqlite_master").await?;
    let application = number(connection, "PRAGMA application_id").await?;
    match application {
        APPLICATION_ID => versions(connection).await,
        0 if tables == 0 => Ok(Found::Blank),
        _ => Err(Refused::Unfit(StoreError::ForeignSchema)),
    }
}

async fn versions(connection: &impl ConnectionTrait) -> Result<Found, Refused> {
    let list = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
    if number(connection, list).await? == 0 {
        return Err(Refused::Unfit(StoreError::Corrupt("seaql_migrations".to_owned())));
    }
    let rows = all(connection, "SELECT version FROM seaql_migrations ORDER BY version").await?;
    let applied: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let known = migration::known();
    if let Some(found) = applied.iter().rfind(|name| !known.contains(name)) {
        let (found, supported) = (found.clone(), known.last().cloned().unwrap_or_default());
        return Err(Refused::Unfit(StoreError::NewerSchema { found, supported }));
    }
    Ok(if applied.len() == known.len() { Found::Current } else { Found::Outdated })
}

async fn number(connection: &impl ConnectionTrait, sql: &'static str) -> Result<i64, DbErr> {
    let rows = all(connection, sql).await?;
    rows.first().ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?.try_get_by_index(0)
}

async fn all(connection: &impl ConnectionTrait, sql: &'static str) -> Result<Vec<QueryResult>, DbErr> {
    connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await
}
