//! Letting a new update into a log: stricter than reading one that is in it.
//!
//! One wallet's or passkey's signature has several spellings: `v` of 0 or 27, `s` or its negative. Official clients up
//! to 1.12 take another spelling of a used signature for a new one, so that whoever has a copy of an addition can
//! repeat it after the member was revoked; later ones do not. And they read a high `s` as the signature of a stranger,
//! where later ones read the wallet's. Logs are read as the former do. But whoever decides what goes into a log keeps
//! out what the two would judge differently.

use std::collections::BTreeSet;

use p256::ecdsa::Signature as PasskeyEcdsa;

use super::wallet::canonical_signature;
use super::{
    Action, AssociationError, AssociationState, ContractVerdicts, IdentityUpdate, MAX_INSTALLATIONS,
    SignatureError, SignatureKind, UnverifiedSignature,
};

impl AssociationState {
    /// As [`AssociationState::apply_with`], for an update that is about to enter the log: wallets' signatures must have
    /// a low `s`, no signature may be another spelling of one that was used, and the inbox gets no eleventh
    /// installation (W-05): official clients look before they write, which does not help when several write at once.
    ///
    /// # Errors
    /// [`AssociationError`] names the first broken rule.
    pub fn admit(
        state: Option<Self>,
        update: &IdentityUpdate,
        verdicts: &ContractVerdicts,
    ) -> Result<Self, AssociationError> {
        for signature in update.actions.iter().flat_map(Action::signatures) {
            require_low_s(signature)?;
        }
        let verified = update.verify(verdicts)?;
        let seen: BTreeSet<_> =
            state.iter().flat_map(|state| &state.seen_signatures).map(|raw| spelling(raw)).collect();
        let mut signatures = verified.actions.iter().flat_map(Action::signatures);
        if signatures.any(|signature| seen.contains(&spelling(signature.raw()))) {
            return Err(match state {
                Some(_) if is_creation(update) => AssociationError::AlreadyCreated,
                _ => AssociationError::Replay,
            });
        }
        let before = state.as_ref().map_or(0, |state| state.installations().len());
        let after = Self::apply_verified(state, &verified)?;
        let count = after.installations().len();
        match count > MAX_INSTALLATIONS && count > before {
            true => Err(AssociationError::TooManyInstallations),
            false => Ok(after),
        }
    }
}

fn is_creation(update: &IdentityUpdate) -> bool {
    update.creation_signature_kind().is_some()
}

fn require_low_s(signature: &UnverifiedSignature) -> Result<(), AssociationError> {
    let bytes = match signature {
        UnverifiedSignature::Erc191 { bytes } => bytes,
        UnverifiedSignature::LegacyDelegated(legacy) => &legacy.signature,
        _ => return Ok(()),
    };
    let s = |bytes: &[u8]| bytes.get(32..64).map(<[u8]>::to_vec);
    if s(&canonical_signature(bytes)) == s(bytes) {
        Ok(())
    } else {
        Err(SignatureError::Malformed(SignatureKind::Erc191).into())
    }
}

/// One spelling for all spellings of a signature. What identifies a signature in a log does not say its kind, but its
/// length tells wallets from passkeys, and what is neither is changed by neither.
fn spelling(raw: &[u8]) -> Vec<u8> {
    match raw.len() {
        65 => canonical_signature(raw),
        64 => PasskeyEcdsa::from_slice(raw)
            .map(|signature| signature.normalize_s().unwrap_or(signature).to_vec())
            .unwrap_or_else(|_| raw.to_vec()),
        _ => raw.to_vec(),
    }
}
