//! Inboxes: the own one, and those of others.

use std::sync::Arc;

use hexmtp_domain::identity::{
    AcceptedRisk, AssociationState, Identifier, InstallationKey, MemberIdentifier, SignatureKind,
    SignatureRequest, UnverifiedSignature,
};
use hexmtp_domain::{InboxId, InstallationId};
use hexmtp_ports::signer::WalletSigner;

use super::Client;
use crate::error::{ChangeError, IdentityError, InboxChangeError};
use crate::identity::{self, Freshness, InboxChange, KeyPackageStatus, Reachability};

impl Client {
    /// For each identifier, in the order asked, whether it belongs to an inbox: the answer of official clients.
    /// [`Client::reachability`] says more. The network is asked each time.
    ///
    /// # Errors
    /// [`ChangeError`] when the network fails.
    pub async fn can_message(&self, identifiers: &[Identifier]) -> Result<Vec<bool>, ChangeError> {
        identity::can_message(&self.context, identifiers).await
    }

    /// For each identifier, in the order asked, whether it belongs to an inbox, and whether an installation of that can
    /// be invited: one that has published a key package which is valid now. The network is asked each time.
    ///
    /// # Errors
    /// [`ChangeError`] when the network fails.
    pub async fn reachability(&self, identifiers: &[Identifier]) -> Result<Vec<Reachability>, ChangeError> {
        identity::reachability_of(&self.context, identifiers).await
    }

    /// For each installation, in the order asked, what can be done with the key package that the network hands out for
    /// it, and how long.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails.
    pub async fn key_package_statuses(
        &self,
        installations: &[InstallationId],
    ) -> Result<Vec<KeyPackageStatus>, IdentityError> {
        let (delivery, mls) = (&*self.context.delivery, &*self.context.mls);
        Ok(identity::key_package_statuses(delivery, mls, self.context.now(), installations).await?)
    }

    /// For each identifier, in the order asked, the inbox that it belongs to, if there is one. Answers are stored, and
    /// the network is asked only about what is not known: an answer holds for five minutes, or until this device reads
    /// in the inbox's log that the identifier was revoked; an identifier that belonged to nobody is asked about again
    /// each time.
    ///
    /// # Errors
    /// [`ChangeError`] when the network fails.
    pub async fn find_inboxes(
        &self,
        identifiers: &[Identifier],
    ) -> Result<Vec<Option<InboxId>>, ChangeError> {
        identity::look_up(&self.context, identifiers).await
    }

    /// The inbox of every identifier, found as by [`Client::find_inboxes`].
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none.
    pub async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<InboxId>, ChangeError> {
        identity::inbox_ids(&self.context, identifiers).await
    }

    /// The latest association state of an inbox, from the network.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails, the inbox does not exist, or its log cannot be folded.
    pub async fn inbox_state(&self, inbox_id: InboxId) -> Result<Arc<AssociationState>, IdentityError> {
        let mut states = self.inbox_states(&[inbox_id], Freshness::Network).await?;
        states.pop().unwrap_or(Err(IdentityError::UnknownInbox(inbox_id)))
    }

    /// For each inbox, in the order asked, its state, or why it has none.
    ///
    /// # Errors
    /// [`IdentityError`] when network or store fail; each state by itself fails when the inbox does not exist, its log
    /// cannot be folded, or a contract cannot be asked.
    pub async fn inbox_states(
        &self,
        inboxes: &[InboxId],
        freshness: Freshness,
    ) -> Result<Vec<Result<Arc<AssociationState>, IdentityError>>, IdentityError> {
        Ok(identity::states(&self.context, inboxes, freshness).await?)
    }

    /// For each inbox, in the order asked, how many updates its log has: none for one that does not exist, and at most
    /// [`MAX_UPDATES`](hexmtp_domain::identity::MAX_UPDATES).
    ///
    /// # Errors
    /// [`IdentityError`] when network or store fail.
    pub async fn update_counts(
        &self,
        inboxes: &[InboxId],
        freshness: Freshness,
    ) -> Result<Vec<usize>, IdentityError> {
        Ok(identity::logs(&self.context, inboxes, freshness).await?.iter().map(Vec::len).collect())
    }

    /// How the inbox's first identifier signed: tells wallets with a key from contracts, passkeys and legacy keys.
    ///
    /// # Errors
    /// [`IdentityError`] when the inbox does not exist, or cannot be asked for.
    pub async fn creation_signature_kind(
        &self,
        inbox_id: InboxId,
        freshness: Freshness,
    ) -> Result<Option<SignatureKind>, IdentityError> {
        let mut logs = identity::logs(&self.context, &[inbox_id], freshness).await?;
        identity::creation_signature_kind(inbox_id, &logs.pop().unwrap_or_default())
    }

    /// Whether an identifier or an installation is a member of an inbox, by the latest state of it.
    ///
    /// # Errors
    /// As [`Client::inbox_state`].
    pub async fn is_member(
        &self,
        inbox_id: InboxId,
        member: &MemberIdentifier,
    ) -> Result<bool, IdentityError> {
        Ok(self.inbox_state(inbox_id).await?.contains(member))
    }

    /// Signs whatever the application wants signed with the key of this installation. Such a signature never passes for
    /// one over a change of the inbox.
    #[must_use]
    pub fn sign_with_installation_key(&self, message: &[u8]) -> [u8; 64] {
        self.context.key.sign_public(message)
    }

    /// Whether an installation gave this signature for the message. That it belongs to somebody,
    /// [`Client::is_member`] says.
    #[must_use]
    pub fn verify_signed_by(installation: &InstallationId, message: &[u8], signature: &[u8; 64]) -> bool {
        InstallationKey::verify_public(installation, message, signature)
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

    /// Takes an identifier out of the own inbox, and the installations that it let in. One that is none is passed over.
    ///
    /// # Errors
    /// [`InboxChangeError::NotRecovery`] unless the signer is the inbox's recovery identifier;
    /// [`InboxChangeError::Request`] when the last identifier or the recovery identifier would leave and that risk is
    /// not accepted.
    pub async fn remove_account(
        &self,
        signer: &dyn WalletSigner,
        identifier: &Identifier,
        accepted: &[AcceptedRisk],
    ) -> Result<(), InboxChangeError> {
        identity::remove_account(&self.context, signer, identifier, accepted).await
    }

    /// Puts the successor's identifier in charge of removals. It signs too: if nobody held its key, nothing could ever
    /// be revoked again. The protocol does not ask for that; [`Client::change_request`] does without it for those who
    /// accept [`AcceptedRisk::UnprovenRecovery`].
    ///
    /// # Errors
    /// [`InboxChangeError::NotRecovery`] unless the signer is the inbox's recovery identifier.
    pub async fn change_recovery(
        &self,
        signer: &dyn WalletSigner,
        successor: &dyn WalletSigner,
    ) -> Result<(), InboxChangeError> {
        identity::change_recovery(&self.context, signer, successor).await
    }

    /// A request for the signatures that a change of the own inbox needs, for wallets that are not at hand. A guard has
    /// looked at it; risks that are accepted pass. This installation has signed it where it has to.
    ///
    /// # Errors
    /// [`InboxChangeError`] names what its author would regret.
    pub async fn change_request(
        &self,
        change: &InboxChange,
        accepted: &[AcceptedRisk],
    ) -> Result<SignatureRequest, InboxChangeError> {
        identity::change_request(&self.context, change, accepted).await
    }

    /// Takes a signature into a request, after asking the contract about it if it is a contract wallet's.
    ///
    /// # Errors
    /// [`InboxChangeError`]; nothing is taken then.
    pub async fn add_signature(
        &self,
        request: &mut SignatureRequest,
        signature: UnverifiedSignature,
    ) -> Result<(), InboxChangeError> {
        identity::add_signature(&*self.context.contract_wallets, request, signature).await
    }

    /// Verifies a request that all have signed against the inbox as it is now, publishes it, and gives the state after
    /// it. What is published already is passed over, so that a lost answer can be asked for again.
    ///
    /// # Errors
    /// [`InboxChangeError`].
    pub async fn apply_request(
        &self,
        request: &SignatureRequest,
    ) -> Result<Arc<AssociationState>, InboxChangeError> {
        identity::apply(&self.context, request).await
    }
}
