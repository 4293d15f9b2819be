//! Envelopes and message ids.

use proptest::prelude::*;

use super::envelope::{EnvelopeError, PlaintextEnvelope, message_id};
use crate::captured::{database, group_id, group_messages, hostile, protocol, unhex};
use crate::ids::GroupId;
use crate::intent::Intent;

/// R-MSG-001
#[test]
fn envelopes_and_ids_equal_the_vector() {
    let vector = &protocol()["message"];
    let envelope = PlaintextEnvelope {
        content: unhex(&vector["encoded_content"]),
        idempotency_key: vector["idempotency_key"].as_str().unwrap().to_owned(),
    };
    let bytes = unhex(&vector["plaintext_envelope"]);
    assert_eq!(envelope.encode(), bytes);
    assert_eq!(PlaintextEnvelope::decode(&bytes), Ok(envelope.clone()));
    let id = envelope.message_id(group_id(&vector["group_id"]));
    assert_eq!(id.to_string(), vector["message_id"].as_str().unwrap());
}

/// R-MSG-002
#[test]
fn ids_of_sent_messages_equal_the_captured_ones() {
    let mut checked = 0;
    for message in group_messages() {
        let intent = &message["sender_intent"];
        if intent["kind"] != 1 {
            continue;
        }
        let Ok(Intent::SendMessage { envelope: bytes }) = Intent::decode(1, &unhex(&intent["data"])) else {
            panic!("{intent}");
        };
        let envelope = PlaintextEnvelope::decode(&bytes).unwrap();
        assert_eq!(envelope.encode(), bytes);
        let id = envelope.message_id(group_id(&message["group_id"])).to_string();
        for stored in message["decrypted"].as_object().unwrap().values() {
            assert_eq!(stored["id"], id.as_str());
            assert_eq!(unhex(&stored["decrypted_message_bytes"]), envelope.content);
            checked += 1;
        }
    }
    assert!(checked >= 60, "{checked}");
}

/// R-MSG-002
#[test]
fn ids_in_the_official_databases_follow_from_what_is_stored_beside_them() {
    let database = database();
    let stored = database["group_messages"].as_array().unwrap();
    assert_eq!(stored.len(), 54);
    for message in stored {
        let key = message["idempotency_key"].as_str().unwrap();
        let content = unhex(&message["decrypted_message_bytes"]);
        let id = message_id(group_id(&message["group_id"]), key, &content);
        assert_eq!(id.to_string(), message["id"].as_str().unwrap());
    }
}

/// R-MSG-001
#[test]
fn only_version_1_is_a_message() {
    assert_eq!(PlaintextEnvelope::decode(&[]), Err(EnvelopeError::NoVersion));
    assert_eq!(PlaintextEnvelope::decode(&[0x1a, 0]), Err(EnvelopeError::NoVersion), "version 3");
    assert_eq!(PlaintextEnvelope::decode(&[0x12, 0]), Err(EnvelopeError::RetiredVersion));
    assert_eq!(PlaintextEnvelope::decode(b"hello"), Err(EnvelopeError::Malformed));
    let codes =
        [EnvelopeError::NoVersion, EnvelopeError::RetiredVersion, EnvelopeError::Malformed].map(|e| e.code());
    assert_eq!(
        codes,
        ["message.no_envelope_version", "message.retired_envelope_version", "message.malformed_envelope"]
    );
}

#[test]
fn debug_hides_the_content() {
    let envelope =
        PlaintextEnvelope { content: b"the secret text".to_vec(), idempotency_key: "7".to_owned() };
    let shown = format!("{envelope:?}");
    assert_eq!(shown, r#"PlaintextEnvelope { content: <15 bytes>, idempotency_key: "7" }"#);
}

proptest! {
    #[test]
    fn envelopes_survive_their_bytes(content: Vec<u8>, idempotency_key: String) {
        let envelope = PlaintextEnvelope { content, idempotency_key };
        prop_assert_eq!(PlaintextEnvelope::decode(&envelope.encode()), Ok(envelope));
    }

    #[test]
    fn hostile_envelopes_are_read_or_refused(
        bytes in hostile(PlaintextEnvelope { content: vec![1; 20], idempotency_key: "1704".to_owned() }.encode())
    ) {
        if let Ok(envelope) = PlaintextEnvelope::decode(&bytes) {
            prop_assert_eq!(PlaintextEnvelope::decode(&envelope.encode()), Ok(envelope));
        }
    }

    #[test]
    fn an_id_depends_on_group_key_and_content(group: [u8; 16], key in "[0-9]{1,20}", content: Vec<u8>) {
        let id = message_id(GroupId::new(group), &key, &content);
        let mut other = group;
        other[15] ^= 1;
        prop_assert_ne!(message_id(GroupId::new(other), &key, &content), id);
        prop_assert_ne!(message_id(GroupId::new(group), &format!("{key}0"), &content), id);
        prop_assert_ne!(message_id(GroupId::new(group), &key, &[content, vec![0]].concat()), id);
    }
}
