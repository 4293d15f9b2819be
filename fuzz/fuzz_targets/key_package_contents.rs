//! What strangers put into key packages that are well formed and signed: credentials and extensions.
#![no_main]

mod fields;

use std::sync::LazyLock;

use fields::field;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::key_package::{MlsCredential, PointeeAlgorithms, WrapperKey, wrapper_for};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::MlsEngine;
use libfuzzer_sys::fuzz_target;
use openmls::prelude::{
    ApplicationIdExtension, BasicCredential, Capabilities, Ciphersuite, Credential, CredentialType,
    CredentialWithKey, Extension, ExtensionType, Extensions, KeyPackage, LastResortExtension,
    UnknownExtension,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize;

const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
const WRAPPER_KEY: u16 = 0xff03;
const POINTEE_ALGORITHMS: u16 = 0xff04;

static ENGINE: LazyLock<OpenMlsEngine> = LazyLock::new(OpenMlsEngine::new);
static STRANGER: LazyLock<SignatureKeyPair> =
    LazyLock::new(|| SignatureKeyPair::new(CIPHERSUITE.signature_algorithm()).expect("a key"));

/// What the stranger chose.
struct Contents<'a> {
    credential: &'a [u8],
    application_id: &'a [u8],
    extensions: Vec<RawExtension>,
}

/// The extensions are those of welcomes, and one of any kind.
fn cut(mut bytes: &[u8]) -> Contents<'_> {
    let mut next = || field(&mut bytes);
    let (credential, application_id) = (next(), next());
    let other = match next() {
        &[first, second, ..] => u16::from_be_bytes([first, second]),
        _ => 0,
    };
    let extensions =
        [WRAPPER_KEY, POINTEE_ALGORITHMS, other].map(|id| RawExtension { id, data: next().to_vec() }).into();
    Contents { credential, application_id, extensions }
}

/// The signed package, where the library is ready to make it.
fn signed(contents: &Contents<'_>) -> Option<Vec<u8>> {
    let unknown = |raw: &RawExtension| Extension::Unknown(raw.id, UnknownExtension(raw.data.clone()));
    let kinds: Vec<ExtensionType> =
        contents.extensions.iter().map(|raw| ExtensionType::from(raw.id)).collect();
    let mut extensions = vec![Extension::LastResort(LastResortExtension::default())];
    extensions.extend(contents.extensions.iter().map(unknown));
    let credential: Credential = BasicCredential::new(contents.credential.to_vec()).into();
    let leaf = Extension::ApplicationId(ApplicationIdExtension::new(contents.application_id));
    let bundle = KeyPackage::builder()
        .key_package_extensions(Extensions::from_vec(extensions).ok()?)
        .leaf_node_capabilities(Capabilities::new(
            None,
            Some(&[CIPHERSUITE]),
            Some(&[&kinds[..], &[ExtensionType::LastResort, ExtensionType::ApplicationId]].concat()),
            None,
            Some(&[CredentialType::Basic]),
        ))
        .leaf_node_extensions(Extensions::single(leaf).ok()?)
        .build(
            CIPHERSUITE,
            &OpenMlsRustCrypto::default(),
            &*STRANGER,
            CredentialWithKey { credential, signature_key: STRANGER.to_public_vec().into() },
        )
        .ok()?;
    bundle.key_package().tls_serialize_detached().ok()
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(credential) = MlsCredential::decode(bytes) {
        assert_eq!(MlsCredential::decode(&credential.encode()), Ok(credential));
    }
    if let Ok(key) = WrapperKey::decode(bytes) {
        assert_eq!(WrapperKey::decode(&key.encode()), Ok(key));
    }
    if let Ok(algorithms) = PointeeAlgorithms::decode(bytes) {
        assert_eq!(PointeeAlgorithms::decode(&algorithms.encode()), Ok(algorithms));
    }
    let contents = cut(bytes);
    let Some(tls) = signed(&contents) else { return };
    if let Ok(package) = ENGINE.verify_key_package(&tls) {
        // Nothing that is not an inbox id is taken for one, and nothing is lost on the way.
        let credential = MlsCredential::decode(contents.credential).expect("whose it is was read from it");
        assert_eq!(package.member.inbox_id, credential.inbox_id);
        for extension in &contents.extensions {
            assert!(package.extensions.contains(extension));
        }
        let (key, _, _) = wrapper_for(&package.init_public_key, &package.extensions);
        assert!(!key.is_empty());
    }
});
