//! Changing the own inbox: identifiers and installations come and go (FEATURES.md section 1).

use std::sync::Arc;

use hexmtp_domain::identity::{
    AcceptedRisk, AssociationState, Identifier, MemberIdentifier, SignatureRequest,
};
use hexmtp_domain::{InstallationId, SequenceId};
use hexmtp_ports::signer::WalletSigner;

use crate::context::Context;
use crate::error::InboxChangeError;
use crate::identity::change::{Before, InboxChange, add_signature, check_free, verified};
use crate::identity::states::stored_state_at;
use crate::identity::{latest_state, refresh};

/// A request for the signatures that a change of the own inbox needs. This installation has signed it where it has to.
pub(crate) async fn change_request(
    context: &Context,
    change: &InboxChange,
    accepted: &[AcceptedRisk],
) -> Result<SignatureRequest, InboxChangeError> {
    let (_, state) = latest_state(context, context.inbox_id).await?;
    if let InboxChange::Add { new_member, .. } = change
        && let Some(identifier) = new_member.as_identifier()
    {
        let found = context.identity_log.inbox_ids(&[identifier]).await?;
        check_free(context.inbox_id, found.first().copied().flatten())?;
    }
    let updates = context.store.identity_updates(context.inbox_id, SequenceId(0)).await?.len();
    let client_timestamp_ns = context.now().as_unsigned_nanos();
    let mut request = Before { state: &state, updates, client_timestamp_ns }.request(change, accepted)?;
    let own = MemberIdentifier::Installation(context.key.id());
    if request.missing_signers().contains(&own) {
        if context.standing.is_revoked() {
            return Err(InboxChangeError::InstallationRevoked);
        }
        request.add_signature(context.key.sign_identity_text(&request.signature_text()))?;
    }
    Ok(request)
}

/// R-IDN-221: verifies a request that all have signed, publishes it, and reads it back. What is in the log already is
/// passed over, so that a lost answer can be asked for again.
pub(crate) async fn apply(
    context: &Context,
    request: &SignatureRequest,
) -> Result<Arc<AssociationState>, InboxChangeError> {
    let update = request.build()?;
    let (inbox_id, bytes) = (update.inbox_id, update.encode());
    let latest = refresh(context, &[inbox_id]).await?.get(&inbox_id).copied().unwrap_or_default();
    let log = context.store.identity_updates(inbox_id, SequenceId(0)).await?;
    if !log.iter().any(|logged| logged.update == bytes) {
        let state = match latest {
            SequenceId(0) => None,
            latest => Some(stored_state_at(context, inbox_id, latest).await?),
        };
        verified(&*context.contract_wallets, state.as_deref(), &update).await?;
        context.identity_log.publish(&bytes).await?;
    }
    Ok(latest_state(context, inbox_id).await?.1)
}

/// Asks those of the signers who have to sign, and applies the change.
async fn sign_and_apply(
    context: &Context,
    mut request: SignatureRequest,
    signers: &[&dyn WalletSigner],
) -> Result<(), InboxChangeError> {
    let text = request.signature_text();
    for signer in signers {
        if request.missing_identifiers().contains(&signer.identifier()) {
            let signature = signer.sign(&text).await?;
            add_signature(&*context.contract_wallets, &mut request, signature).await?;
        }
    }
    apply(context, &request).await.map(drop)
}

/// Only the recovery identifier revokes, and names its successor.
fn check_recovery(state: &AssociationState, signer: &dyn WalletSigner) -> Result<(), InboxChangeError> {
    let recovery = state.recovery_identifier();
    match signer.identifier() == *recovery {
        true => Ok(()),
        false => Err(InboxChangeError::NotRecovery { recovery: recovery.clone() }),
    }
}

/// Revokes members of the own inbox; those that are none are passed over.
async fn revoke(
    context: &Context,
    signer: &dyn WalletSigner,
    change: InboxChange,
    accepted: &[AcceptedRisk],
) -> Result<(), InboxChangeError> {
    let (_, state) = latest_state(context, context.inbox_id).await?;
    let does_something = match &change {
        InboxChange::Revoke(members) => members.iter().any(|member| state.contains(member)),
        InboxChange::RevokeInstallationsBut(stays) => state.installations().iter().any(|id| id != stays),
        _ => true,
    };
    if !does_something {
        return Ok(());
    }
    check_recovery(&state, signer)?;
    let request = change_request(context, &change, accepted).await?;
    sign_and_apply(context, request, &[signer]).await
}

/// Revokes installations of the own inbox; those that are none are passed over.
pub(crate) async fn revoke_installations(
    context: &Context,
    signer: &dyn WalletSigner,
    installations: &[InstallationId],
) -> Result<(), InboxChangeError> {
    revoke(context, signer, InboxChange::revoke_installations(installations), &[]).await
}

/// Revokes all installations of the own inbox but this one.
pub(crate) async fn revoke_all_other_installations(
    context: &Context,
    signer: &dyn WalletSigner,
) -> Result<(), InboxChangeError> {
    revoke(context, signer, InboxChange::RevokeInstallationsBut(context.key.id()), &[]).await
}

/// Revokes an identifier of the own inbox, and with it the installations that it let in.
pub(crate) async fn remove_account(
    context: &Context,
    signer: &dyn WalletSigner,
    identifier: &Identifier,
    accepted: &[AcceptedRisk],
) -> Result<(), InboxChangeError> {
    let change = InboxChange::revoke_identifiers(std::slice::from_ref(identifier));
    revoke(context, signer, change, accepted).await
}

/// Adds the signer's identifier to the own inbox, with the consent of this installation.
pub(crate) async fn add_account(
    context: &Context,
    signer: &dyn WalletSigner,
) -> Result<(), InboxChangeError> {
    let (_, state) = latest_state(context, context.inbox_id).await?;
    if context.standing.is_revoked() {
        return Err(InboxChangeError::InstallationRevoked);
    }
    let new_member = MemberIdentifier::from(signer.identifier());
    if state.contains(&new_member) {
        return Ok(());
    }
    let change = InboxChange::Add { new_member, sponsor: context.key.id().into() };
    let request = change_request(context, &change, &[]).await?;
    sign_and_apply(context, request, &[signer]).await
}

/// Puts the successor in charge of removals. It signs too, to prove that somebody holds its key.
pub(crate) async fn change_recovery(
    context: &Context,
    signer: &dyn WalletSigner,
    successor: &dyn WalletSigner,
) -> Result<(), InboxChangeError> {
    let (_, state) = latest_state(context, context.inbox_id).await?;
    let new_recovery = successor.identifier();
    if *state.recovery_identifier() == new_recovery {
        return Ok(());
    }
    check_recovery(&state, signer)?;
    let request = change_request(context, &InboxChange::ChangeRecovery(new_recovery), &[]).await?;
    sign_and_apply(context, request, &[signer, successor]).await
}
