//! A change of an inbox: asked for, guarded, signed by whoever must sign, verified, published (FEATURES.md 1.4).

use hexmtp_domain::identity::{
    AcceptedRisk, AssociationState, ContractAnswer, Identifier, IdentityUpdate, InboxGuard, MemberIdentifier,
    SignatureRequest, SignatureRequestError, UnsignedUpdate, UnverifiedSignature,
};
use hexmtp_domain::{InboxId, InstallationId};
use hexmtp_ports::contract_wallet::ContractWalletVerifier;

use crate::error::InboxChangeError;
use crate::identity::fold::{ask, ask_contracts};

/// What shall become of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxChange {
    /// A new member: an identifier, or an installation. It signs, and so does a member that lets it in. An installation
    /// lets in identifiers only.
    Add {
        /// Who comes.
        new_member: MemberIdentifier,
        /// Who lets it in.
        sponsor: MemberIdentifier,
    },
    /// Members go, and with them the installations that they let in. Those that are none are passed over.
    Revoke(Vec<MemberIdentifier>),
    /// All installations go but this one.
    RevokeInstallationsBut(InstallationId),
    /// Another identifier is in charge of removals.
    ChangeRecovery(Identifier),
}

impl InboxChange {
    /// Installations go.
    #[must_use]
    pub fn revoke_installations(installations: &[InstallationId]) -> Self {
        Self::Revoke(installations.iter().copied().map(MemberIdentifier::from).collect())
    }

    /// Identifiers go, and the installations that they let in.
    #[must_use]
    pub fn revoke_identifiers(identifiers: &[Identifier]) -> Self {
        Self::Revoke(identifiers.iter().map(MemberIdentifier::from).collect())
    }
}

/// The inbox that a change begins with.
pub(crate) struct Before<'a> {
    pub(crate) state: &'a AssociationState,
    /// How many updates its log has.
    pub(crate) updates: usize,
    /// Now, as the update tells it.
    pub(crate) client_timestamp_ns: u64,
}

impl Before<'_> {
    /// R-IDN-220: the request for a change, after a guard has looked at it and before anybody signs.
    ///
    /// # Errors
    /// [`InboxChangeError::Request`] names what its author would regret; a risk that is accepted passes.
    pub(crate) fn request(
        &self,
        change: &InboxChange,
        accepted: &[AcceptedRisk],
    ) -> Result<SignatureRequest, InboxChangeError> {
        let guard =
            accepted.iter().fold(InboxGuard::of(self.state, self.updates), |it, risk| it.accept(*risk));
        Ok(SignatureRequest::new(self.update(change), &guard)?)
    }

    fn update(&self, change: &InboxChange) -> UnsignedUpdate {
        let (inbox_id, now) = (self.state.inbox_id(), self.client_timestamp_ns);
        let recovery = self.state.recovery_identifier();
        let revoke =
            |members: Vec<MemberIdentifier>| UnsignedUpdate::revoke(inbox_id, members, recovery, now);
        match change {
            InboxChange::Add { new_member, sponsor } => {
                UnsignedUpdate::add_member(inbox_id, new_member.clone(), sponsor.clone(), now)
            }
            InboxChange::Revoke(members) => {
                revoke(members.iter().filter(|member| self.state.contains(member)).cloned().collect())
            }
            InboxChange::RevokeInstallationsBut(stays) => {
                let others = self.state.installations().into_iter().filter(|id| id != stays);
                revoke(others.map(MemberIdentifier::from).collect())
            }
            InboxChange::ChangeRecovery(new_recovery) => {
                UnsignedUpdate::change_recovery(inbox_id, new_recovery.clone(), recovery, now)
            }
        }
    }
}

/// R-IDN-072: takes a signature, after asking the contract about it if it is a contract wallet's. One without a block
/// is asked about at the newest one, whose number goes into the update.
pub(crate) async fn add_signature(
    verifier: &dyn ContractWalletVerifier,
    request: &mut SignatureRequest,
    signature: UnverifiedSignature,
) -> Result<(), InboxChangeError> {
    let UnverifiedSignature::ContractWallet(signature) = signature else {
        return Ok(request.add_signature(signature)?);
    };
    let question = request.contract_question(&signature).map_err(SignatureRequestError::from)?;
    let answer = match ask(verifier, &question).await? {
        Some(verdict) => ContractAnswer { accepts: verdict.is_valid, block_number: verdict.block_number },
        None => ContractAnswer { accepts: false, block_number: 0 },
    };
    Ok(request.add_contract_signature(signature, answer)?)
}

/// R-IDN-221: the update that a request has become, verified against the inbox as it is now, as whoever takes it into a
/// log will verify it. Contracts are asked again: the request may have come from another process.
pub(crate) async fn verified(
    verifier: &dyn ContractWalletVerifier,
    state: Option<&AssociationState>,
    update: &IdentityUpdate,
) -> Result<AssociationState, InboxChangeError> {
    let verdicts = ask_contracts(verifier, update).await?;
    Ok(AssociationState::admit(state.cloned(), update, &verdicts)?)
}

/// An identifier that belongs to another inbox would be looked for there in vain.
pub(crate) fn check_free(inbox_id: InboxId, found: Option<InboxId>) -> Result<(), InboxChangeError> {
    match found.filter(|found| *found != inbox_id) {
        Some(inbox_id) => Err(InboxChangeError::AccountTaken { inbox_id }),
        None => Ok(()),
    }
}
