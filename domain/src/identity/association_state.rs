//! Who belongs to an inbox: the fold over its log of identity updates (PROTOCOL.md 1.8).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, AssociationError, ContractVerdicts, Identifier, IdentityUpdate, MemberIdentifier, SignatureKind,
    Update, VerifiedSignature, inbox_id,
};
use crate::ids::{InboxId, InstallationId};

/// The most installations an inbox should have. The client that is about to register one more checks it; a log
/// with more is still valid (PROTOCOL.md 1.9).
pub const MAX_INSTALLATIONS: usize = 10;

/// The most updates that the log of one inbox takes. The server checks it (PROTOCOL.md 1.9).
pub const MAX_UPDATES: usize = 256;

/// A member of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member.
    pub identifier: MemberIdentifier,
    /// Who consented to its addition; none for the creator.
    pub added_by: Option<MemberIdentifier>,
    /// When its author made the update that added it, in nanoseconds since the Unix epoch; none for the creator.
    pub client_timestamp_ns: Option<u64>,
    /// The chain that a contract wallet signed on when it was added, none for others; later signatures must agree.
    pub added_on_chain_id: Option<u64>,
}

/// An inbox after some prefix of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociationState {
    pub(super) inbox_id: InboxId,
    pub(super) recovery: Identifier,
    pub(super) members: BTreeMap<MemberIdentifier, Member>,
    pub(super) seen_signatures: BTreeSet<Vec<u8>>,
}

impl AssociationState {
    /// Verifies an update and applies it to the state before it; `None` is an inbox that does not exist yet.
    /// All actions apply, or none does.
    ///
    /// # Errors
    /// [`AssociationError`] names the first broken rule; signatures of contract wallets are unusable here.
    pub fn apply(state: Option<Self>, update: &IdentityUpdate) -> Result<Self, AssociationError> {
        Self::apply_with(state, update, &ContractVerdicts::none())
    }

    /// As [`AssociationState::apply`], with what contracts answered to [`IdentityUpdate::contract_questions`].
    ///
    /// # Errors
    /// [`AssociationError`] names the first broken rule; [`super::SignatureError::ContractNotAsked`] within it says that
    /// an answer is missing.
    pub fn apply_with(
        state: Option<Self>,
        update: &IdentityUpdate,
        verdicts: &ContractVerdicts,
    ) -> Result<Self, AssociationError> {
        Self::apply_verified(state, &update.verify(verdicts)?)
    }

    /// The state after a whole log, in the order of the server's sequence ids. One bad update spoils the log.
    ///
    /// # Errors
    /// [`AssociationError`] of the first update that does not apply; [`AssociationError::NotCreated`] for an
    /// empty log.
    pub fn from_updates<'a>(
        updates: impl IntoIterator<Item = &'a IdentityUpdate>,
    ) -> Result<Self, AssociationError> {
        Self::from_updates_with(updates, &ContractVerdicts::none())
    }

    /// As [`AssociationState::from_updates`], with what contracts answered.
    ///
    /// # Errors
    /// As there, and as [`AssociationState::apply_with`].
    pub fn from_updates_with<'a>(
        updates: impl IntoIterator<Item = &'a IdentityUpdate>,
        verdicts: &ContractVerdicts,
    ) -> Result<Self, AssociationError> {
        updates
            .into_iter()
            .try_fold(None, |state, update| Self::apply_with(state, update, verdicts).map(Some))?
            .ok_or(AssociationError::NotCreated)
    }

    /// The inbox.
    #[must_use]
    pub const fn inbox_id(&self) -> InboxId {
        self.inbox_id
    }

    /// Who may remove members and name its own successor.
    #[must_use]
    pub const fn recovery_identifier(&self) -> &Identifier {
        &self.recovery
    }

    /// All members, ordered by identifier.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }

    /// The members that are installations: those that belong into the inbox's groups.
    #[must_use]
    pub fn installations(&self) -> BTreeSet<InstallationId> {
        self.members.keys().filter_map(MemberIdentifier::as_installation).collect()
    }

    /// The members that are wallets or passkeys: those by which the inbox is found.
    #[must_use]
    pub fn identifiers(&self) -> BTreeSet<Identifier> {
        self.members.keys().filter_map(MemberIdentifier::as_identifier).collect()
    }

    /// The member's record.
    #[must_use]
    pub fn member(&self, member: &MemberIdentifier) -> Option<&Member> {
        self.members.get(member)
    }

    /// Whether this is a member.
    #[must_use]
    pub fn contains(&self, member: &MemberIdentifier) -> bool {
        self.members.contains_key(member)
    }

    /// Applies an update whose signatures were verified against its own text.
    pub(super) fn apply_verified(
        state: Option<Self>,
        update: &Update<VerifiedSignature>,
    ) -> Result<Self, AssociationError> {
        let mut state = update
            .actions
            .iter()
            .try_fold(state, |state, action| act(state, action, update.client_timestamp_ns).map(Some))?
            .ok_or(AssociationError::NotCreated)?;
        if state.inbox_id != update.inbox_id {
            return Err(AssociationError::WrongInbox);
        }
        // Only now: one signature may serve several actions of one update, and never a later update.
        let signatures = update.actions.iter().flat_map(Action::signatures);
        state.seen_signatures.extend(signatures.map(|signature| signature.raw().to_vec()));
        Ok(state)
    }

    fn create(
        identifier: &Identifier,
        nonce: u64,
        signature: &VerifiedSignature,
    ) -> Result<Self, AssociationError> {
        let creator = MemberIdentifier::from(identifier);
        if *signature.signer() != creator {
            return Err(AssociationError::NotSignedByCreator);
        }
        require_kind(signature)?;
        if is_legacy(signature) && nonce != 0 {
            return Err(AssociationError::LegacyNotAllowed);
        }
        let member = Member {
            identifier: creator.clone(),
            added_by: None,
            client_timestamp_ns: None,
            added_on_chain_id: signature.chain_id(),
        };
        Ok(Self {
            inbox_id: inbox_id(identifier, nonce),
            recovery: identifier.clone(),
            members: BTreeMap::from([(creator, member)]),
            seen_signatures: BTreeSet::new(),
        })
    }

    fn add(
        mut self,
        new_member: &MemberIdentifier,
        existing: &VerifiedSignature,
        new: &VerifiedSignature,
        client_timestamp_ns: u64,
    ) -> Result<Self, AssociationError> {
        self.require_unseen(existing)?;
        self.require_unseen(new)?;
        if new.signer() != new_member {
            return Err(AssociationError::NotSignedByNewMember);
        }
        if existing.signer() == new_member {
            return Err(AssociationError::AddsItself);
        }
        self.require_legacy_inbox(existing, new)?;
        require_kind(existing)?;
        require_kind(new)?;
        let sponsor = self.require_sponsor(existing)?;
        if let (MemberIdentifier::Installation(_), MemberIdentifier::Installation(_)) =
            (existing.signer(), new_member)
        {
            return Err(AssociationError::InstallationAddsInstallation);
        }
        let member = Member {
            // The signer, not the action, says which relying party a passkey has.
            identifier: new.signer().clone(),
            added_by: Some(sponsor),
            client_timestamp_ns: Some(client_timestamp_ns),
            added_on_chain_id: new.chain_id(),
        };
        self.members.insert(new_member.clone(), member);
        Ok(self)
    }

    fn revoke(
        mut self,
        member: &MemberIdentifier,
        signature: &VerifiedSignature,
    ) -> Result<Self, AssociationError> {
        self.require_recovery(signature)?;
        self.members.remove(member);
        // What a wallet let in goes with it; wallets that it let in stay.
        self.members
            .retain(|id, record| id.as_installation().is_none() || record.added_by.as_ref() != Some(member));
        Ok(self)
    }

    fn change_recovery(
        mut self,
        new_recovery: &Identifier,
        signature: &VerifiedSignature,
    ) -> Result<Self, AssociationError> {
        self.require_recovery(signature)?;
        self.recovery = new_recovery.clone();
        Ok(self)
    }

    fn require_unseen(&self, signature: &VerifiedSignature) -> Result<(), AssociationError> {
        if self.seen_signatures.contains(signature.raw()) {
            return Err(AssociationError::Replay);
        }
        Ok(())
    }

    /// Where a legacy signature takes part, the inbox must be the one that the sponsor's identifier makes with nonce 0.
    /// An installation has none, so it may let in a wallet that signs by its legacy key (PROTOCOL.md 1.6).
    fn require_legacy_inbox(
        &self,
        existing: &VerifiedSignature,
        new: &VerifiedSignature,
    ) -> Result<(), AssociationError> {
        let sponsor = existing.signer().as_identifier().filter(|_| is_legacy(existing) || is_legacy(new));
        match sponsor {
            Some(sponsor) if inbox_id(&sponsor, 0) != self.inbox_id => {
                Err(AssociationError::LegacyNotAllowed)
            }
            _ => Ok(()),
        }
    }

    /// Who lets a member in must be a member, or the recovery identifier with a signature of its own.
    fn require_sponsor(&self, signature: &VerifiedSignature) -> Result<MemberIdentifier, AssociationError> {
        if let Some(member) = self.member(signature.signer()) {
            self.require_chain(signature)?;
            return Ok(member.identifier.clone());
        }
        let recovery = MemberIdentifier::from(&self.recovery);
        if *signature.signer() != recovery {
            return Err(AssociationError::NotSignedByMember);
        }
        if is_legacy(signature) {
            return Err(AssociationError::LegacyNotAllowed);
        }
        Ok(recovery)
    }

    fn require_recovery(&self, signature: &VerifiedSignature) -> Result<(), AssociationError> {
        self.require_unseen(signature)?;
        if *signature.signer() != MemberIdentifier::from(&self.recovery) {
            return Err(AssociationError::NotSignedByRecovery);
        }
        require_kind(signature)?;
        if is_legacy(signature) {
            return Err(AssociationError::LegacyNotAllowed);
        }
        self.require_chain(signature)
    }

    /// A member signs on the chain that it was added on; one that was added without a chain signs without one.
    fn require_chain(&self, signature: &VerifiedSignature) -> Result<(), AssociationError> {
        match self.member(signature.signer()) {
            Some(member) if member.added_on_chain_id != signature.chain_id() => {
                Err(AssociationError::ChainMismatch)
            }
            _ => Ok(()),
        }
    }
}

/// Applies one action.
fn act(
    state: Option<AssociationState>,
    action: &Action<VerifiedSignature>,
    client_timestamp_ns: u64,
) -> Result<AssociationState, AssociationError> {
    let existing = state.ok_or(AssociationError::NotCreated);
    match action {
        Action::CreateInbox { .. } if existing.is_ok() => Err(AssociationError::AlreadyCreated),
        Action::CreateInbox { identifier, nonce, signature } => {
            AssociationState::create(identifier, *nonce, signature)
        }
        Action::Add { new_member, existing_member_signature, new_member_signature } => {
            existing?.add(new_member, existing_member_signature, new_member_signature, client_timestamp_ns)
        }
        Action::Revoke { member, recovery_signature } => existing?.revoke(member, recovery_signature),
        Action::ChangeRecovery { new_recovery, recovery_signature } => {
            existing?.change_recovery(new_recovery, recovery_signature)
        }
    }
}

const fn require_kind(signature: &VerifiedSignature) -> Result<(), AssociationError> {
    if signature.kind().may_sign_for(signature.signer()) {
        Ok(())
    } else {
        Err(AssociationError::KindNotAllowed(signature.kind()))
    }
}

fn is_legacy(signature: &VerifiedSignature) -> bool {
    signature.kind() == SignatureKind::LegacyDelegated
}
