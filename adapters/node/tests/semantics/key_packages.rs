//! Key packages.

use std::time::Duration;

use hexmtp_domain::Timestamp;
use hexmtp_proto::xmtp::mls::api::v1::{FetchKeyPackagesRequest, KeyPackageUpload, UploadKeyPackageRequest};
use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialWithKey, Extension, ExtensionType, Extensions,
    KeyPackage, Lifetime, UnknownExtension,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize;
use tonic::{Code, Status};

use super::peer::{Peer, Person, Running, code, fresh, now};

const XMTP_SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;

async fn upload(peer: &Peer, tls: &[u8]) -> Result<(), Status> {
    let key_package = Some(KeyPackageUpload { key_package_tls_serialized: tls.to_vec() });
    let request = UploadKeyPackageRequest { key_package, is_inbox_id_credential: true };
    peer.mls.clone().upload_key_package(request).await.map(drop)
}

async fn fetch(peer: &Peer, installation_keys: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let request = FetchKeyPackagesRequest { installation_keys };
    let answer = peer.mls.clone().fetch_key_packages(request).await.unwrap().into_inner();
    answer.key_packages.into_iter().map(|it| it.key_package_tls_serialized).collect()
}

/// R-NET-113
pub(crate) async fn the_last_key_package_counts_and_each_question_gets_an_answer(node: &Running) {
    let peer = node.peer().await;
    let (alice, bob) = (Person::new(), Person::new());
    let wrapper = vec![9; 1216];
    let (first, second) = (alice.key_package(now(), None), alice.key_package(now(), Some(&wrapper)));
    let bobs = bob.key_package(now(), None);
    for package in [&first, &second, &bobs] {
        upload(&peer, package).await.unwrap();
    }
    let (alice, bob) = (alice.installation.id().to_vec(), bob.installation.id().to_vec());
    let nobody: [u8; 32] = fresh();
    let asked = vec![bob.clone(), nobody.to_vec(), alice.clone(), bob, b"short".to_vec()];
    let found = fetch(&peer, asked).await;
    assert_eq!(found, [bobs.clone(), Vec::new(), second, bobs, Vec::new()]);
    assert!(fetch(&peer, Vec::new()).await.is_empty());
    let many = (0..2_000).map(|_| fresh::<32>().to_vec()).chain([alice]).collect();
    let found = fetch(&peer, many).await;
    assert_eq!(found.iter().filter(|it| it.is_empty()).count(), 2_000);
    assert!(!found[2_000].is_empty());
}

/// A key package of OpenMLS, with what a case wants to be different.
fn crafted(suite: Ciphersuite, identity: Vec<u8>, extensions: Vec<(u16, Vec<u8>)>) -> Vec<u8> {
    let provider = OpenMlsRustCrypto::default();
    let signer = SignatureKeyPair::new(suite.signature_algorithm()).unwrap();
    let credential = CredentialWithKey {
        credential: BasicCredential::new(identity).into(),
        signature_key: signer.public().into(),
    };
    let types: Vec<_> = extensions.iter().map(|(id, _)| ExtensionType::Unknown(*id)).collect();
    let extensions =
        extensions.into_iter().map(|(id, data)| Extension::Unknown(id, UnknownExtension(data))).collect();
    KeyPackage::builder()
        .key_package_extensions(Extensions::from_vec(extensions).unwrap())
        .leaf_node_capabilities(Capabilities::new(None, Some(&[suite]), Some(&types), None, None))
        .key_package_lifetime(Lifetime::new(1_000))
        .build(suite, &provider, &signer, credential)
        .unwrap()
        .key_package()
        .tls_serialize_detached()
        .unwrap()
}

/// R-NET-114
pub(crate) async fn key_packages_that_nobody_could_use_are_refused(node: &Running) {
    let peer = node.peer().await;
    let person = Person::new();
    let good = person.key_package(now(), None);
    upload(&peer, &good).await.unwrap();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let day = 24 * 60 * 60;
    let old = Timestamp::from_nanos(now().as_nanos() - 85 * day * 1_000_000_000);
    let early = now().plus(Duration::from_secs(2 * 60 * 60));
    let credential = [&[0x0a, 0x40][..], &[b'a'; 64]].concat();
    let upper = [&[0x0a, 0x40][..], &[b'A'; 64]].concat();
    let other_suite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
    // A crafted one without any flaw passes, so what is refused below is refused for its flaw.
    upload(&peer, &crafted(XMTP_SUITE, credential.clone(), Vec::new())).await.unwrap();
    for (flaw, bad) in [
        ("empty", Vec::new()),
        ("truncated", good[..100].to_vec()),
        ("trailing", [good.clone(), vec![0]].concat()),
        ("signature", forged),
        ("expired", person.key_package(old, None)),
        ("not valid yet", person.key_package(early, None)),
        ("ciphersuite", crafted(other_suite, credential.clone(), Vec::new())),
        ("address as identity", crafted(XMTP_SUITE, b"0x0123".to_vec(), Vec::new())),
        ("inbox id in capitals", crafted(XMTP_SUITE, upper, Vec::new())),
        ("wrapper key", crafted(XMTP_SUITE, credential.clone(), vec![(0xff03, vec![0x10, 2])])),
        ("pointee types", crafted(XMTP_SUITE, credential.clone(), vec![(0xff04, vec![0xff])])),
        ("pointers without key", crafted(XMTP_SUITE, credential, vec![(0xff04, vec![0x0a, 1, 3])])),
        ("large", vec![0; 17 * 1024]),
    ] {
        assert_eq!(code(upload(&peer, &bad).await), Code::InvalidArgument, "{flaw}");
    }
    let nothing = UploadKeyPackageRequest { key_package: None, is_inbox_id_credential: true };
    assert_eq!(code(peer.mls.clone().upload_key_package(nothing).await), Code::InvalidArgument);
    let kept = fetch(&peer, vec![person.installation.id().to_vec()]).await;
    assert_eq!(kept, [good], "what was refused replaces nothing");
}
