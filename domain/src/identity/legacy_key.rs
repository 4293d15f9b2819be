//! Keys of XMTP version 2, for which a wallet vouched once (PROTOCOL.md 1.6).

use std::fmt;

use hexmtp_proto::xmtp::message_contents as legacy;
use k256::ecdsa::{SigningKey, VerifyingKey};
use prost::Message;
use zeroize::Zeroize;

use super::wallet::{address_of, recover_text_signer, sign_personal};
use super::{
    EthereumAddress, MemberIdentifier, SignatureError, SignatureKind, UnverifiedSignature, VerifiedSignature,
};

const MALFORMED: SignatureError = SignatureError::Malformed(SignatureKind::LegacyDelegated);
const INVALID: SignatureError = SignatureError::Invalid(SignatureKind::LegacyDelegated);

/// How the wallet vouched for a legacy key: the two spellings of the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl LegacyKeySignature {
    /// Both spellings in the form of other wallet signatures: `r`, `s` and the last byte of the recovery number, which
    /// is all that the reference looks at.
    fn to_recoverable(&self) -> Vec<u8> {
        let (Self::Compact { bytes, recovery } | Self::WalletCompact { bytes, recovery }) = self;
        let [last, ..] = recovery.to_le_bytes();
        [bytes.as_slice(), &[last]].concat()
    }
}

/// The signature of an XMTP version 2 key (`LegacyDelegatedSignature`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LegacyDelegatedSignature {
    /// The serialized `UnsignedPublicKey`, exactly as the wallet signed it.
    pub key_bytes: Vec<u8>,
    /// The wallet's signature over it.
    pub key_signature: LegacyKeySignature,
    /// The legacy key's signature over the text, 65 bytes.
    pub signature: Vec<u8>,
}

impl LegacyDelegatedSignature {
    /// The signer is the wallet that vouched for the key, and its signature is what must not be used twice: so one
    /// legacy key serves an inbox once.
    pub(super) fn verify(&self, text: &str) -> Result<VerifiedSignature, SignatureError> {
        let (key_address, _) = recover_text_signer(text, &self.signature).map_err(as_legacy)?;
        let (wallet, raw) = voucher(&self.key_bytes, &self.key_signature)?;
        if legacy_address(&self.key_bytes)? != key_address {
            return Err(INVALID);
        }
        Ok(VerifiedSignature {
            signer: MemberIdentifier::Ethereum(wallet),
            kind: SignatureKind::LegacyDelegated,
            raw,
            chain_id: None,
        })
    }
}

/// A private key of XMTP version 2, with which its owner registers without asking the wallet again.
#[derive(Clone)]
pub struct LegacyKey {
    key: SigningKey,
    key_bytes: Vec<u8>,
    key_signature: LegacyKeySignature,
    wallet: EthereumAddress,
}

impl LegacyKey {
    /// Reads a serialized `xmtp.message_contents.SignedPrivateKey`, as version 2 stored it.
    ///
    /// # Errors
    /// [`SignatureError`] when a part is missing, when no wallet vouched for the key, or when the private key is not
    /// the one that the wallet vouched for.
    pub fn decode(signed_private_key: &[u8]) -> Result<Self, SignatureError> {
        let message = legacy::SignedPrivateKey::decode(signed_private_key).map_err(|_| MALFORMED)?;
        let Some(legacy::signed_private_key::Union::Secp256k1(mut private)) = message.union else {
            return Err(MALFORMED);
        };
        let key = SigningKey::from_slice(&private.bytes).map_err(|_| SignatureError::InvalidPrivateKey);
        private.bytes.zeroize();
        let public = message.public_key.ok_or(MALFORMED)?;
        let union = public.signature.and_then(|signature| signature.union).ok_or(MALFORMED)?;
        let (key, key_bytes, key_signature) = (key?, public.key_bytes, LegacyKeySignature::from(union));
        let (wallet, _) = voucher(&key_bytes, &key_signature)?;
        if legacy_address(&key_bytes)? != address_of(key.verifying_key()) {
            return Err(INVALID);
        }
        Ok(Self { key, key_bytes, key_signature, wallet })
    }

    /// The wallet that vouched for the key; signatures of the key count as the wallet's.
    #[must_use]
    pub const fn wallet(&self) -> EthereumAddress {
        self.wallet
    }

    /// Signs the text of an identity update in the wallet's name.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`] when the curve arithmetic fails, which has no known input.
    pub fn sign_text(&self, text: &str) -> Result<UnverifiedSignature, SignatureError> {
        Ok(UnverifiedSignature::LegacyDelegated(LegacyDelegatedSignature {
            key_bytes: self.key_bytes.clone(),
            key_signature: self.key_signature.clone(),
            signature: sign_personal(&self.key, text).map_err(as_legacy)?,
        }))
    }
}

impl fmt::Debug for LegacyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyKey({})", self.wallet)
    }
}

impl From<legacy::signature::Union> for LegacyKeySignature {
    fn from(union: legacy::signature::Union) -> Self {
        use legacy::signature::Union;
        match union {
            Union::EcdsaCompact(it) => Self::Compact { bytes: it.bytes, recovery: it.recovery },
            Union::WalletEcdsaCompact(it) => Self::WalletCompact { bytes: it.bytes, recovery: it.recovery },
        }
    }
}

/// The text by which a wallet vouches for a legacy key. Unlike the text of identity updates it ends in a slash.
pub(super) fn voucher_text(key_bytes: &[u8]) -> String {
    format!(
        "XMTP : Create Identity\n{}\n\nFor more info: https://xmtp.org/signatures/",
        hex::encode(key_bytes)
    )
}

/// Who vouched, and the bytes that identify the voucher.
fn voucher(
    key_bytes: &[u8],
    signature: &LegacyKeySignature,
) -> Result<(EthereumAddress, Vec<u8>), SignatureError> {
    recover_text_signer(&voucher_text(key_bytes), &signature.to_recoverable()).map_err(as_legacy)
}

/// The address of the legacy key itself.
fn legacy_address(key_bytes: &[u8]) -> Result<EthereumAddress, SignatureError> {
    use legacy::unsigned_public_key::Union;
    let key = legacy::UnsignedPublicKey::decode(key_bytes).map_err(|_| MALFORMED)?;
    let Some(Union::Secp256k1Uncompressed(point)) = key.union else { return Err(MALFORMED) };
    let point = VerifyingKey::from_sec1_bytes(&point.bytes).map_err(|_| MALFORMED)?;
    Ok(address_of(&point))
}

/// Failures of the wallet-like signatures inside, told as failures of this kind.
const fn as_legacy(error: SignatureError) -> SignatureError {
    match error {
        SignatureError::Malformed(_) => MALFORMED,
        _ => INVALID,
    }
}
