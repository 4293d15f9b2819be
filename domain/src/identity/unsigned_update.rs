//! Identity updates before they are signed.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{
    Action, Identifier, IdentityUpdate, MemberIdentifier, SignatureError, UnverifiedSignature, Update,
    inbox_id,
};
use crate::ids::{InboxId, InstallationId};

/// An action that names, in place of each signature, whose signature it needs.
pub type UnsignedAction = Action<MemberIdentifier>;

/// An identity update that names, in place of each signature, whose signature it needs.
pub type UnsignedUpdate = Update<MemberIdentifier>;

/// Why the signatures at hand do not complete an update.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SigningError {
    /// A signature is unusable.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// These did not sign. A wallet that signed another text counts as missing.
    #[error("{} of the needed signatures are missing", .0.len())]
    Missing(BTreeSet<MemberIdentifier>),
}

impl SigningError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.code(),
            Self::Missing(_) => "identity.missing_signatures",
        }
    }
}

impl UnsignedUpdate {
    /// Registration of a new inbox: creates it and adds its first installation (PROTOCOL.md 1.9).
    #[must_use]
    pub fn create_inbox(
        identifier: &Identifier,
        nonce: u64,
        installation: InstallationId,
        client_timestamp_ns: u64,
    ) -> Self {
        let create =
            Action::CreateInbox { identifier: identifier.clone(), nonce, signature: identifier.into() };
        let add = add(installation.into(), identifier.into());
        Self { inbox_id: inbox_id(identifier, nonce), client_timestamp_ns, actions: vec![create, add] }
    }

    /// Adds `new_member`, an installation or an identifier, with the consent of `existing_member`.
    #[must_use]
    pub fn add_member(
        inbox_id: InboxId,
        new_member: MemberIdentifier,
        existing_member: MemberIdentifier,
        client_timestamp_ns: u64,
    ) -> Self {
        Self { inbox_id, client_timestamp_ns, actions: vec![add(new_member, existing_member)] }
    }

    /// Removes members, as one act of the recovery identifier.
    #[must_use]
    pub fn revoke(
        inbox_id: InboxId,
        members: impl IntoIterator<Item = MemberIdentifier>,
        recovery: &Identifier,
        client_timestamp_ns: u64,
    ) -> Self {
        let actions = members
            .into_iter()
            .map(|member| Action::Revoke { member, recovery_signature: recovery.into() })
            .collect();
        Self { inbox_id, client_timestamp_ns, actions }
    }

    /// Replaces the recovery identifier.
    #[must_use]
    pub fn change_recovery(
        inbox_id: InboxId,
        new_recovery: Identifier,
        recovery: &Identifier,
        client_timestamp_ns: u64,
    ) -> Self {
        let action = Action::ChangeRecovery { new_recovery, recovery_signature: recovery.into() };
        Self { inbox_id, client_timestamp_ns, actions: vec![action] }
    }

    /// All who must sign [`Update::signature_text`].
    #[must_use]
    pub fn signers(&self) -> BTreeSet<MemberIdentifier> {
        self.actions.iter().flat_map(Action::signatures).cloned().collect()
    }

    /// Puts the signatures in place. Each is verified against the text and goes wherever its signer is asked for;
    /// a signature of somebody else is left out.
    ///
    /// # Errors
    /// [`SigningError::Signature`] for a signature that does not verify, [`SigningError::Missing`] with all
    /// signers who are still needed.
    pub fn sign(self, signatures: &[UnverifiedSignature]) -> Result<IdentityUpdate, SigningError> {
        let text = self.signature_text();
        let mut by_signer = BTreeMap::new();
        for signature in signatures {
            by_signer.insert(signature.verify(&text)?.signer().clone(), signature);
        }
        self.try_map(|signer| by_signer.get(signer).map(|&signature| signature.clone()).ok_or(())).map_err(
            |()| {
                let missing = self.signers().into_iter().filter(|signer| !by_signer.contains_key(signer));
                SigningError::Missing(missing.collect())
            },
        )
    }
}

fn add(new_member: MemberIdentifier, existing_member: MemberIdentifier) -> UnsignedAction {
    Action::Add {
        new_member_signature: new_member.clone(),
        new_member,
        existing_member_signature: existing_member,
    }
}
