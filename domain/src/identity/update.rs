//! Identity updates: lists of actions on one inbox, applied together.

use std::collections::BTreeMap;

use super::wallet::personal_hash;
use super::{
    ContractVerdicts, Identifier, MemberIdentifier, SignatureError, SignatureKind, UnverifiedSignature,
    VerifiedSignature,
};
use crate::ids::InboxId;

/// One change to an inbox (PROTOCOL.md 1.2). `S` is what stands where a signature belongs: the signature
/// itself, or, before signing, whose signature it must be ([`super::UnsignedAction`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<S = UnverifiedSignature> {
    /// Begin an inbox, with the identifier as its first member and its recovery identifier.
    CreateInbox {
        /// The first member.
        identifier: Identifier,
        /// Distinguishes the inboxes of one identifier.
        nonce: u64,
        /// By the first member.
        signature: S,
    },
    /// Add a member.
    Add {
        /// Whom to add.
        new_member: MemberIdentifier,
        /// By a member, or by the recovery identifier.
        existing_member_signature: S,
        /// By the new member.
        new_member_signature: S,
    },
    /// Remove a member, and the installations that it added.
    Revoke {
        /// Whom to remove.
        member: MemberIdentifier,
        /// By the recovery identifier.
        recovery_signature: S,
    },
    /// Put another identifier in charge of removals.
    ChangeRecovery {
        /// The new recovery identifier; it need not be a member, and it does not sign.
        new_recovery: Identifier,
        /// By the recovery identifier so far.
        recovery_signature: S,
    },
}

impl<S> Action<S> {
    /// Replaces what stands for each signature; the first failure ends it.
    pub(super) fn try_map<'a, T, E>(
        &'a self,
        mut replace: impl FnMut(&'a S) -> Result<T, E>,
    ) -> Result<Action<T>, E> {
        Ok(match self {
            Self::CreateInbox { identifier, nonce, signature } => Action::CreateInbox {
                identifier: identifier.clone(),
                nonce: *nonce,
                signature: replace(signature)?,
            },
            Self::Add { new_member, existing_member_signature, new_member_signature } => Action::Add {
                new_member: new_member.clone(),
                existing_member_signature: replace(existing_member_signature)?,
                new_member_signature: replace(new_member_signature)?,
            },
            Self::Revoke { member, recovery_signature } => {
                Action::Revoke { member: member.clone(), recovery_signature: replace(recovery_signature)? }
            }
            Self::ChangeRecovery { new_recovery, recovery_signature } => Action::ChangeRecovery {
                new_recovery: new_recovery.clone(),
                recovery_signature: replace(recovery_signature)?,
            },
        })
    }

    /// What stands for each signature, in the order of the wire.
    pub(super) fn signatures(&self) -> impl Iterator<Item = &S> {
        let (first, second) = match self {
            Self::CreateInbox { signature, .. } => (signature, None),
            Self::Add { existing_member_signature, new_member_signature, .. } => {
                (existing_member_signature, Some(new_member_signature))
            }
            Self::Revoke { recovery_signature, .. } | Self::ChangeRecovery { recovery_signature, .. } => {
                (recovery_signature, None)
            }
        };
        std::iter::once(first).chain(second)
    }
}

/// Actions on one inbox that are signed and applied together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update<S> {
    /// The inbox.
    pub inbox_id: InboxId,
    /// When the author made it, by the author's clock, in nanoseconds since the Unix epoch. Part of the text.
    pub client_timestamp_ns: u64,
    /// What to do, in order.
    pub actions: Vec<Action<S>>,
}

/// A signed identity update as it travels (`xmtp.identity.associations.IdentityUpdate`). Its signatures are not
/// verified yet; [`super::AssociationState::apply`] does that.
pub type IdentityUpdate = Update<UnverifiedSignature>;

impl<S> Update<S> {
    /// Replaces what stands for each signature; the first failure ends it.
    pub(super) fn try_map<'a, T, E>(
        &'a self,
        mut replace: impl FnMut(&'a S) -> Result<T, E>,
    ) -> Result<Update<T>, E> {
        Ok(Update {
            inbox_id: self.inbox_id,
            client_timestamp_ns: self.client_timestamp_ns,
            actions: self
                .actions
                .iter()
                .map(|action| action.try_map(&mut replace))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl IdentityUpdate {
    /// What a contract wallet is asked about: the EIP-191 hash of the text (PROTOCOL.md 1.5).
    #[must_use]
    pub fn signature_hash(&self) -> [u8; 32] {
        personal_hash(&self.signature_text())
    }

    /// How the inbox was created, if this update creates it. Tells wallets with a key of their own from contracts.
    #[must_use]
    pub fn creation_signature_kind(&self) -> Option<SignatureKind> {
        self.actions.iter().find_map(|action| match action {
            Action::CreateInbox { signature, .. } => Some(signature.kind()),
            _ => None,
        })
    }

    /// Verifies every signature against the text; those of contract wallets count by their verdicts. One that serves
    /// several actions, as the wallet's does at registration, is verified once. Not public: verified signatures must
    /// not meet another text.
    pub(super) fn verify(
        &self,
        verdicts: &ContractVerdicts,
    ) -> Result<Update<VerifiedSignature>, SignatureError> {
        let text = self.signature_text();
        let mut known: BTreeMap<&UnverifiedSignature, VerifiedSignature> = BTreeMap::new();
        self.try_map(|signature| {
            if let Some(verified) = known.get(signature) {
                return Ok(verified.clone());
            }
            let verified = match signature {
                UnverifiedSignature::ContractWallet(signature) => {
                    signature.judge(personal_hash(&text), verdicts)
                }
                _ => signature.verify(&text),
            }?;
            known.insert(signature, verified.clone());
            Ok(verified)
        })
    }
}
