//! Key packages.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use crate::captured::{hostile, key_packages, protocol, unhex};
use crate::group::commit_summary::RawExtension;
use crate::ids::InboxId;
use crate::key_package::*;
use crate::time::Timestamp;
use crate::welcome::WrapperAlgorithm;

fn extensions(package: &Value) -> Vec<RawExtension> {
    let list = package["parsed"]["extensions"].as_array().unwrap();
    let number =
        |text: &Value| u16::from_str_radix(text.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    list.iter()
        .map(|entry| RawExtension { id: number(&entry["type"]), data: unhex(&entry["data"]) })
        .collect()
}

fn extension(id: u16, data: Vec<u8>) -> RawExtension {
    RawExtension { id, data }
}

/// R-KP-001
#[test]
fn a_lifetime_starts_an_hour_ago_and_ends_in_84_days() {
    let now = Timestamp::from_nanos(1_795_373_623_388_650_201);
    let (start, end) = lifetime_from(now);
    let captured = &key_packages()[0]["parsed"]["leaf_node"]["lifetime"];
    assert_eq!(start.as_seconds(), captured["not_before"].as_i64().unwrap());
    assert_eq!(end.as_seconds(), captured["not_after"].as_i64().unwrap());
    assert_eq!(end.since(start), LIFETIME + BACKDATE);
    assert_eq!(lifetime_from(Timestamp::from_nanos(i64::MAX)).1, Timestamp::from_nanos(i64::MAX));
}

/// R-KP-002
#[test]
fn a_key_package_is_rotated_after_30_days_or_soon_after_a_welcome() {
    let uploaded = Timestamp::from_nanos(1_795_373_623_388_650_201);
    let planned = next_rotation(uploaded);
    assert_eq!(planned.since(uploaded), Duration::from_secs(2_592_000));
    let processed = uploaded.plus(Duration::from_secs(100));
    assert_eq!(rotation_after_welcome(processed, planned), processed.plus(Duration::from_secs(5)));
    let again = processed.plus(Duration::from_secs(3));
    let first = rotation_after_welcome(processed, planned);
    assert_eq!(rotation_after_welcome(again, first), first, "a further welcome does not put it off");
    assert_eq!(deletion_after(processed).since(processed), Duration::from_secs(86_400));
}

/// R-KP-003
#[test]
fn extensions_equal_the_captured_ones() {
    let packages = key_packages();
    assert_eq!(packages.len(), 8);
    for package in packages {
        let captured = extensions(&package);
        let public_key = unhex(&package["wrapper"]["public_key"]);
        assert_eq!(captured[1..], wrapper_extensions(&public_key));
        let key = WrapperKey::decode(&captured[2].data).unwrap();
        assert_eq!(key, WrapperKey { public_key, algorithm: WrapperAlgorithm::XWing });
        assert_eq!(PointeeAlgorithms::decode(&captured[1].data), Ok(PointeeAlgorithms::own()));
    }
}

/// R-KP-004
#[test]
fn welcomes_are_wrapped_with_x_wing_where_the_key_package_offers_it() {
    for package in key_packages() {
        let public_key = unhex(&package["wrapper"]["public_key"]);
        let chosen = wrapper_for(b"init key", &extensions(&package));
        assert_eq!(chosen, (public_key, WrapperAlgorithm::XWing, true));
    }
}

/// R-KP-004
#[test]
fn anything_else_leads_to_the_init_key() {
    let init = |supports| (b"init key".to_vec(), WrapperAlgorithm::Curve25519, supports);
    let key = |length, algorithm| WrapperKey { public_key: vec![1; length], algorithm };
    let wrapper = |key: WrapperKey| extension(WELCOME_WRAPPER_ENCRYPTION, key.encode());
    for other in [
        vec![],
        vec![extension(0x000a, vec![])],
        vec![extension(WELCOME_WRAPPER_ENCRYPTION, vec![0xff])],
        vec![extension(WELCOME_WRAPPER_ENCRYPTION, vec![])],
        vec![wrapper(key(32, WrapperAlgorithm::Curve25519))],
        vec![wrapper(key(32, WrapperAlgorithm::Symmetric))],
        vec![wrapper(key(1215, WrapperAlgorithm::XWing))],
        vec![wrapper(key(0, WrapperAlgorithm::XWing))],
        vec![extension(WELCOME_POINTEE_AEAD_TYPES, vec![0xff])],
        vec![extension(WELCOME_POINTEE_AEAD_TYPES, PointeeAlgorithms { aead_types: vec![0, 1, 4] }.encode())],
    ] {
        assert_eq!(wrapper_for(b"init key", &other), init(false), "{other:?}");
    }
    let pointers = extension(WELCOME_POINTEE_AEAD_TYPES, PointeeAlgorithms::own().encode());
    assert_eq!(wrapper_for(b"init key", &[pointers]), init(true));
}

/// R-KP-005
#[test]
fn a_credential_names_an_inbox() {
    let prefix = unhex(&protocol()["mls_bytes"]["credential_identity_prefix"]);
    for package in key_packages() {
        let leaf = &package["parsed"]["leaf_node"];
        let identity = unhex(&leaf["credential_identity"]);
        let credential = MlsCredential::decode(&identity).unwrap();
        assert_eq!(credential.inbox_id.to_string(), leaf["credential_inbox_id"].as_str().unwrap());
        assert_eq!(credential.encode(), identity);
        assert_eq!(identity[..2], prefix);
    }
}

/// R-KP-005
#[test]
fn a_credential_that_names_no_inbox_is_refused() {
    let identity =
        |text: &str| [vec![0x0a, u8::try_from(text.len()).unwrap()], text.as_bytes().to_vec()].concat();
    let id = "ab".repeat(32);
    assert!(MlsCredential::decode(&identity(&id)).is_ok());
    for malformed in [
        vec![],
        id.as_bytes().to_vec(),
        identity(""),
        identity(&id[..62]),
        identity(&format!("{id}00")),
        identity(&id.to_uppercase()),
        identity(&format!("0x{}", &id[2..])),
        identity(&id)[..65].to_vec(),
    ] {
        assert_eq!(MlsCredential::decode(&malformed), Err(KeyPackageError::Credential), "{malformed:?}");
    }
}

#[test]
fn errors_have_codes() {
    assert_eq!(KeyPackageError::Credential.code(), "key_package.credential");
    let error = WrapperKey::decode(&[0xff]).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("0xff03")), ("key_package.extension", true));
}

proptest! {
    #[test]
    fn hostile_credentials_are_read_or_refused(
        bytes in any::<[u8; 32]>()
            .prop_flat_map(|id| hostile(MlsCredential { inbox_id: InboxId::new(id) }.encode()))
    ) {
        if let Ok(credential) = MlsCredential::decode(&bytes) {
            prop_assert_eq!(MlsCredential::decode(&credential.encode()), Ok(credential));
        }
    }

    #[test]
    fn hostile_extensions_are_read_or_refused(
        bytes in hostile(wrapper_extensions(&[7; XWING_PUBLIC_KEY_LENGTH])[1].data.clone()),
        types in hostile(PointeeAlgorithms::own().encode()),
    ) {
        if let Ok(key) = WrapperKey::decode(&bytes) {
            prop_assert_eq!(WrapperKey::decode(&key.encode()), Ok(key.clone()));
        }
        if let Ok(algorithms) = PointeeAlgorithms::decode(&types) {
            prop_assert_eq!(PointeeAlgorithms::decode(&algorithms.encode()), Ok(algorithms.clone()));
        }
        let both = [
            extension(WELCOME_WRAPPER_ENCRYPTION, bytes),
            extension(WELCOME_POINTEE_AEAD_TYPES, types),
        ];
        let (key, algorithm, _) = wrapper_for(b"init key", &both);
        let expected = match algorithm {
            WrapperAlgorithm::XWing => XWING_PUBLIC_KEY_LENGTH,
            _ => b"init key".len(),
        };
        prop_assert_eq!(key.len(), expected);
    }
}
