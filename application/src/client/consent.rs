//! Whom the user wants to hear from.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};

use super::Client;
use crate::consent;
use crate::error::SyncError;

impl Client {
    /// What the user decided about a conversation or an inbox.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn consent(&self, entity: ConsentEntity) -> Result<ConsentState, SyncError> {
        consent::of(&self.context, entity).await
    }

    /// Notes what the user decides, all of it or nothing. What is said of one group of a DM holds for all groups of its
    /// pair.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn set_consent(&self, decisions: &[(ConsentEntity, ConsentState)]) -> Result<(), SyncError> {
        consent::set(&self.context, decisions).await
    }
}
