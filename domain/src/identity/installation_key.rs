//! The key of an installation.

use std::fmt;

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};
use zeroize::Zeroize;

use super::UnverifiedSignature;
use crate::ids::InstallationId;
use crate::secret::Secret;

/// The Ed25519ph context of signatures over identity updates (PROTOCOL.md 1.4).
const IDENTITY_CONTEXT: &[u8] = b"IDENTITY UPDATE SIGNATURE";
/// The Ed25519ph context of signatures that applications ask for (PROTOCOL.md 1.4).
const PUBLIC_CONTEXT: &[u8] = b"PUBLIC SIGNATURE CONTEXT";

/// An installation's Ed25519 key pair, which also signs for it in MLS.
#[derive(Clone)]
pub struct InstallationKey {
    seed: Secret,
    key: SigningKey,
}

impl InstallationKey {
    /// Makes the key of a seed: 32 random bytes, which the caller brings.
    #[must_use]
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self { key: SigningKey::from_bytes(&seed), seed: seed.into() };
        seed.zeroize();
        key
    }

    /// The public half, which names the installation.
    #[must_use]
    pub fn id(&self) -> InstallationId {
        InstallationId::new(self.key.verifying_key().to_bytes())
    }

    /// The seed, for storage and for the MLS engine.
    #[must_use]
    pub const fn seed(&self) -> &Secret {
        &self.seed
    }

    /// Signs the text of an identity update (PROTOCOL.md 1.2, 1.4).
    #[must_use]
    pub fn sign_identity_text(&self, text: &str) -> UnverifiedSignature {
        UnverifiedSignature::InstallationKey {
            bytes: self.sign(text.as_bytes(), IDENTITY_CONTEXT).to_vec(),
            public_key: self.id().to_vec(),
        }
    }

    /// Signs whatever an application wants signed. Such a signature never passes for one over an identity update.
    #[must_use]
    pub fn sign_public(&self, message: &[u8]) -> [u8; 64] {
        self.sign(message, PUBLIC_CONTEXT)
    }

    /// Whether `signature` is what [`InstallationKey::sign_public`] of installation `signer` gave for `message`.
    #[must_use]
    pub fn verify_public(signer: &InstallationId, message: &[u8], signature: &[u8; 64]) -> bool {
        verify(signer, message, PUBLIC_CONTEXT, signature)
    }

    fn sign(&self, message: &[u8], context: &[u8]) -> [u8; 64] {
        let digest = Sha512::new_with_prefix(message);
        // Only a context above 255 bytes can fail; both are constants of about 25. Nobody would accept zeros.
        self.key.sign_prehashed(digest, Some(context)).map_or([0; 64], |signature| signature.to_bytes())
    }
}

/// Checks the signature of an installation over the text of an identity update.
pub(super) fn verify_identity_text(signer: &InstallationId, text: &str, signature: &[u8; 64]) -> bool {
    verify(signer, text.as_bytes(), IDENTITY_CONTEXT, signature)
}

fn verify(signer: &InstallationId, message: &[u8], context: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(signer.as_bytes()).is_ok_and(|key| {
        key.verify_prehashed(
            Sha512::new_with_prefix(message),
            Some(context),
            &Signature::from_bytes(signature),
        )
        .is_ok()
    })
}

impl PartialEq for InstallationKey {
    fn eq(&self, other: &Self) -> bool {
        self.seed == other.seed
    }
}

impl Eq for InstallationKey {}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationKey({})", self.id())
    }
}
