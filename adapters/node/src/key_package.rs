//! Which key packages the node takes: those that an official client could use to add their owner (PROTOCOL.md 2.2).

use hexmtp_domain::InstallationId;
use hexmtp_domain::key_package::{
    KeyPackageError, MlsCredential, PointeeAlgorithms, WELCOME_POINTEE_AEAD_TYPES,
    WELCOME_WRAPPER_ENCRYPTION, WrapperKey,
};
use openmls::prelude::{
    BasicCredential, Ciphersuite, Extension, KeyPackage, KeyPackageIn, KeyPackageVerifyError, ProtocolVersion,
};
use openmls_rust_crypto::RustCrypto;
use thiserror::Error;
use tls_codec::Deserialize;

/// The one ciphersuite of XMTP (PROTOCOL.md 2.1).
const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
/// Bytes of a key package. Those of official clients have less than 2 KiB.
const MAX_BYTES: usize = 16 * 1024;

/// Why a key package is refused.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("the key package has {0} bytes, at most {MAX_BYTES}")]
    TooLarge(usize),
    #[error("the bytes are not a key package")]
    Malformed,
    #[error("the key package is not valid: {0}")]
    Invalid(#[from] KeyPackageVerifyError),
    #[error("the key package has another ciphersuite than XMTP's")]
    Ciphersuite,
    #[error("the signature key of the key package is not an installation's")]
    SignatureKey,
    #[error(transparent)]
    Content(#[from] KeyPackageError),
    #[error("the key package offers to follow welcome pointers but has no X-Wing key to wrap them for")]
    PointersWithoutKey,
}

/// Checks a key package in its TLS encoding and says whose it is.
pub(crate) fn check(tls: &[u8]) -> Result<InstallationId, Refusal> {
    if tls.len() > MAX_BYTES {
        return Err(Refusal::TooLarge(tls.len()));
    }
    let package = KeyPackageIn::tls_deserialize_exact(tls).map_err(|_| Refusal::Malformed)?;
    // Signatures, lifetime, capabilities, and that the keys differ.
    let package = package.validate(&RustCrypto::default(), ProtocolVersion::Mls10)?;
    if package.ciphersuite() != CIPHERSUITE {
        return Err(Refusal::Ciphersuite);
    }
    let leaf = package.leaf_node();
    let credential =
        BasicCredential::try_from(leaf.credential().clone()).map_err(|_| KeyPackageError::Credential)?;
    MlsCredential::decode(credential.identity())?;
    check_extensions(&package)?;
    InstallationId::from_slice(leaf.signature_key().as_slice()).map_err(|_| Refusal::SignatureKey)
}

/// The two extensions that XMTP defines: readable, and the second not without the first (PROTOCOL.md 5.3).
fn check_extensions(package: &KeyPackage) -> Result<(), Refusal> {
    let data = |wanted: u16| {
        package.extensions().iter().find_map(|extension| match extension {
            Extension::Unknown(id, unknown) if *id == wanted => Some(unknown.0.as_slice()),
            _ => None,
        })
    };
    let wrapper = data(WELCOME_WRAPPER_ENCRYPTION).map(WrapperKey::decode).transpose()?;
    let pointee = data(WELCOME_POINTEE_AEAD_TYPES).map(PointeeAlgorithms::decode).transpose()?;
    if pointee.is_some_and(|it| it.supports_pointers()) && wrapper.is_none() {
        return Err(Refusal::PointersWithoutKey);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hexmtp_domain::Timestamp;
    use hexmtp_domain::identity::{InstallationKey, LocalWallet, inbox_id};
    use hexmtp_mls_openmls::OpenMlsEngine;
    use hexmtp_ports::mls::{KeyPackageParams, MlsEngine};

    use super::*;

    #[test]
    fn no_damage_panics_or_passes() {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let wallet = LocalWallet::from_private_key([7; 32]).unwrap();
        let key = InstallationKey::from_seed([8; 32]);
        let params = KeyPackageParams {
            key: &key,
            inbox_id: inbox_id(&wallet.identifier(), 0),
            now: Timestamp::ZERO.plus(since),
            wrapper_public_key: None,
        };
        let good = OpenMlsEngine::new().create_key_package(params).unwrap().tls;
        assert_eq!(check(&good).unwrap(), key.id());
        for length in 0..good.len() {
            assert!(check(&good[..length]).is_err(), "cut at {length}");
        }
        for place in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[place] ^= flip;
                assert!(check(&bad).is_err(), "byte {place} changed by {flip:#x}");
            }
        }
    }
}
