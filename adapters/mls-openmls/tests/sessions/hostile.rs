//! Whatever arrives, the answer is an error and the session goes on.

use std::sync::LazyLock;

use hexmtp_domain::Secret;
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_mls_openmls::OpenMlsWelcomeCrypto;
use hexmtp_ports::mls::{CommitPlan, MlsEngine, MlsError, Processed};
use hexmtp_ports::store::{MlsRows, Scope};
use hexmtp_ports::welcome_crypto::{WelcomeCrypto, Wrapped};
use proptest::prelude::*;

use crate::people::{Person, pair};

/// Genuine bytes to alter: a message, a commit that adds somebody, that one's welcome and key package.
struct Material {
    bob: Person,
    carol: Person,
    message: Vec<u8>,
    commit: Vec<u8>,
    welcome: Vec<u8>,
    key_package: Vec<u8>,
    carols_rows: (hexmtp_domain::KeyPackageRef, MlsRows),
}

static MATERIAL: LazyLock<Material> = LazyLock::new(|| {
    let (mut alice, bob) = pair();
    let mut carol = Person::new(3);
    let (reference, package) = carol.key_package();
    let message = alice.seal("genuine");
    let key_package = package.tls.clone();
    let (commit, welcome) =
        alice.commit_and_merge(&CommitPlan { add: vec![package], ..CommitPlan::default() });
    let rows = carol.rows[&Scope::KeyPackage(reference)].clone();
    let welcome = welcome.expect("a welcome");
    Material { bob, carol, message, commit, welcome, key_package, carols_rows: (reference, rows) }
});

/// One way of spoiling bytes.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..9);
    prop_oneof![
        (any::<usize>(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), bytes()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        // The first bytes hold the framing, where most of the decoder's work is.
        (0..64_usize, bytes()).prop_map(|(at, bytes)| Damage::Replace(at, bytes)),
    ]
}

fn spoil(genuine: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    match damage {
        Damage::Flip(at, bits) => {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        }
        Damage::Cut(at) => bytes.truncate(at % bytes.len()),
        Damage::Insert(at, new) => {
            let at = at % bytes.len();
            bytes.splice(at..at, new.iter().copied());
        }
        Damage::Replace(at, new) => {
            let end = (at + new.len()).min(bytes.len());
            bytes.splice(*at..end, new.iter().copied());
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn random_bytes_are_refused_everywhere(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let material = &*MATERIAL;
        prop_assert!(material.bob.open().process(&bytes).is_err());
        prop_assert!(material.bob.engine.verify_key_package(&bytes).is_err());
        let joined = material.carol.engine.join(&material.carol.key, &bytes, material.carols_rows.clone());
        prop_assert!(joined.is_err());
    }

    #[test]
    fn altered_messages_are_refused_and_the_genuine_one_still_opens(damage in damage()) {
        let material = &*MATERIAL;
        for genuine in [&material.message, &material.commit] {
            let bytes = spoil(genuine, &damage);
            prop_assume!(bytes != *genuine);
            let mut session = material.bob.open();
            prop_assert!(session.process(&bytes).is_err());
            prop_assert!(session.process(genuine).is_ok());
        }
    }

    #[test]
    fn altered_key_packages_are_refused(damage in damage()) {
        let material = &*MATERIAL;
        let bytes = spoil(&material.key_package, &damage);
        prop_assume!(bytes != material.key_package);
        prop_assert!(material.bob.engine.verify_key_package(&bytes).is_err());
    }

    #[test]
    fn altered_welcomes_never_panic(damage in damage()) {
        let material = &*MATERIAL;
        let bytes = spoil(&material.welcome, &damage);
        let joined = material.carol.engine.join(&material.carol.key, &bytes, material.carols_rows.clone());
        // A welcome is not signed as a whole: bytes meant for other joiners can change. Here there are none.
        prop_assert!(joined.is_err() || bytes == material.welcome);
    }

    #[test]
    fn random_wrapped_welcomes_are_refused(
        data in prop::collection::vec(any::<u8>(), 0..1400),
        metadata in prop::collection::vec(any::<u8>(), 0..40),
        key in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let wrapped = Wrapped { data, metadata };
        let key = Secret::new(key);
        for algorithm in [WrapperAlgorithm::Curve25519, WrapperAlgorithm::XWing, WrapperAlgorithm::Symmetric] {
            prop_assert!(OpenMlsWelcomeCrypto.unwrap(algorithm, &key, &wrapped).is_err());
        }
    }
}

#[test]
fn a_public_message_is_refused() {
    // The wire format in bytes 2 and 3 says "public message".
    let mut bytes = MATERIAL.message.clone();
    bytes[3] = 1;
    assert!(matches!(MATERIAL.bob.open().process(&bytes), Err(MlsError::Malformed(_))));
}

#[test]
fn a_message_of_another_group_is_refused() {
    let (mut alice, bob) = pair();
    let data = alice.seal("of this group");
    let mut other = data;
    other[5] ^= 1;
    assert!(matches!(bob.open().process(&other), Err(MlsError::Malformed(_))));
}

#[test]
fn the_genuine_bytes_are_accepted() {
    let material = &*MATERIAL;
    assert!(matches!(material.bob.open().process(&material.message), Ok(Processed::Application { .. })));
    assert!(matches!(material.bob.open().process(&material.commit), Ok(Processed::Commit(_))));
    assert!(material.bob.engine.verify_key_package(&material.key_package).is_ok());
    let join =
        material.carol.engine.join(&material.carol.key, &material.welcome, material.carols_rows.clone());
    assert!(join.is_ok());
}
