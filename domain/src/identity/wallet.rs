//! A wallet in memory, and the Ethereum rules for signing text.

use std::fmt;

use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use sha3::{Digest, Keccak256};
use zeroize::Zeroize;

use super::{EthereumAddress, Identifier, SignatureError, SignatureKind, UnverifiedSignature};

/// An externally owned Ethereum account whose private key is at hand: for tools, bots and tests.
#[derive(Clone)]
pub struct LocalWallet {
    key: SigningKey,
}

impl LocalWallet {
    /// Takes a secp256k1 private key.
    ///
    /// # Errors
    /// [`SignatureError::InvalidPrivateKey`] when the number is zero or not below the order of the curve.
    pub fn from_private_key(mut bytes: [u8; 32]) -> Result<Self, SignatureError> {
        let key = SigningKey::from_slice(&bytes).map_err(|_| SignatureError::InvalidPrivateKey);
        bytes.zeroize();
        Ok(Self { key: key? })
    }

    /// The account's address.
    #[must_use]
    pub fn address(&self) -> EthereumAddress {
        address_of(self.key.verifying_key())
    }

    /// The account as an identifier.
    #[must_use]
    pub fn identifier(&self) -> Identifier {
        self.address().into()
    }

    /// Signs text as wallets do for people (EIP-191 `personal_sign`). Deterministic (RFC 6979), `s` in the lower
    /// half, last byte 27 or 28.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`] when the curve arithmetic fails, which has no known input.
    pub fn sign_text(&self, text: &str) -> Result<UnverifiedSignature, SignatureError> {
        Ok(UnverifiedSignature::Erc191 { bytes: sign_personal(&self.key, text)? })
    }
}

impl fmt::Debug for LocalWallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalWallet({})", self.address())
    }
}

/// The EIP-191 hash of text (version 0x45, `personal_sign`).
pub(super) fn personal_hash(text: &str) -> [u8; 32] {
    let mut hasher = Keccak256::new_with_prefix(b"\x19Ethereum Signed Message:\n");
    hasher.update(text.len().to_string());
    hasher.update(text);
    hasher.finalize().into()
}

/// Signs the EIP-191 hash of text: `r`, `s` in the lower half, and 27 or 28.
pub(super) fn sign_personal(key: &SigningKey, text: &str) -> Result<Vec<u8>, SignatureError> {
    let (signature, recovery) = key
        .sign_prehash_recoverable(&personal_hash(text))
        .map_err(|_| SignatureError::Invalid(SignatureKind::Erc191))?;
    let mut bytes = signature.to_bytes().to_vec();
    bytes.push(27 + recovery.to_byte());
    Ok(bytes)
}

/// Which of the two possible keys a recovery byte names: as Ethereum counts, from zero, or with a chain's number in it
/// (EIP-155). Official clients read all three, as measured with libxmtp 1.11.
const fn parity(v: u8) -> Option<bool> {
    match v {
        0 | 1 => Some(v == 1),
        27 | 28 => Some(v == 28),
        35.. => Some(v.is_multiple_of(2)),
        _ => None,
    }
}

/// The spelling of a wallet's signature that every client reads alike: `s` in the lower half with `v` flipped to match,
/// and `v` of 27 or 28. Some wallets and hardware give other spellings, which recover to a stranger or count as another
/// signature elsewhere. What is no signature stays as it is.
pub(super) fn canonical_signature(bytes: &[u8]) -> Vec<u8> {
    let canonical = || {
        let (&v, r_and_s) = bytes.split_last()?;
        let is_odd = parity(v)?;
        let signature = Signature::from_slice(r_and_s).ok()?;
        let low = signature.normalize_s();
        let mut canonical = low.unwrap_or(signature).to_bytes().to_vec();
        canonical.push(27 + u8::from(is_odd != low.is_some()));
        Some(canonical)
    };
    canonical().unwrap_or_else(|| bytes.to_vec())
}

/// The last 20 bytes of the Keccak-256 hash of the public point.
pub(super) fn address_of(key: &VerifyingKey) -> EthereumAddress {
    let point = key.to_encoded_point(false);
    let coordinates = point.as_bytes().get(1..).unwrap_or_default();
    let digest: [u8; 32] = Keccak256::digest(coordinates).into();
    let mut address = [0; 20];
    address.copy_from_slice(&digest[12..]);
    EthereumAddress::new(address)
}

/// Recovers who signed `text` and the bytes that identify the signature. `s` is brought into the lower half
/// without touching `v`, as the reference does, so a signature with high `s` recovers another address
/// (PROTOCOL.md 1.4).
pub(super) fn recover_text_signer(
    text: &str,
    signature: &[u8],
) -> Result<(EthereumAddress, Vec<u8>), SignatureError> {
    recover_signer(&personal_hash(text), signature)
}

impl EthereumAddress {
    /// The account whose key signed a hash, as a contract that wraps a key recovers it: 65 bytes, read like those of
    /// wallets.
    ///
    /// # Errors
    /// [`SignatureError`] when the bytes are no signature, or no key gives it.
    pub fn recover(hash: &[u8; 32], signature: &[u8]) -> Result<Self, SignatureError> {
        recover_signer(hash, signature).map(|(address, _)| address)
    }
}

fn recover_signer(hash: &[u8; 32], signature: &[u8]) -> Result<(EthereumAddress, Vec<u8>), SignatureError> {
    let malformed = SignatureError::Malformed(SignatureKind::Erc191);
    let Some((&v, r_and_s)) = signature.split_last() else { return Err(malformed) };
    let recovery = RecoveryId::new(parity(v).ok_or(malformed)?, false);
    let parsed = Signature::from_slice(r_and_s).map_err(|_| malformed)?;
    let low = parsed.normalize_s().unwrap_or(parsed);
    let key = VerifyingKey::recover_from_prehash(hash, &low, recovery)
        .map_err(|_| SignatureError::Invalid(SignatureKind::Erc191))?;
    let mut raw = low.to_bytes().to_vec();
    raw.push(v);
    Ok((address_of(&key), raw))
}
