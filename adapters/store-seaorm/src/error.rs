//! From the driver's errors to the port's.

use hexmtp_ports::store::StoreError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// An error of a statement, after the database was opened.
pub(crate) fn from_db(error: DbErr) -> StoreError {
    match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => match from_sqlx(cause) {
            Some(known) => known,
            None => StoreError::Backend(Box::new(error)),
        },
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => StoreError::Closed,
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => StoreError::Unavailable(Box::new(error)),
        // A value that does not have the type of its column.
        DbErr::Type(detail) => StoreError::Corrupt(detail.clone()),
        _ => StoreError::Backend(Box::new(error)),
    }
}

/// An error of the driver itself.
pub(crate) fn from_driver(error: sqlx::Error) -> StoreError {
    from_sqlx(&error).unwrap_or_else(|| StoreError::Backend(Box::new(error)))
}

/// SQLite's primary code, when the error comes from SQLite.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

fn from_sqlx(error: &sqlx::Error) -> Option<StoreError> {
    let described = || error.to_string();
    Some(match error {
        sqlx::Error::PoolClosed => StoreError::Closed,
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => StoreError::Unavailable(described().into()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(described()),
        sqlx::Error::Database(_) => match sqlite_code(error)? {
            code::BUSY | code::LOCKED | code::CANTOPEN => StoreError::Unavailable(described().into()),
            code::READONLY => StoreError::ReadOnly,
            // An encrypted page that fails its check is "not a database" too.
            code::CORRUPT | code::NOTADB => StoreError::Corrupt(described()),
            code::FULL => StoreError::Full,
            _ => return None,
        },
        _ => return None,
    })
}
