//! From the drivers' errors to the port's.

use hexmtp_ports::store::StoreError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;
use thiserror::Error;

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// What a reader says when its store was released while it waited; no driver says so.
pub(crate) const RELEASED: &str = "hexmtp: the store was released";

/// PostgreSQL refuses a statement.
#[derive(Debug, Error)]
pub(crate) enum ServerRefusal {
    /// SQLSTATE 42501.
    #[error("the database user lacks a privilege: {0}")]
    Privilege(String),
    /// SQLSTATE class 28.
    #[error("the server does not let the database user in: {0}")]
    Login(String),
    /// SQLSTATE 3D000.
    #[error("the server has no such database: {0}")]
    NoDatabase(String),
    /// The connection is not as safe as it has to be.
    #[error("no secure connection: {0}")]
    Tls(String),
}

/// An error of a statement, after the database was opened.
pub(crate) fn from_db(error: DbErr) -> StoreError {
    if let Some(cause) = cause(&error) {
        return from_sqlx(cause).unwrap_or_else(|| StoreError::Backend(Box::new(error)));
    }
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => StoreError::Closed,
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => StoreError::Unavailable(Box::new(error)),
        DbErr::Custom(text) if text == RELEASED => StoreError::Released,
        // A value that does not have the type of its column.
        DbErr::Type(detail) => StoreError::Corrupt(detail),
        _ => StoreError::Backend(Box::new(error)),
    }
}

/// An error of the driver itself.
pub(crate) fn from_driver(error: sqlx::Error) -> StoreError {
    from_sqlx(&error).unwrap_or_else(|| StoreError::Backend(Box::new(error)))
}

/// The driver's error in one of SeaORM's.
pub(crate) fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// SQLite's primary code, when the error comes from SQLite.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?;
    error.try_downcast_ref::<SqliteError>()?;
    let extended: i32 = error.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// PostgreSQL's SQLSTATE, when the error comes from PostgreSQL.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::code)
}

/// Whether the error says that the connection to the server is gone, or is about to go.
pub(crate) fn is_lost(error: &DbErr) -> bool {
    let Some(cause) = cause(error) else { return false };
    match cause {
        // The protocol is broken when a connection was cut within a message.
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => sqlstate(cause).is_some_and(|state| {
            // Ended by an administrator, by a crash, by time-outs of sessions; failed connections.
            matches!(state, "57P01" | "57P02" | "57P03" | "57P05" | "25P03") || state.starts_with("08")
        }),
    }
}

/// Whether a transaction failed only because of others at the same time: serialisation, deadlock.
pub(crate) fn is_collision(error: &DbErr) -> bool {
    cause(error).and_then(sqlstate).is_some_and(|state| matches!(state, "40001" | "40P01"))
}

fn from_sqlx(error: &sqlx::Error) -> Option<StoreError> {
    let described = || error.to_string();
    Some(match error {
        sqlx::Error::PoolClosed => StoreError::Closed,
        // A handshake that fails is an error of the stream to the driver.
        sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
            StoreError::Backend(Box::new(ServerRefusal::Tls(described())))
        }
        sqlx::Error::Tls(_) => StoreError::Backend(Box::new(ServerRefusal::Tls(described()))),
        sqlx::Error::PoolTimedOut
        | sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(described().into()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(described()),
        sqlx::Error::Database(_) => match sqlstate(error) {
            Some(state) => from_sqlstate(state, described())?,
            None => from_sqlite(sqlite_code(error)?, described())?,
        },
        _ => return None,
    })
}

fn from_sqlite(code: i32, described: String) -> Option<StoreError> {
    Some(match code {
        code::BUSY | code::LOCKED | code::CANTOPEN | code::IOERR => StoreError::Unavailable(described.into()),
        code::READONLY => StoreError::ReadOnly,
        // An encrypted page that fails its check is "not a database" too.
        code::CORRUPT | code::NOTADB => StoreError::Corrupt(described),
        code::FULL => StoreError::Full,
        _ => return None,
    })
}

/// PostgreSQL's codes (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn from_sqlstate(state: &str, described: String) -> Option<StoreError> {
    let refused = |refusal| StoreError::Backend(Box::new(refusal));
    Some(match state {
        "53100" => StoreError::Full,
        "25006" => StoreError::ReadOnly,
        // Damaged pages of tables and of indexes.
        "XX001" | "XX002" => StoreError::Corrupt(described),
        "42501" => refused(ServerRefusal::Privilege(described)),
        "3D000" => refused(ServerRefusal::NoDatabase(described)),
        // Collisions; a lock that was not to be had; an operator, a time-out or a failed disk in the way.
        "40001" | "40P01" | "55P03" | "25P03" | "57014" | "58030" => {
            StoreError::Unavailable(described.into())
        }
        _ => match state.get(..2)? {
            "28" => refused(ServerRefusal::Login(described)),
            "08" | "53" | "57" => StoreError::Unavailable(described.into()),
            _ => return None,
        },
    })
}
