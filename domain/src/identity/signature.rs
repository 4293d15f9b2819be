//! Signatures over identity updates: as received, and verified.

use std::fmt;

use thiserror::Error;

use super::installation_key::verify_identity_text;
use super::wallet::recover_text_signer;
use super::{ContractWalletSignature, LegacyDelegatedSignature, MemberIdentifier, PasskeySignature};
use crate::ids::InstallationId;

/// How a signature was made (PROTOCOL.md 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureKind {
    /// An Ethereum account with a key of its own (EIP-191).
    Erc191,
    /// An Ethereum account that is a contract (ERC-1271, ERC-6492).
    ContractWallet,
    /// An installation key (Ed25519ph).
    InstallationKey,
    /// A passkey (WebAuthn, P-256).
    Passkey,
    /// A key of XMTP version 2, for which a wallet vouches.
    LegacyDelegated,
}

impl SignatureKind {
    /// Whether members of this sort may sign in this way (PROTOCOL.md 1.8).
    #[must_use]
    pub const fn may_sign_for(self, member: &MemberIdentifier) -> bool {
        matches!(
            (self, member),
            (Self::Erc191 | Self::ContractWallet | Self::LegacyDelegated, MemberIdentifier::Ethereum(_))
                | (Self::InstallationKey, MemberIdentifier::Installation(_))
                | (Self::Passkey, MemberIdentifier::Passkey(_))
        )
    }
}

impl fmt::Display for SignatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Erc191 => "ERC-191",
            Self::ContractWallet => "contract wallet",
            Self::InstallationKey => "installation key",
            Self::Passkey => "passkey",
            Self::LegacyDelegated => "legacy delegated",
        })
    }
}

/// Why a signature was not made or not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Nobody asked the contract about its wallet's signature; to ask can help.
    #[error("the contract was not asked about its wallet's signature")]
    ContractNotAsked,
    /// The bytes do not form a signature of the kind.
    #[error("the bytes do not form a signature of kind {0}")]
    Malformed(SignatureKind),
    /// The signature does not belong to the text.
    #[error("the {0} signature does not verify")]
    Invalid(SignatureKind),
    /// The private key is outside the curve's range.
    #[error("the private key is not a valid secp256k1 key")]
    InvalidPrivateKey,
}

impl SignatureError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ContractNotAsked => "identity.contract_not_asked",
            Self::Malformed(_) => "identity.malformed_signature",
            Self::Invalid(_) => "identity.bad_signature",
            Self::InvalidPrivateKey => "identity.invalid_private_key",
        }
    }
}

/// A signature as it came from a wallet or from the network. Nothing about it is true until
/// [`UnverifiedSignature::verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnverifiedSignature {
    /// An Ethereum account with a key of its own.
    Erc191 {
        /// `r`, `s` and `v`: 65 bytes.
        bytes: Vec<u8>,
    },
    /// A contract wallet.
    ContractWallet(ContractWalletSignature),
    /// An installation.
    InstallationKey {
        /// The signature: 64 bytes.
        bytes: Vec<u8>,
        /// The key that it claims to be by: 32 bytes.
        public_key: Vec<u8>,
    },
    /// A passkey.
    Passkey(PasskeySignature),
    /// A key of XMTP version 2.
    LegacyDelegated(LegacyDelegatedSignature),
}

impl UnverifiedSignature {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> SignatureKind {
        match self {
            Self::Erc191 { .. } => SignatureKind::Erc191,
            Self::ContractWallet(_) => SignatureKind::ContractWallet,
            Self::InstallationKey { .. } => SignatureKind::InstallationKey,
            Self::Passkey(_) => SignatureKind::Passkey,
            Self::LegacyDelegated(_) => SignatureKind::LegacyDelegated,
        }
    }

    /// Finds out who signed `text` (PROTOCOL.md 1.4). An ERC-191 signature over another text is not an error
    /// here: it yields another, meaningless signer, whom the association rules then refuse.
    ///
    /// # Errors
    /// [`SignatureError`] when the bytes are no signature or do not verify; [`SignatureError::ContractNotAsked`] for
    /// every signature of a contract wallet, which only its contract can judge ([`super::ContractQuestion`]).
    pub fn verify(&self, text: &str) -> Result<VerifiedSignature, SignatureError> {
        match self {
            Self::Erc191 { bytes } => {
                let (address, raw) = recover_text_signer(text, bytes)?;
                let signer = MemberIdentifier::Ethereum(address);
                Ok(VerifiedSignature { signer, kind: self.kind(), raw, chain_id: None })
            }
            Self::InstallationKey { bytes, public_key } => verify_installation(text, bytes, public_key),
            Self::Passkey(signature) => signature.verify(text),
            Self::LegacyDelegated(signature) => signature.verify(text),
            Self::ContractWallet(_) => Err(SignatureError::ContractNotAsked),
        }
    }
}

fn verify_installation(
    text: &str,
    bytes: &[u8],
    public_key: &[u8],
) -> Result<VerifiedSignature, SignatureError> {
    let kind = SignatureKind::InstallationKey;
    let malformed = SignatureError::Malformed(kind);
    let signer = InstallationId::from_slice(public_key).map_err(|_| malformed)?;
    let signature: &[u8; 64] = bytes.try_into().map_err(|_| malformed)?;
    if !verify_identity_text(&signer, text, signature) {
        return Err(SignatureError::Invalid(kind));
    }
    let signer = MemberIdentifier::Installation(signer);
    Ok(VerifiedSignature { signer, kind, raw: bytes.to_vec(), chain_id: None })
}

/// A signature whose signer is known. Only verification makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSignature {
    pub(super) signer: MemberIdentifier,
    pub(super) kind: SignatureKind,
    pub(super) raw: Vec<u8>,
    pub(super) chain_id: Option<u64>,
}

impl VerifiedSignature {
    /// Who signed.
    #[must_use]
    pub const fn signer(&self) -> &MemberIdentifier {
        &self.signer
    }

    /// How.
    #[must_use]
    pub const fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The bytes by which a second use of the signature is recognised (PROTOCOL.md 1.4).
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The chain of a contract wallet.
    #[must_use]
    pub const fn chain_id(&self) -> Option<u64> {
        self.chain_id
    }
}
