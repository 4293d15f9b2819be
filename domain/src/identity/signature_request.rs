//! Collecting the signatures of an identity update, in any order and in any process.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::wallet::{canonical_signature, personal_hash};
use super::{
    ContractQuestion, ContractWalletSignature, Identifier, IdentityUpdate, InboxGuard, InboxGuardError,
    MemberIdentifier, PasskeyCeremonyError, SignatureError, SignatureKind, UnsignedUpdate,
    UnverifiedSignature, VerifiedSignature,
};
use crate::ids::InboxId;

/// What a contract answered, and at which block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractAnswer {
    /// Whether the contract stands by the signature.
    pub accepts: bool,
    /// The block at which it was asked; zero when that is not known.
    pub block_number: u64,
}

/// Why a signature is not taken, or why there is no update yet.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureRequestError {
    /// The change itself should not be signed.
    #[error(transparent)]
    Guard(#[from] InboxGuardError),
    /// The signature is unusable.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The ceremony in which a passkey signed is not acceptable.
    #[error(transparent)]
    Passkey(#[from] PasskeyCeremonyError),
    /// The signer is not asked. A wallet that signed another text is a stranger, too.
    #[error("the signer is not one of those who are asked")]
    UnknownSigner,
    /// A legacy key signs for an identifier that has to prove possession of its own key.
    #[error("a legacy key cannot prove that somebody holds the wallet's key")]
    LegacyProof,
    /// It is not known at which block the contract was asked, so nobody else could ask it again.
    #[error("the block at which the contract was asked is not known")]
    UnknownBlock,
    /// These did not sign yet.
    #[error("{} of the needed signatures are missing", .0.len())]
    Missing(BTreeSet<MemberIdentifier>),
}

impl SignatureRequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Guard(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::Passkey(error) => error.code(),
            Self::UnknownSigner => "identity.request.unknown_signer",
            Self::LegacyProof => "identity.request.legacy_proof",
            Self::UnknownBlock => "identity.request.unknown_block",
            Self::Missing(_) => "identity.request.missing_signatures",
        }
    }
}

/// An identity update on its way to its signers. It never expires: its time is part of what is signed, and nobody
/// compares it with a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureRequest {
    pub(super) update: UnsignedUpdate,
    /// Who proves possession of a key although the update does not need the signature.
    pub(super) proofs: BTreeSet<MemberIdentifier>,
    pub(super) signatures: BTreeMap<MemberIdentifier, UnverifiedSignature>,
}

impl SignatureRequest {
    /// Asks for the signatures of a change that the guard lets pass.
    ///
    /// # Errors
    /// [`InboxGuardError`] names what its author would regret.
    pub fn new(update: UnsignedUpdate, guard: &InboxGuard) -> Result<Self, InboxGuardError> {
        guard.check(&update)?;
        let proofs = guard.proofs(&update);
        Ok(Self { update, proofs, signatures: BTreeMap::new() })
    }

    /// The inbox.
    #[must_use]
    pub const fn inbox_id(&self) -> InboxId {
        self.update.inbox_id
    }

    /// What is to be signed.
    #[must_use]
    pub const fn update(&self) -> &UnsignedUpdate {
        &self.update
    }

    /// The text that every signer signs.
    #[must_use]
    pub fn signature_text(&self) -> String {
        self.update.signature_text()
    }

    /// All who are asked to sign.
    #[must_use]
    pub fn signers(&self) -> BTreeSet<MemberIdentifier> {
        let mut signers = self.update.signers();
        signers.extend(self.proofs.iter().cloned());
        signers
    }

    /// Those who did not sign yet.
    #[must_use]
    pub fn missing_signers(&self) -> BTreeSet<MemberIdentifier> {
        let mut missing = self.signers();
        missing.retain(|signer| !self.signatures.contains_key(signer));
        missing
    }

    /// The people among those who did not sign yet: wallets and passkeys, which an application has to ask.
    #[must_use]
    pub fn missing_identifiers(&self) -> BTreeSet<Identifier> {
        self.missing_signers().iter().filter_map(MemberIdentifier::as_identifier).collect()
    }

    /// Whether all have signed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.missing_signers().is_empty()
    }

    /// Takes a signature and judges it at once. A wallet's signature is brought into the one spelling that every client
    /// reads alike, and a passkey must have signed in a proper ceremony. A later signature of the same signer replaces
    /// an earlier one.
    ///
    /// # Errors
    /// [`SignatureRequestError`]; nothing is taken then. Signatures of contract wallets are taken by
    /// [`SignatureRequest::add_contract_signature`].
    pub fn add_signature(&mut self, signature: UnverifiedSignature) -> Result<(), SignatureRequestError> {
        let signature = match signature {
            UnverifiedSignature::Erc191 { bytes } => {
                UnverifiedSignature::Erc191 { bytes: canonical_signature(&bytes) }
            }
            other => other,
        };
        let verified = signature.verify(&self.signature_text())?;
        if let UnverifiedSignature::Passkey(passkey) = &signature {
            passkey.check_ceremony()?;
        }
        self.take(&verified, signature)
    }

    /// What a contract has to be asked about its wallet's signature. With block zero it is asked at the newest block.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when the signature names no account of an EVM chain.
    pub fn contract_question(
        &self,
        signature: &ContractWalletSignature,
    ) -> Result<ContractQuestion, SignatureError> {
        ContractQuestion::new(personal_hash(&self.signature_text()), signature)
    }

    /// Takes the signature of a contract wallet after its contract was asked about it
    /// ([`SignatureRequest::contract_question`]). The block of the answer goes into the update, so that everybody asks
    /// the contract as it was then.
    ///
    /// # Errors
    /// [`SignatureRequestError`]; nothing is taken then.
    pub fn add_contract_signature(
        &mut self,
        signature: ContractWalletSignature,
        answer: ContractAnswer,
    ) -> Result<(), SignatureRequestError> {
        let verified = self.contract_question(&signature)?.into_verified();
        if !answer.accepts {
            return Err(SignatureError::Invalid(SignatureKind::ContractWallet).into());
        }
        if answer.block_number == 0 {
            return Err(SignatureRequestError::UnknownBlock);
        }
        let signature = ContractWalletSignature { block_number: answer.block_number, ..signature };
        self.take(&verified, UnverifiedSignature::ContractWallet(signature))
    }

    /// The signed update, once all have signed. Signatures that only prove possession stay behind.
    ///
    /// # Errors
    /// [`SignatureRequestError::Missing`] names those who did not sign yet.
    pub fn build(&self) -> Result<IdentityUpdate, SignatureRequestError> {
        let missing = self.missing_signers();
        if !missing.is_empty() {
            return Err(SignatureRequestError::Missing(missing));
        }
        self.update
            .try_map(|signer| self.signatures.get(signer).cloned().ok_or_else(|| signer.clone()))
            .map_err(|signer| SignatureRequestError::Missing(BTreeSet::from([signer])))
    }

    pub(super) fn take(
        &mut self,
        verified: &VerifiedSignature,
        signature: UnverifiedSignature,
    ) -> Result<(), SignatureRequestError> {
        let signer = verified.signer();
        if !self.signers().contains(signer) {
            return Err(SignatureRequestError::UnknownSigner);
        }
        if self.proofs.contains(signer) && verified.kind() == SignatureKind::LegacyDelegated {
            return Err(SignatureRequestError::LegacyProof);
        }
        self.signatures.insert(signer.clone(), signature);
        Ok(())
    }
}
