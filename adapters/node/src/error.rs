//! What can go wrong with a node.

use std::net::SocketAddr;
use std::path::PathBuf;

use hexmtp_verifier_rpc::VerifierError;
use sea_orm::DbErr;
use thiserror::Error;
use tonic::Status;

/// Why a node did not start, or did not stop as it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The URL of the database is none that a node can use.
    #[error("the database URL is not sqlite::memory:, sqlite://<path> or postgres://<...>: {0}")]
    DatabaseUrl(&'static str),
    /// The database file cannot be used.
    #[error("the database file {} cannot be used", path.display())]
    DatabaseFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another node works on the database. Only one may: it alone knows which subscribers to tell of a message.
    #[error("another node uses this database")]
    DatabaseInUse,
    /// The database cannot be opened, or its schema not brought up to date.
    #[error("the database cannot be opened")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A setting makes no sense.
    #[error("the setting {setting} {problem}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The chains cannot be asked from this machine.
    #[error("signatures of contract wallets cannot be verified")]
    Verifier(#[source] VerifierError),
    /// A part of the node ended by a defect of its own.
    #[error("a task of the node failed")]
    Task(#[source] tokio::task::JoinError),
    /// The descriptions of the services cannot be read.
    #[error("the service descriptions cannot be read")]
    Reflection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl NodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DatabaseUrl(_) => "node.database_url",
            Self::DatabaseFile { .. } => "node.database_file",
            Self::DatabaseInUse => "node.database_in_use",
            Self::Database(_) => "node.database",
            Self::Listen { .. } => "node.listen",
            Self::Setting { .. } => "node.setting",
            Self::Verifier(_) => "node.verifier",
            Self::Task(_) => "node.task",
            Self::Reflection(_) => "node.reflection",
        }
    }
}

/// Why storage did not serve a call.
#[derive(Debug, Error)]
pub(crate) enum StorageError {
    /// The database failed. Whether a write took effect is not known; writes can be repeated without harm.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// The writer could not write, for a reason that it has logged.
    #[error("the database cannot be written")]
    NotWritten,
    /// The node is shutting down.
    #[error("the node is shutting down")]
    Closed,
    /// Rows that this node cannot have written.
    #[error("a stored value is damaged: {0}")]
    Corrupt(&'static str),
    /// The answer would be larger than clients take.
    #[error("the answer would be too large; ask for less at once")]
    TooMuch,
}

impl From<StorageError> for Status {
    fn from(error: StorageError) -> Self {
        match &error {
            StorageError::Database(cause) => {
                // The cause may name columns and paths. That is for operators, not for clients.
                tracing::error!(%cause, "the database failed");
                Self::unavailable("the storage of the node cannot be reached")
            }
            StorageError::NotWritten | StorageError::Closed => Self::unavailable(error.to_string()),
            StorageError::Corrupt(what) => {
                tracing::error!(what, "a stored value is damaged");
                Self::data_loss("the storage of the node is damaged")
            }
            StorageError::TooMuch => Self::resource_exhausted(error.to_string()),
        }
    }
}
