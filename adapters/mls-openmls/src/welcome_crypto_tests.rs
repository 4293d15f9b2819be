use hexmtp_domain::Secret;
use hexmtp_domain::welcome::{PointerSecrets, WrapperAlgorithm};
use hexmtp_ports::welcome_crypto::{WelcomeCrypto, WelcomeCryptoError, Wrapped};
use hpke_rs_crypto::HpkeCrypto as _;
use hpke_rs_crypto::types::KemAlgorithm;
use hpke_rs_rust_crypto::HpkeRustCrypto;

use crate::OpenMlsWelcomeCrypto as Crypto;

const BOTH: [WrapperAlgorithm; 2] = [WrapperAlgorithm::Curve25519, WrapperAlgorithm::XWing];

fn key_pair(algorithm: WrapperAlgorithm) -> (Vec<u8>, Secret) {
    if algorithm == WrapperAlgorithm::XWing {
        return Crypto.generate_wrapper_key().unwrap();
    }
    let private = vec![0x42; 32];
    let public = HpkeRustCrypto::secret_to_public(KemAlgorithm::DhKem25519, &private).unwrap();
    (public, Secret::new(private))
}

fn secrets() -> PointerSecrets {
    PointerSecrets { key: Secret::new(vec![3; 32]), data_nonce: [1; 12], metadata_nonce: [2; 12] }
}

/// R-WEL-203: two contents in one HPKE context; the framing is two vectors with their lengths, the metadata are bare.
#[test]
fn what_is_wrapped_unwraps() {
    for algorithm in BOTH {
        let (public, private) = key_pair(algorithm);
        let wrapped = Crypto.wrap(algorithm, &public, b"welcome", b"metadata").unwrap();
        let opened = Crypto.unwrap(algorithm, &private, &wrapped).unwrap();
        assert_eq!(opened, Wrapped { data: b"welcome".to_vec(), metadata: b"metadata".to_vec() });
        let (prefix, kem_output): (&[u8], usize) =
            if algorithm == WrapperAlgorithm::XWing { (&[0x44, 0x60], 1120) } else { (&[0x20], 32) };
        assert!(wrapped.data.starts_with(prefix));
        let tag = 16;
        assert_eq!(wrapped.data.len(), prefix.len() + kem_output + 1 + b"welcome".len() + tag);
        assert_eq!(wrapped.metadata.len(), b"metadata".len() + tag);
    }
}

#[test]
fn no_metadata_stay_none() {
    for algorithm in BOTH {
        let (public, private) = key_pair(algorithm);
        let wrapped = Crypto.wrap(algorithm, &public, b"welcome", b"").unwrap();
        assert!(wrapped.metadata.is_empty());
        assert!(Crypto.unwrap(algorithm, &private, &wrapped).unwrap().metadata.is_empty());
    }
    let sealed = Crypto.seal_pointee(&secrets(), b"welcome", b"").unwrap();
    assert!(sealed.metadata.is_empty());
    assert!(Crypto.open_pointee(&secrets(), &sealed).unwrap().metadata.is_empty());
}

#[test]
fn each_wrapping_has_its_own_key() {
    let (public, _) = key_pair(WrapperAlgorithm::XWing);
    let wrap = || Crypto.wrap(WrapperAlgorithm::XWing, &public, b"welcome", b"metadata").unwrap();
    let (one, two) = (wrap(), wrap());
    assert_ne!(one.data, two.data);
    assert_ne!(one.metadata, two.metadata);
    assert_ne!(Crypto.generate_wrapper_key().unwrap().0, Crypto.generate_wrapper_key().unwrap().0);
}

#[test]
fn nothing_opens_with_another_key() {
    for algorithm in BOTH {
        let (public, _) = key_pair(algorithm);
        let wrapped = Crypto.wrap(algorithm, &public, b"welcome", b"metadata").unwrap();
        let other = Secret::new(vec![7; 32]);
        assert_eq!(Crypto.unwrap(algorithm, &other, &wrapped), Err(WelcomeCryptoError::CannotOpen));
    }
    let sealed = Crypto.seal_pointee(&secrets(), b"welcome", b"metadata").unwrap();
    let mut other = secrets();
    other.key = Secret::new(vec![4; 32]);
    assert_eq!(Crypto.open_pointee(&other, &sealed), Err(WelcomeCryptoError::CannotOpen));
}

#[test]
fn metadata_belong_to_their_welcome() {
    let algorithm = WrapperAlgorithm::XWing;
    let (public, private) = key_pair(algorithm);
    let wrap = || Crypto.wrap(algorithm, &public, b"welcome", b"metadata").unwrap();
    let swapped = Wrapped { data: wrap().data, metadata: wrap().metadata };
    assert_eq!(Crypto.unwrap(algorithm, &private, &swapped), Err(WelcomeCryptoError::CannotOpen));
}

#[test]
fn cut_and_altered_bytes_never_open() {
    for algorithm in BOTH {
        let (public, private) = key_pair(algorithm);
        let wrapped = Crypto.wrap(algorithm, &public, b"welcome", b"metadata").unwrap();
        for length in 0..wrapped.data.len() {
            let cut = Wrapped { data: wrapped.data[..length].to_vec(), metadata: Vec::new() };
            let result = Crypto.unwrap(algorithm, &private, &cut);
            assert_eq!(result, Err(WelcomeCryptoError::Malformed), "{length} bytes");
        }
        for at in (0..wrapped.data.len()).step_by(7) {
            let mut altered = wrapped.clone();
            altered.data[at] ^= 0x10;
            assert!(Crypto.unwrap(algorithm, &private, &altered).is_err(), "byte {at}");
        }
        let longer = Wrapped { data: [wrapped.data.as_slice(), &[0]].concat(), metadata: Vec::new() };
        assert_eq!(Crypto.unwrap(algorithm, &private, &longer), Err(WelcomeCryptoError::Malformed));
        let mut altered = wrapped.clone();
        altered.metadata.truncate(3);
        assert_eq!(Crypto.unwrap(algorithm, &private, &altered), Err(WelcomeCryptoError::CannotOpen));
    }
}

#[test]
fn keys_of_another_length_are_refused() {
    for algorithm in BOTH {
        let (public, private) = key_pair(algorithm);
        let wrapped = Crypto.wrap(algorithm, &public, b"welcome", b"").unwrap();
        let short = Secret::new(private.expose()[..31].to_vec());
        assert_eq!(Crypto.unwrap(algorithm, &short, &wrapped), Err(WelcomeCryptoError::InvalidKey));
        for length in [0, 31, 33, 1215, 1217] {
            let result = Crypto.wrap(algorithm, &vec![1; length], b"welcome", b"");
            assert_eq!(result, Err(WelcomeCryptoError::InvalidKey));
        }
    }
    // A point of small order gives a shared secret that everybody knows.
    let result = Crypto.wrap(WrapperAlgorithm::Curve25519, &[0; 32], b"welcome", b"");
    assert_eq!(result, Err(WelcomeCryptoError::InvalidKey));
    let symmetric = Crypto.wrap(WrapperAlgorithm::Symmetric, &[1; 32], b"welcome", b"");
    assert_eq!(symmetric, Err(WelcomeCryptoError::InvalidKey));
}

/// R-WEL-204: one key, two nonces, nothing authenticated besides (PROTOCOL.md 5.3).
#[test]
fn a_pointee_is_sealed_with_its_two_nonces() {
    let sealed = Crypto.seal_pointee(&secrets(), b"welcome", b"metadata").unwrap();
    let opened = Crypto.open_pointee(&secrets(), &sealed).unwrap();
    assert_eq!(opened, Wrapped { data: b"welcome".to_vec(), metadata: b"metadata".to_vec() });
    let swapped = Wrapped { data: sealed.metadata.clone(), metadata: sealed.data.clone() };
    assert_eq!(Crypto.open_pointee(&secrets(), &swapped), Err(WelcomeCryptoError::CannotOpen));
    for length in 0..sealed.data.len() {
        let cut = Wrapped { data: sealed.data[..length].to_vec(), metadata: Vec::new() };
        assert_eq!(Crypto.open_pointee(&secrets(), &cut), Err(WelcomeCryptoError::CannotOpen));
    }
}

#[test]
fn a_pointee_needs_a_whole_key_and_two_nonces() {
    let mut short = secrets();
    short.key = Secret::new(vec![3; 31]);
    assert_eq!(Crypto.seal_pointee(&short, b"welcome", b""), Err(WelcomeCryptoError::InvalidKey));
    let mut twice = secrets();
    twice.metadata_nonce = twice.data_nonce;
    assert_eq!(Crypto.seal_pointee(&twice, b"welcome", b"m"), Err(WelcomeCryptoError::InvalidKey));
}
