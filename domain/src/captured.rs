//! Test support: what official clients produced, and bytes derived from it that no client would.

use proptest::prelude::*;
use serde_json::Value;

use crate::ids::GroupId;

pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The vectors that were computed from PROTOCOL.md.
pub(crate) fn protocol() -> Value {
    json(include_str!("../../tests/vectors/protocol_vectors.json"))
}

/// All captured group messages: 30 of one run of official clients and 20 of another.
pub(crate) fn group_messages() -> Vec<Value> {
    let mut messages = nightly_group_messages();
    let extra = json(include_str!("../../tests/vectors/extra_group_messages.json"));
    messages.extend(extra.as_array().unwrap().iter().cloned());
    messages
}

/// The captured group messages of the run whose sender-HMAC roots are known.
pub(crate) fn nightly_group_messages() -> Vec<Value> {
    let nightly = json(include_str!("../../tests/vectors/nightly_group_messages.json"));
    nightly.as_array().unwrap().clone()
}

/// From the official clients' databases of that run: HMAC roots, stored messages, welcomes to send.
pub(crate) fn database() -> Value {
    json(include_str!("../../tests/vectors/nightly_hmac_keys.json"))
}

/// The captured key packages.
pub(crate) fn key_packages() -> Vec<Value> {
    json(include_str!("../../tests/vectors/nightly_key_packages.json")).as_array().unwrap().clone()
}

pub(crate) fn group_id(value: &Value) -> GroupId {
    value.as_str().unwrap().parse().unwrap()
}

/// Random bytes, and a sample with one byte changed, cut off, or followed by others.
pub(crate) fn hostile(sample: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = sample.len();
    let (changed, cut, grown) = (sample.clone(), sample.clone(), sample);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        (0..length, any::<u8>()).prop_map(move |(at, byte)| {
            let mut bytes = changed.clone();
            bytes[at] = byte;
            bytes
        }),
        (0..length).prop_map(move |end| cut[..end].to_vec()),
        proptest::collection::vec(any::<u8>(), 1..40).prop_map(move |tail| [grown.clone(), tail].concat()),
    ]
}
