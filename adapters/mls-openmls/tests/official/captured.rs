//! Reading the captured vectors.

use std::collections::BTreeMap;

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::welcome::{WelcomePointer, WrapperAlgorithm};
use hexmtp_domain::{InboxId, InstallationId, KeyPackageRef, Secret};
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_ports::mls::{KeyPackageParams, MlsEngine};
use hexmtp_ports::store::MlsRows;
use hexmtp_ports::welcome_crypto::{WelcomeCrypto, Wrapped};
use openmls::prelude::{KeyPackage, KeyPackageBundle, KeyPackageIn};
use openmls_rust_crypto::RustCrypto;
use serde_json::Value;
use tls_codec::Deserialize as _;

/// One captured run.
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) key_packages: Vec<Value>,
    pub(crate) welcomes: Vec<Value>,
    pub(crate) messages: Vec<Value>,
    keys: Vec<Value>,
}

macro_rules! run {
    ($name:literal) => {
        Run {
            name: $name,
            key_packages: parse(include_str!(concat!(
                "../../../../tests/vectors/",
                $name,
                "_key_packages.json"
            ))),
            welcomes: parse(include_str!(concat!("../../../../tests/vectors/", $name, "_welcomes.json"))),
            messages: parse(include_str!(concat!(
                "../../../../tests/vectors/",
                $name,
                "_group_messages.json"
            ))),
            keys: parse(include_str!(concat!(
                "../../../../tests/vectors/",
                $name,
                "_installation_keys.json"
            ))),
        }
    };
}

/// Both runs.
pub(crate) fn runs() -> [Run; 2] {
    [run!("nightly"), run!("extra")]
}

fn parse(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("a list")
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}"))
}

pub(crate) fn bytes(value: &Value, field: &str) -> Vec<u8> {
    value[field].as_str().map(|text| hex::decode(text).expect("hexadecimal")).unwrap_or_default()
}

pub(crate) fn array<const N: usize>(value: &Value, field: &str) -> [u8; N] {
    bytes(value, field).try_into().unwrap_or_else(|_| panic!("{field} has another length"))
}

impl Run {
    /// The name, the inbox and the key of an installation.
    pub(crate) fn installation(&self, id: &str) -> (&str, InboxId, InstallationKey) {
        let entry = self.keys.iter().find(|entry| text(entry, "public") == id).expect("a known installation");
        let key = InstallationKey::from_seed(array(entry, "ed25519_seed"));
        assert_eq!(key.id().to_string(), id);
        (text(entry, "client"), text(entry, "inbox_id").parse().expect("an inbox id"), key)
    }

    /// The key package that a welcome was wrapped for.
    pub(crate) fn key_package_for(&self, welcome: &Value) -> &Value {
        let wrapped_for = text(welcome, "hpkePublicKey");
        self.key_packages
            .iter()
            .find(|package| text(&package["wrapper"], "public_key") == wrapped_for)
            .expect("a captured key package")
    }

    /// Unwraps a welcome as its recipient: through the pointer if it is one.
    pub(crate) fn unwrap(&self, welcome: &Value) -> Wrapped {
        let key = Secret::new(bytes(welcome, "wrapper_private_key"));
        let crypto = OpenMlsWelcomeCrypto;
        if text(welcome, "type") == "v1" {
            let wrapped =
                Wrapped { data: bytes(welcome, "data"), metadata: bytes(welcome, "welcomeMetadata") };
            return crypto.unwrap(WrapperAlgorithm::XWing, &key, &wrapped).expect("it opens");
        }
        let wrapped = Wrapped { data: bytes(welcome, "welcomePointer"), metadata: Vec::new() };
        let pointer = crypto.unwrap(WrapperAlgorithm::XWing, &key, &wrapped).expect("the pointer opens");
        let pointer = WelcomePointer::decode(&pointer.data).expect("a pointer");
        let destination = hex::encode(pointer.destination.as_bytes());
        let pointee = self
            .welcomes
            .iter()
            .find(|other| text(other, "installationKey") == destination)
            .expect("the pointee");
        let sealed = Wrapped { data: bytes(pointee, "data"), metadata: bytes(pointee, "welcomeMetadata") };
        crypto.open_pointee(&pointer.secrets, &sealed).expect("the pointee opens")
    }

    /// The welcomes that have a recipient, pointers among them.
    pub(crate) fn received(&self) -> impl Iterator<Item = &Value> {
        self.welcomes.iter().filter(|welcome| !welcome["to"].is_null())
    }

    /// The authenticator of each epoch of each group, as the official clients that reached it agreed on.
    pub(crate) fn authenticators(&self) -> BTreeMap<(String, u64), String> {
        let mut known = BTreeMap::new();
        for message in &self.messages {
            for after in message["epoch_after"].as_object().into_iter().flat_map(|map| map.values()) {
                if after["commit_result"] == 1 {
                    let epoch = after["applied_epoch_number"].as_u64().expect("an epoch");
                    let authenticator = text(after, "applied_epoch_authenticator").to_owned();
                    let key = (text(message, "group_id").to_owned(), epoch);
                    let before = known.insert(key, authenticator.clone());
                    assert!(before.is_none_or(|before| before == authenticator));
                }
            }
        }
        known
    }
}

/// A captured key package as OpenMLS's own type, whatever the date: the two types for checked and unchecked key
/// packages are stored alike.
pub(crate) fn key_package(package: &Value) -> KeyPackage {
    let tls = bytes(package, "key_package_tls");
    let unchecked = KeyPackageIn::tls_deserialize_exact(&tls).expect("a key package");
    serde_json::from_value(serde_json::to_value(unchecked).expect("JSON")).expect("the same structure")
}

/// A captured key package with its private keys.
pub(crate) fn bundle(package: &Value) -> KeyPackageBundle {
    let (_, row) = own_row();
    let own: KeyPackageBundle = postcard::from_bytes(&row[1..]).expect("a bundle");
    let mut json = serde_json::to_value(own).expect("JSON");
    json["key_package"] = serde_json::to_value(key_package(package)).expect("JSON");
    let private = &package["private"];
    assert!(put_key(&mut json["private_init_key"], &bytes(private, "init_private")));
    assert!(put_key(&mut json["private_encryption_key"], &bytes(private, "encryption_private")));
    serde_json::from_value(json).expect("a bundle")
}

/// The rows that this adapter would have for a captured key package, and its reference.
pub(crate) fn rows(package: &Value) -> (KeyPackageRef, MlsRows) {
    let (mut key, row) = own_row();
    let id = key_package(package).hash_ref(&RustCrypto::default()).expect("a reference");
    let start = key.len() - 32;
    key.splice(start.., id.as_slice().iter().copied());
    let value = [&row[..1], &postcard::to_stdvec(&bundle(package)).expect("bytes")].concat();
    (KeyPackageRef::from_slice(id.as_slice()).expect("32 bytes"), MlsRows::from([(key, value)]))
}

/// The row of a key package of this adapter, whose form the others take.
fn own_row() -> (Vec<u8>, Vec<u8>) {
    let params = KeyPackageParams {
        key: &InstallationKey::from_seed([1; 32]),
        inbox_id: InboxId::new([1; 32]),
        now: hexmtp_domain::Timestamp::ZERO,
        wrapper_public_key: None,
    };
    let mut changes = OpenMlsEngine::new().create_key_package(params).expect("a key package").changes;
    let row = changes.remove(0);
    (row.key, row.value.expect("a value"))
}

/// Puts a key in the place of the one list of 32 numbers in `json`.
fn put_key(json: &mut Value, key: &[u8]) -> bool {
    match json {
        Value::Array(list) if list.len() == 32 && list.iter().all(Value::is_number) => {
            *json = Value::from(key);
            true
        }
        Value::Array(list) => list.iter_mut().any(|value| put_key(value, key)),
        Value::Object(map) => map.values_mut().any(|value| put_key(value, key)),
        _ => false,
    }
}

pub(crate) fn installation_id(value: &Value, field: &str) -> InstallationId {
    text(value, field).parse().expect("an installation id")
}
