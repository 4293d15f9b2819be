//! What can go wrong in storage.

use hexmtp_domain::Timestamp;
use thiserror::Error;

use crate::Retry;
use crate::bounds::BoxedSource;
use crate::store::{FeedPosition, LeaseName, Scope};

/// Why the store could not serve a call. A commit that failed has changed nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else changed a scope since it was loaded: load again and decide again.
    #[error("{scope:?} was changed by somebody else")]
    Conflict {
        /// The scope whose revision no longer stands.
        scope: Scope,
    },
    /// Another process holds a lease that the change set asks for: wait for it, or for its end.
    #[error("{name:?} is held by another process")]
    Leased {
        /// The lease.
        name: LeaseName,
        /// When it ends, unless its holder prolongs it.
        until: Timestamp,
    },
    /// The feed was trimmed beyond this position: a reader that resumed there would miss something.
    #[error("the change feed begins after position {oldest:?}")]
    PositionGone {
        /// The earliest position at which reading can resume.
        oldest: FeedPosition,
    },
    /// The key does not open the database, or the file is not a database. Encryption hides which.
    #[error("the key does not open the database, or the file is not a database")]
    WrongKeyOrNotADatabase,
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The database was written by a newer version of this software.
    #[error("the database has schema {found}, this version reads up to {supported}")]
    NewerSchema {
        /// The schema version found.
        found: String,
        /// The newest schema version that this software knows.
        supported: String,
    },
    /// The database belongs to another program.
    #[error("the database belongs to another program")]
    ForeignSchema,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The store let go of its medium, and was not asked to take it up again.
    #[error("the store has released its database")]
    Released,
    /// The medium is full.
    #[error("there is no space left for the database")]
    Full,
    /// The medium cannot be written.
    #[error("the database cannot be written")]
    ReadOnly,
    /// The database is busy or cannot be reached.
    #[error("the database is busy or cannot be reached")]
    Unavailable(#[source] BoxedSource),
    /// The database failed otherwise.
    #[error("the database failed")]
    Backend(#[source] BoxedSource),
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "store.conflict",
            Self::Leased { .. } => "store.leased",
            Self::PositionGone { .. } => "store.position_gone",
            Self::WrongKeyOrNotADatabase => "store.wrong_key_or_not_a_database",
            Self::Corrupt(_) => "store.corrupt",
            Self::NewerSchema { .. } => "store.newer_schema",
            Self::ForeignSchema => "store.foreign_schema",
            Self::Closed => "store.closed",
            Self::Released => "store.released",
            Self::Full => "store.full",
            Self::ReadOnly => "store.read_only",
            Self::Unavailable(_) => "store.unavailable",
            Self::Backend(_) => "store.backend",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Conflict { .. } => Retry::AfterSync,
            Self::Unavailable(_) | Self::Full | Self::Leased { .. } => Retry::SOON,
            Self::NewerSchema { .. } => Retry::AfterUpgrade,
            _ => Retry::Never,
        }
    }
}
