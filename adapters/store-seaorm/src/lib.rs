//! The store port on SQLite and SQLCipher, through SeaORM.
//!
//! - One writer and several readers, in WAL mode. A commit is one `BEGIN IMMEDIATE` transaction whose first
//!   statements are the compare-and-swaps on the revisions, so that a decision made from old state changes nothing.
//! - `synchronous=FULL`: an acknowledged commit survives a power failure, and so all the more the end of the
//!   process. Less would let the key schedule of a group go back after a message was sent with it, and the next
//!   message would use a key a second time.
//! - Readers of the change feed are woken by commits of this process at once, and by those of other processes on the
//!   same file within a fraction of a second.
//! - Before a file is changed in any way it is examined through a connection that cannot write, so a wrong key, a
//!   database of another program or a newer version leaves it as it was.
//! - The tables use column types that PostgreSQL has too; what is special to SQLite is in `open`.
//!
//! Calls must be made within a tokio runtime. The driver keeps a copy of the key in memory for as long as the store
//! is open; it is never logged.

mod blob;
#[cfg(test)]
mod blob_tests;
mod convert;
mod entity;
mod error;
#[cfg(test)]
mod error_tests;
mod examine;
mod feed;
mod migration;
mod open;
mod options;
mod queries;
mod seal;
mod sessions;
mod store;
mod tenant;
mod wake;
mod write;

pub use options::{Encryption, OpenProblem, SqliteOptions};
pub use store::SqliteStore;
