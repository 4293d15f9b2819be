//! The store port on SQLite, SQLCipher and PostgreSQL, through SeaORM.
//!
//! - One writer and several readers. A commit is one transaction whose first statements are the compare-and-swaps on
//!   the revisions, so that a decision made from old state changes nothing.
//! - An acknowledged commit survives a power failure, and so all the more the end of the process. Less would let the
//!   key schedule of a group go back after a message was sent with it, and the next message would use a key a second
//!   time. On SQLite: WAL mode with `synchronous=FULL`. On PostgreSQL: never less than `synchronous_commit=on`.
//! - Readers of the change feed are woken by commits of this process at once. PostgreSQL tells other processes of them;
//!   those on the same SQLite file notice within a fraction of a second.
//! - Before a database is changed in any way it is examined, so a wrong key, a database of another program or a newer
//!   version leaves it as it was.
//! - On PostgreSQL a connection that breaks is replaced, and what was under way is tried again: reads always, commits
//!   once the server has said that they did not happen (`postgres::settle`).
//!
//! Calls must be made within a tokio runtime. The driver keeps a copy of the key in memory for as long as the store
//! is open; it is never logged.

mod access;
mod blob;
#[cfg(test)]
mod blob_tests;
mod commit;
mod convert;
mod entity;
mod error;
#[cfg(test)]
mod error_tests;
mod feed;
mod lifecycle;
mod migration;
mod options;
mod postgres;
mod queries;
mod seal;
mod sessions;
mod sqlite;
mod store;
mod tenant;
mod versions;
mod wake;
mod write;

pub use options::{Encryption, OpenProblem, SqliteOptions};
pub use postgres::PostgresOptions;
pub use store::SqlStore;
