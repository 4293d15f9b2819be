//! The captured official bytes that the tests of this module share.

use serde_json::Value;

use super::{IdentityUpdate, InstallationKey, LocalWallet};

pub(super) const PROTOCOL: &str = include_str!("../../../tests/vectors/protocol_vectors.json");
pub(super) const INBOX_IDS: &str = include_str!("../../../tests/vectors/nightly_inbox_ids.json");

const SIGNATURE_TEXTS: [&str; 2] = [
    include_str!("../../../tests/vectors/nightly_signature_texts.json"),
    include_str!("../../../tests/vectors/extra_signature_texts.json"),
];
const IDENTITY_UPDATES: [&str; 2] = [
    include_str!("../../../tests/vectors/nightly_identity_updates.json"),
    include_str!("../../../tests/vectors/extra_identity_updates.json"),
];
const INSTALLATION_KEYS: [&str; 2] = [
    include_str!("../../../tests/vectors/nightly_installation_keys.json"),
    include_str!("../../../tests/vectors/extra_installation_keys.json"),
];

/// The capture runs by name; each has its own logs and keys.
pub(super) const NIGHTLY: usize = 0;
pub(super) const EXTRA: usize = 1;
pub(super) const RUNS: [usize; 2] = [NIGHTLY, EXTRA];

pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The entries of a file whose top level is a list.
pub(super) fn list(text: &str) -> Vec<Value> {
    json(text).as_array().unwrap().clone()
}

pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// Hexadecimal digits with or without `0x`.
pub(super) fn bytes(value: &Value, field: &str) -> Vec<u8> {
    let digits = text(value, field);
    hex::decode(digits.strip_prefix("0x").unwrap_or(digits)).unwrap()
}

pub(super) fn array<const N: usize>(value: &Value, field: &str) -> [u8; N] {
    bytes(value, field).try_into().unwrap()
}

pub(super) fn signature_texts(run: usize) -> Vec<Value> {
    list(SIGNATURE_TEXTS[run])
}

pub(super) fn identity_updates(run: usize) -> Vec<Value> {
    list(IDENTITY_UPDATES[run])
}

pub(super) fn installation_keys(run: usize) -> Vec<Value> {
    list(INSTALLATION_KEYS[run])
}

/// The captured update of a step of the scenario.
pub(super) fn update(run: usize, step: &str) -> IdentityUpdate {
    let entry = identity_updates(run).into_iter().find(|entry| text(entry, "step") == step).unwrap();
    IdentityUpdate::decode(&bytes(&entry, "identity_update_hex")).unwrap()
}

/// The captured log of the inbox that `step` belongs to, in order.
pub(super) fn log_of(run: usize, step: &str) -> Vec<IdentityUpdate> {
    let inbox = update(run, step).inbox_id;
    identity_updates(run)
        .iter()
        .map(|entry| IdentityUpdate::decode(&bytes(entry, "identity_update_hex")).unwrap())
        .filter(|update| update.inbox_id == inbox)
        .collect()
}

/// A wallet for tests; different numbers are different wallets.
pub(super) fn wallet(number: u8) -> LocalWallet {
    LocalWallet::from_private_key([number; 32]).unwrap()
}

/// An installation for tests; different numbers are different installations.
pub(super) fn installation(number: u8) -> InstallationKey {
    InstallationKey::from_seed([number; 32])
}
