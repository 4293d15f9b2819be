//! Changing the own inbox: identifiers come, installations go (FEATURES.md section 1).

use std::collections::BTreeSet;

use hexmtp_domain::InstallationId;
use hexmtp_domain::identity::{AssociationState, MemberIdentifier, UnsignedUpdate, UnverifiedSignature};
use hexmtp_ports::signer::WalletSigner;

use crate::context::Context;
use crate::error::InboxChangeError;
use crate::identity::{latest_state, refresh};

/// Revokes installations of the own inbox; those that are none are passed over.
pub(crate) async fn revoke_installations(
    context: &Context,
    signer: &dyn WalletSigner,
    installations: &[InstallationId],
) -> Result<(), InboxChangeError> {
    let (_, state) = latest_state(context, context.inbox_id).await?;
    let present = state.installations();
    let revoked = installations.iter().copied().filter(|id| present.contains(id)).collect();
    revoke(context, signer, &state, revoked).await
}

/// Revokes all installations of the own inbox but this one.
pub(crate) async fn revoke_all_other_installations(
    context: &Context,
    signer: &dyn WalletSigner,
) -> Result<(), InboxChangeError> {
    let (_, state) = latest_state(context, context.inbox_id).await?;
    let mut others = state.installations();
    others.remove(&context.key.id());
    revoke(context, signer, &state, others).await
}

async fn revoke(
    context: &Context,
    signer: &dyn WalletSigner,
    state: &AssociationState,
    installations: BTreeSet<InstallationId>,
) -> Result<(), InboxChangeError> {
    if installations.is_empty() {
        return Ok(());
    }
    let recovery = state.recovery_identifier();
    if signer.identifier() != *recovery {
        return Err(InboxChangeError::NotRecovery { recovery: recovery.clone() });
    }
    let members = installations.into_iter().map(MemberIdentifier::Installation);
    let now = context.now().as_unsigned_nanos();
    let update = UnsignedUpdate::revoke(context.inbox_id, members, recovery, now);
    let signature = signer.sign(&update.signature_text()).await?;
    publish(context, update, &[signature]).await
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
    let identifier = signer.identifier();
    if state.contains(&MemberIdentifier::from(identifier.clone())) {
        return Ok(());
    }
    let found = context.identity_log.inbox_ids(std::slice::from_ref(&identifier)).await?;
    if let Some(inbox_id) = found.first().copied().flatten().filter(|found| *found != context.inbox_id) {
        return Err(InboxChangeError::AccountTaken { inbox_id });
    }
    let own = MemberIdentifier::Installation(context.key.id());
    let now = context.now().as_unsigned_nanos();
    let update = UnsignedUpdate::add_member(context.inbox_id, identifier.into(), own, now);
    let text = update.signature_text();
    let signatures = [signer.sign(&text).await?, context.key.sign_identity_text(&text)];
    publish(context, update, &signatures).await
}

/// Publishes an update of the own inbox and reads it back.
async fn publish(
    context: &Context,
    update: UnsignedUpdate,
    signatures: &[UnverifiedSignature],
) -> Result<(), InboxChangeError> {
    context.identity_log.publish(&update.sign(signatures)?.encode()).await?;
    refresh(context, &[context.inbox_id]).await?;
    Ok(())
}
