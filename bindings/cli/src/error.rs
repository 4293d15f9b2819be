//! What can go wrong, told to a person.

use std::io::Write;

use hexmtp::domain::identity::SignatureError;
use hexmtp::error::{ChangeError, RegisterError, SyncError};
use hexmtp::ports::platform::EntropyError;
use hexmtp::ports::store::StoreError;
use hexmtp_platform_native::NoTokio;
use thiserror::Error;

/// Why a command failed.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error(transparent)]
    Wallet(#[from] SignatureError),
    #[error(transparent)]
    Runtime(#[from] NoTokio),
    #[error("cannot write: {0}")]
    Io(#[from] std::io::Error),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Unexpected(&'static str),
}

impl CliError {
    /// Writes the error and its causes to standard error.
    pub(crate) fn report(&self) {
        let mut out = std::io::stderr().lock();
        let mut line = format!("error: {self}");
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            line.push_str(&format!("\n  because: {cause}"));
            source = cause.source();
        }
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(out, "{line}");
    }
}
