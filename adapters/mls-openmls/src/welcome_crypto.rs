//! The wrapping of welcomes: HPKE base mode with two seals in one context (PROTOCOL.md 5.1), and ChaCha20-Poly1305
//! with a key that a pointer carries (PROTOCOL.md 5.3).

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use hexmtp_domain::Secret;
use hexmtp_domain::welcome::{PointerSecrets, WrapperAlgorithm};
use hexmtp_ports::welcome_crypto::{WelcomeCrypto, WelcomeCryptoError, Wrapped};
use hpke_rs::{Context, Hpke, HpkePrivateKey, HpkePublicKey, Mode};
use hpke_rs_crypto::HpkeCrypto as _;
use hpke_rs_crypto::types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use hpke_rs_rust_crypto::HpkeRustCrypto;
use tls_codec::{Deserialize as _, Serialize as _, TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

/// The HPKE info: the MLS `EncryptContext` with the label `MLS 1.0 MLS_WELCOME` and an empty context.
const INFO: &[u8] = b"\x13MLS 1.0 MLS_WELCOME\x00";

/// Nothing is authenticated beside the contents.
const NO_AAD: &[u8] = b"";

/// How the sealed data are framed: the encapsulated key and the ciphertext, each with its length.
#[derive(TlsDeserialize, TlsSerialize, TlsSize)]
struct Framed {
    kem_output: VLBytes,
    ciphertext: VLBytes,
}

/// The sizes of a KEM's values, in bytes. They are checked here, so that no library has to.
struct Kem {
    algorithm: KemAlgorithm,
    public_key: usize,
    private_key: usize,
    output: usize,
}

impl Kem {
    fn of(algorithm: WrapperAlgorithm) -> Result<Self, WelcomeCryptoError> {
        match algorithm {
            WrapperAlgorithm::Curve25519 => {
                Ok(Self { algorithm: KemAlgorithm::DhKem25519, public_key: 32, private_key: 32, output: 32 })
            }
            WrapperAlgorithm::XWing => {
                Ok(Self { algorithm: x_wing(), public_key: 1216, private_key: 32, output: 1120 })
            }
            WrapperAlgorithm::Symmetric => Err(WelcomeCryptoError::InvalidKey),
        }
    }

    fn hpke(&self) -> Hpke<HpkeRustCrypto> {
        Hpke::new(Mode::Base, self.algorithm, KdfAlgorithm::HkdfSha256, AeadAlgorithm::ChaCha20Poly1305)
    }
}

#[expect(deprecated, reason = "XMTP keeps the KEM id 0x004D of the draft, which enters the key schedule")]
const fn x_wing() -> KemAlgorithm {
    KemAlgorithm::XWingDraft06Obsolete
}

/// The wrapping of welcomes on `hpke-rs`. It has no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenMlsWelcomeCrypto;

impl WelcomeCrypto for OpenMlsWelcomeCrypto {
    fn generate_wrapper_key(&self) -> Result<(Vec<u8>, Secret), WelcomeCryptoError> {
        let (public, private) = HpkeRustCrypto::kem_key_gen(x_wing(), &mut HpkeRustCrypto::prng())
            .map_err(|_| WelcomeCryptoError::Backend)?;
        Ok((public, Secret::new(private)))
    }

    fn wrap(
        &self,
        algorithm: WrapperAlgorithm,
        public_key: &[u8],
        data: &[u8],
        metadata: &[u8],
    ) -> Result<Wrapped, WelcomeCryptoError> {
        let kem = Kem::of(algorithm)?;
        if public_key.len() != kem.public_key {
            return Err(WelcomeCryptoError::InvalidKey);
        }
        let (kem_output, mut context) = kem
            .hpke()
            .setup_sender(&HpkePublicKey::from(public_key), INFO, None, None, None)
            .map_err(|_| WelcomeCryptoError::InvalidKey)?;
        let framed = Framed { kem_output: kem_output.into(), ciphertext: seal(&mut context, data)?.into() };
        let data = framed.tls_serialize_detached().map_err(|_| WelcomeCryptoError::Backend)?;
        let metadata = if metadata.is_empty() { Vec::new() } else { seal(&mut context, metadata)? };
        Ok(Wrapped { data, metadata })
    }

    fn unwrap(
        &self,
        algorithm: WrapperAlgorithm,
        private_key: &Secret,
        wrapped: &Wrapped,
    ) -> Result<Wrapped, WelcomeCryptoError> {
        let kem = Kem::of(algorithm)?;
        if private_key.len() != kem.private_key {
            return Err(WelcomeCryptoError::InvalidKey);
        }
        let framed =
            Framed::tls_deserialize_exact(&wrapped.data).map_err(|_| WelcomeCryptoError::Malformed)?;
        if framed.kem_output.as_slice().len() != kem.output {
            return Err(WelcomeCryptoError::Malformed);
        }
        let key = HpkePrivateKey::from(private_key.expose());
        let mut context = kem
            .hpke()
            .setup_receiver(framed.kem_output.as_slice(), &key, INFO, None, None, None)
            .map_err(|_| WelcomeCryptoError::CannotOpen)?;
        let data = open(&mut context, framed.ciphertext.as_slice())?;
        let metadata =
            if wrapped.metadata.is_empty() { Vec::new() } else { open(&mut context, &wrapped.metadata)? };
        Ok(Wrapped { data, metadata })
    }

    fn seal_pointee(
        &self,
        secrets: &PointerSecrets,
        data: &[u8],
        metadata: &[u8],
    ) -> Result<Wrapped, WelcomeCryptoError> {
        let cipher = pointee_cipher(secrets)?;
        let seal = |nonce: &[u8; 12], content: &[u8]| {
            cipher.encrypt(&Nonce::from(*nonce), content).map_err(|_| WelcomeCryptoError::Backend)
        };
        let metadata =
            if metadata.is_empty() { Vec::new() } else { seal(&secrets.metadata_nonce, metadata)? };
        Ok(Wrapped { data: seal(&secrets.data_nonce, data)?, metadata })
    }

    fn open_pointee(
        &self,
        secrets: &PointerSecrets,
        sealed: &Wrapped,
    ) -> Result<Wrapped, WelcomeCryptoError> {
        let cipher = pointee_cipher(secrets)?;
        let open = |nonce: &[u8; 12], sealed: &[u8]| {
            cipher.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| WelcomeCryptoError::CannotOpen)
        };
        let metadata = if sealed.metadata.is_empty() {
            Vec::new()
        } else {
            open(&secrets.metadata_nonce, &sealed.metadata)?
        };
        Ok(Wrapped { data: open(&secrets.data_nonce, &sealed.data)?, metadata })
    }
}

fn seal(context: &mut Context<HpkeRustCrypto>, content: &[u8]) -> Result<Vec<u8>, WelcomeCryptoError> {
    context.seal(NO_AAD, content).map_err(|_| WelcomeCryptoError::Backend)
}

fn open(context: &mut Context<HpkeRustCrypto>, sealed: &[u8]) -> Result<Vec<u8>, WelcomeCryptoError> {
    context.open(NO_AAD, sealed).map_err(|_| WelcomeCryptoError::CannotOpen)
}

fn pointee_cipher(secrets: &PointerSecrets) -> Result<ChaCha20Poly1305, WelcomeCryptoError> {
    // One nonce for two contents would give both away.
    if secrets.data_nonce == secrets.metadata_nonce {
        return Err(WelcomeCryptoError::InvalidKey);
    }
    ChaCha20Poly1305::new_from_slice(secrets.key.expose()).map_err(|_| WelcomeCryptoError::InvalidKey)
}
