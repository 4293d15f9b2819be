//! Bringing this installation up to date.

use hexmtp_ports::store::RejectedRecord;

use super::Client;
use crate::error::{ChangeError, SyncError};
use crate::inbound::{self, SyncSummary};

impl Client {
    /// Joins the conversations that this installation was added to. Gives how many there were.
    ///
    /// # Errors
    /// [`SyncError`]; what was joined before it stays joined.
    pub async fn sync_welcomes(&self) -> Result<usize, SyncError> {
        inbound::sync_welcomes(&self.context).await
    }

    /// Joins new conversations and brings every conversation with news up to date.
    ///
    /// # Errors
    /// [`ChangeError`] when the network or the store fails; single conversations that fail are counted.
    pub async fn sync_all(&self) -> Result<SyncSummary, ChangeError> {
        inbound::sync_all(&self.context).await
    }

    /// The envelopes that were refused, oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn rejected(&self, limit: usize) -> Result<Vec<RejectedRecord>, SyncError> {
        Ok(self.context.store.rejected(limit).await?)
    }

    /// Replaces this installation's key package.
    ///
    /// # Errors
    /// [`SyncError`] when the network or the store fails.
    pub async fn rotate_key_package(&self) -> Result<(), SyncError> {
        Ok(crate::key_package::rotate(&self.context).await?)
    }
}
