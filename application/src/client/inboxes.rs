//! Inboxes: the own one, and those of others.

use std::sync::Arc;

use hexmtp_domain::identity::{AssociationState, Identifier};
use hexmtp_domain::{InboxId, InstallationId};
use hexmtp_ports::signer::WalletSigner;

use super::Client;
use crate::error::{ChangeError, IdentityError, InboxChangeError};
use crate::identity;

impl Client {
    /// For each identifier, in the order asked, whether it belongs to an inbox. How fresh the answers are:
    /// [`Client::inbox_ids`].
    ///
    /// # Errors
    /// [`ChangeError`] when the network fails.
    pub async fn can_message(&self, identifiers: &[Identifier]) -> Result<Vec<bool>, ChangeError> {
        identity::can_message(&self.context, identifiers).await
    }

    /// The inbox of every identifier. Answers are stored, and the network is asked only about what is not known: an
    /// answer holds for five minutes, or until this device reads in the inbox's log that the identifier was revoked;
    /// an identifier that belonged to nobody is asked about again each time.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none.
    pub async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<InboxId>, ChangeError> {
        identity::inbox_ids(&self.context, identifiers).await
    }

    /// The latest association state of an inbox, from the network.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails, or the inbox's log cannot be folded.
    pub async fn inbox_state(&self, inbox_id: InboxId) -> Result<Arc<AssociationState>, IdentityError> {
        Ok(identity::latest_state(&self.context, inbox_id).await?.1)
    }

    /// Whether the own inbox has revoked this installation, as far as this device knows. A revoked one can read
    /// what it has; nobody takes anything from it, and others remove it from their conversations.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.context.standing.is_revoked()
    }

    /// Revokes installations of the own inbox, perhaps this one; those that are none are passed over. Members of
    /// its conversations, this client among them, remove them from there with the next sync or message.
    ///
    /// # Errors
    /// [`InboxChangeError::NotRecovery`] unless the signer is the inbox's recovery identifier.
    pub async fn revoke_installations(
        &self,
        signer: &dyn WalletSigner,
        installations: &[InstallationId],
    ) -> Result<(), InboxChangeError> {
        identity::revoke_installations(&self.context, signer, installations).await
    }

    /// Revokes all installations of the own inbox but this one.
    ///
    /// # Errors
    /// As [`Client::revoke_installations`].
    pub async fn revoke_all_other_installations(
        &self,
        signer: &dyn WalletSigner,
    ) -> Result<(), InboxChangeError> {
        identity::revoke_all_other_installations(&self.context, signer).await
    }

    /// Adds the signer's identifier to the own inbox: people who know it find this inbox from then on. This
    /// installation consents for the inbox, so no other wallet is asked.
    ///
    /// # Errors
    /// [`InboxChangeError::AccountTaken`] when it belongs to another inbox.
    pub async fn add_account(&self, signer: &dyn WalletSigner) -> Result<(), InboxChangeError> {
        identity::add_account(&self.context, signer).await
    }
}
