//! Signatures over identity updates: as received, and verified.

use std::fmt;

use thiserror::Error;

use super::installation_key::verify_identity_text;
use super::wallet::recover_text_signer;
use super::{EthereumAddress, MemberIdentifier};
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
    /// This version cannot verify signatures of the kind.
    #[error("{0} signatures cannot be verified yet")]
    UnsupportedKind(SignatureKind),
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
            Self::UnsupportedKind(_) => "identity.unsupported_signature_kind",
            Self::Malformed(_) => "identity.malformed_signature",
            Self::Invalid(_) => "identity.bad_signature",
            Self::InvalidPrivateKey => "identity.invalid_private_key",
        }
    }
}

/// The signature of a contract wallet (`SmartContractWalletSignature`, PROTOCOL.md 1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractWalletSignature {
    /// The account in CAIP-10 form: `eip155:{chain id}:{address}`.
    pub account_id: String,
    /// The block at which the contract was asked; zero means not asked yet.
    pub block_number: u64,
    /// What the contract is asked about; its form is the contract's business.
    pub signature: Vec<u8>,
}

impl ContractWalletSignature {
    /// The chain that the account lives on, if the account id names an EVM chain.
    #[must_use]
    pub fn chain_id(&self) -> Option<u64> {
        let mut parts = self.account_id.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("eip155"), Some(chain), Some(_), None) => chain.parse().ok(),
            _ => None,
        }
    }

    /// The account's address, if the account id has the form of an EVM account.
    #[must_use]
    pub fn address(&self) -> Option<EthereumAddress> {
        self.chain_id()?;
        let (_, address) = self.account_id.rsplit_once(':')?;
        EthereumAddress::parse(address).ok()
    }

    /// The signature as one whose signer is known, after the contract was asked and accepted it.
    pub(super) fn accepted_by_contract(&self) -> Result<VerifiedSignature, SignatureError> {
        let kind = SignatureKind::ContractWallet;
        let signer = self.address().ok_or(SignatureError::Malformed(kind))?;
        Ok(VerifiedSignature {
            signer: MemberIdentifier::Ethereum(signer),
            kind,
            raw: self.signature.clone(),
            chain_id: self.chain_id(),
        })
    }
}

/// The signature of a passkey (`RecoverablePasskeySignature`, PROTOCOL.md 1.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeySignature {
    /// The P-256 public key, SEC1.
    pub public_key: Vec<u8>,
    /// The ECDSA signature.
    pub signature: Vec<u8>,
    /// What the authenticator said about itself.
    pub authenticator_data: Vec<u8>,
    /// What the browser said about the request; holds the challenge.
    pub client_data_json: Vec<u8>,
}

/// How the wallet vouched for a legacy key: the two spellings of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegacyKeySignature {
    /// `ecdsa_compact`.
    Compact {
        /// `r` and `s`, 64 bytes.
        bytes: Vec<u8>,
        /// Which of the possible keys signed.
        recovery: u32,
    },
    /// `wallet_ecdsa_compact`.
    WalletCompact {
        /// `r` and `s`, 64 bytes.
        bytes: Vec<u8>,
        /// Which of the possible keys signed.
        recovery: u32,
    },
}

/// The signature of an XMTP version 2 key (`LegacyDelegatedSignature`, PROTOCOL.md 1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyDelegatedSignature {
    /// The serialized `UnsignedPublicKey`, exactly as the wallet signed it.
    pub key_bytes: Vec<u8>,
    /// The wallet's signature over it.
    pub key_signature: LegacyKeySignature,
    /// The legacy key's signature over the text, 65 bytes.
    pub signature: Vec<u8>,
}

/// A signature as it came from a wallet or from the network. Nothing about it is true until
/// [`UnverifiedSignature::verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// [`SignatureError`] when the bytes are no signature, do not verify, or are of a kind that is not supported.
    pub fn verify(&self, text: &str) -> Result<VerifiedSignature, SignatureError> {
        let kind = self.kind();
        let (signer, raw) = match self {
            Self::Erc191 { bytes } => {
                let (address, raw) = recover_text_signer(text, bytes)?;
                (MemberIdentifier::Ethereum(address), raw)
            }
            Self::InstallationKey { bytes, public_key } => {
                let malformed = SignatureError::Malformed(kind);
                let signer = InstallationId::from_slice(public_key).map_err(|_| malformed)?;
                let signature: &[u8; 64] = bytes.as_slice().try_into().map_err(|_| malformed)?;
                if !verify_identity_text(&signer, text, signature) {
                    return Err(SignatureError::Invalid(kind));
                }
                (MemberIdentifier::Installation(signer), bytes.clone())
            }
            Self::ContractWallet(_) | Self::Passkey(_) | Self::LegacyDelegated(_) => {
                return Err(SignatureError::UnsupportedKind(kind));
            }
        };
        Ok(VerifiedSignature { signer, kind, raw, chain_id: None })
    }
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
