//! Looking after the store.

use hexmtp_ports::store::{FeedPosition, StoreStatistics, Trim};

use super::Client;
use crate::error::{PortError, SyncError};
use crate::identity;

impl Client {
    /// How much is stored: sizes and counts.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn statistics(&self) -> Result<StoreStatistics, SyncError> {
        Ok(self.context.store.statistics().await?)
    }

    /// Where the change feed stands: a stream from here tells of everything that is stored from now on.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn feed_position(&self) -> Result<FeedPosition, SyncError> {
        Ok(self.context.store.position().await?)
    }

    /// Forgets what need not be kept: changes of the feed that no stream will resume behind, old refusals, settled
    /// intents. A stream that is to resume at an earlier position says so by an error.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn trim(&self, trim: &Trim) -> Result<(), SyncError> {
        Ok(self.context.store.trim(trim).await?)
    }

    /// Gives the space of what was removed back to the medium. It can take long, and other calls wait meanwhile.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn compact(&self) -> Result<(), SyncError> {
        Ok(self.context.store.compact().await?)
    }

    /// Removes everything that this installation keeps in its store, its keys first of all, and closes the store: the
    /// client is of no use any more. The network and the members of its conversations are told nothing; revoke the
    /// installation to tell them. No other process may be working on the installation.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn wipe(&self) -> Result<(), SyncError> {
        let secrets = self.context.secrets.as_deref();
        identity::forget_key(secrets, self.context.key.id()).await.map_err(PortError::from)?;
        self.context.store.wipe().await?;
        self.close().await
    }

    /// Lets go of the database for a while, as systems ask of applications in the background. Until
    /// [`Client::reconnect_store`] every call fails with [`StoreError::Released`], and streams wait.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    ///
    /// [`StoreError::Released`]: hexmtp_ports::store::StoreError::Released
    pub async fn release_store(&self) -> Result<(), SyncError> {
        Ok(self.context.store.release().await?)
    }

    /// Takes the database up again. Streams go on where they stood: they have missed nothing.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn reconnect_store(&self) -> Result<(), SyncError> {
        Ok(self.context.store.reconnect().await?)
    }

    /// Lets go of the store. Every later call on any clone of this client fails, and streams end.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn close(&self) -> Result<(), SyncError> {
        Ok(self.context.store.close().await?)
    }
}
