//! What OpenMLS needs to run: cryptography, randomness, storage, and the installation's signing key.

use std::sync::Arc;

use ed25519_dalek::{Signer as _, SigningKey};
use hexmtp_domain::InboxId;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::key_package::MlsCredential;
use hexmtp_ports::mls::MlsError;
use openmls::prelude::{BasicCredential, CredentialWithKey, OpenMlsProvider};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use zeroize::Zeroizing;

use crate::storage::Overlay;

/// The provider of one session.
pub(crate) struct Provider {
    crypto: Arc<RustCrypto>,
    pub(crate) overlay: Overlay,
}

impl Provider {
    pub(crate) fn new(crypto: &Arc<RustCrypto>) -> Self {
        Self { crypto: Arc::clone(crypto), overlay: Overlay::default() }
    }

    /// The error of a call to OpenMLS: the storage's failure if there was one, else what `map` makes of it.
    pub(crate) fn failed<E>(&self, error: E, map: impl FnOnce(E) -> MlsError) -> MlsError {
        self.overlay.take_failure().map_or_else(|| map(error), MlsError::from)
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Overlay;

    fn storage(&self) -> &Overlay {
        &self.overlay
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}

/// Signs for an installation within MLS: plain Ed25519 (PROTOCOL.md 2.1).
pub(crate) struct InstallationSigner(SigningKey);

impl InstallationSigner {
    pub(crate) fn new(key: &InstallationKey) -> Result<Self, MlsError> {
        let seed = <[u8; 32]>::try_from(key.seed().expose()).map(Zeroizing::new);
        let seed = seed.map_err(|_| MlsError::Malformed("installation key"))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The credential of a leaf of this installation.
    pub(crate) fn credential(&self, inbox_id: InboxId) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(MlsCredential { inbox_id }.encode()).into(),
            signature_key: self.public_key().to_vec().into(),
        }
    }
}

impl Signer for InstallationSigner {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.0.try_sign(payload).map(|signature| signature.to_vec()).map_err(|_| SignerError::SigningError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
