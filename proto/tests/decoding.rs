//! Whatever bytes arrive, the decoders answer with a value or an error.
#![allow(clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use std::fmt::Debug;

use hexmtp_proto::Message;
use hexmtp_proto::xmtp::identity::associations as identity;
use hexmtp_proto::xmtp::mls::api::v1 as api;
use hexmtp_proto::xmtp::mls::message_contents as mls;
use hexmtp_proto::xmtp::xmtpv4::envelopes;
use proptest::prelude::*;

/// Random material from which a valid message is made.
#[derive(Clone, Debug)]
struct Material {
    bytes: Vec<u8>,
    text: String,
    number: u64,
    small: u32,
}

fn material() -> impl Strategy<Value = Material> {
    (prop::collection::vec(any::<u8>(), 0..80), "\\PC{0,20}", any::<u64>(), any::<u32>())
        .prop_map(|(bytes, text, number, small)| Material { bytes, text, number, small })
}

/// One change to an encoding.
#[derive(Clone, Debug)]
enum Damage {
    Truncate(prop::sample::Index),
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Append(Vec<u8>),
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        match self {
            Self::Truncate(at) => bytes.truncate(at.index(len + 1)),
            Self::Insert(at, byte) => bytes.insert(at.index(len + 1), byte),
            Self::Append(more) => bytes.extend(more),
            Self::Replace(at, byte) if len > 0 => bytes[at.index(len)] = byte,
            Self::Remove(at) if len > 0 => drop(bytes.remove(at.index(len))),
            Self::Replace(..) | Self::Remove(_) => {}
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Damage::Truncate),
        any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Damage::Replace(at, byte)),
        any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<prop::sample::Index>().prop_map(Damage::Remove),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Damage::Append),
    ]
}

/// Decodes; what decodes can be printed and survives another round.
fn survives<M: Message + Default + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(message) = M::decode(bytes) {
        assert!(!format!("{message:?}").is_empty());
        let encoded = message.encode_to_vec();
        assert_eq!(encoded.len(), message.encoded_len());
        let again = M::decode(encoded.as_slice()).expect("own encodings decode");
        assert_eq!(again, message);
        assert_eq!(again.encode_to_vec(), encoded, "equal messages have equal bytes");
    }
}

trait Sample: Message + Default + PartialEq + Debug + Clone {
    fn sample(material: &Material) -> Self;
}

impl Sample for identity::IdentityUpdate {
    fn sample(material: &Material) -> Self {
        use identity::{identity_action::Kind, member_identifier, signature};
        let signature = identity::Signature {
            signature: Some(signature::Signature::InstallationKey(identity::RecoverableEd25519Signature {
                bytes: material.bytes.clone(),
                public_key: material.bytes.clone(),
            })),
        };
        let create = identity::CreateInbox {
            initial_identifier: material.text.clone(),
            nonce: material.number,
            initial_identifier_signature: Some(signature.clone()),
            initial_identifier_kind: identity::IdentifierKind::Passkey.into(),
            relying_party: Some(material.text.clone()),
        };
        let add = identity::AddAssociation {
            new_member_identifier: Some(identity::MemberIdentifier {
                kind: Some(member_identifier::Kind::InstallationPublicKey(material.bytes.clone())),
            }),
            existing_member_signature: Some(signature.clone()),
            new_member_signature: Some(signature),
            relying_party: None,
        };
        let actions = [Kind::CreateInbox(create), Kind::Add(add)];
        Self {
            actions: actions.into_iter().map(|kind| identity::IdentityAction { kind: Some(kind) }).collect(),
            client_timestamp_ns: material.number,
            inbox_id: material.text.clone(),
        }
    }
}

impl Sample for mls::PlaintextEnvelope {
    fn sample(material: &Material) -> Self {
        let v1 = mls::plaintext_envelope::V1 {
            content: mls::EncodedContent::sample(material).encode_to_vec(),
            idempotency_key: material.text.clone(),
        };
        Self { content: Some(mls::plaintext_envelope::Content::V1(v1)) }
    }
}

impl Sample for mls::EncodedContent {
    fn sample(material: &Material) -> Self {
        Self {
            r#type: Some(mls::ContentTypeId {
                authority_id: material.text.clone(),
                type_id: material.text.clone(),
                version_major: material.small,
                version_minor: 0,
            }),
            parameters: [("encoding".to_owned(), "UTF-8".to_owned()), (material.text.clone(), String::new())]
                .into(),
            fallback: Some(material.text.clone()),
            compression: Some(mls::Compression::Deflate.into()),
            content: material.bytes.clone(),
        }
    }
}

impl Sample for api::WelcomeMessageInput {
    fn sample(material: &Material) -> Self {
        use api::welcome_message_input::{V1, Version, WelcomePointer};
        let bytes = || material.bytes.clone();
        let version = if material.number.is_multiple_of(2) {
            Version::V1(V1 {
                installation_key: bytes(),
                data: bytes(),
                hpke_public_key: bytes(),
                wrapper_algorithm: mls::WelcomeWrapperAlgorithm::Curve25519.into(),
                welcome_metadata: bytes(),
            })
        } else {
            Version::WelcomePointer(WelcomePointer {
                installation_key: bytes(),
                welcome_pointer: bytes(),
                hpke_public_key: bytes(),
                wrapper_algorithm: mls::WelcomePointerWrapperAlgorithm::XwingMlkem768Draft6.into(),
            })
        };
        Self { version: Some(version) }
    }
}

impl Sample for mls::GroupMembership {
    fn sample(material: &Material) -> Self {
        Self {
            members: [(material.text.clone(), material.number), ("another".to_owned(), 0)].into(),
            failed_installations: vec![material.bytes.clone(), Vec::new()],
        }
    }
}

impl Sample for mls::GroupMutableMetadataV1 {
    fn sample(material: &Material) -> Self {
        Self {
            attributes: [("group_name".to_owned(), material.text.clone())].into(),
            admin_list: Some(mls::Inboxes { inbox_ids: vec![material.text.clone()] }),
            super_admin_list: Some(mls::Inboxes { inbox_ids: Vec::new() }),
        }
    }
}

impl Sample for mls::GroupMutablePermissionsV1 {
    fn sample(material: &Material) -> Self {
        use mls::{membership_policy, metadata_policy, permissions_update_policy};
        let base = mls::MembershipPolicy {
            kind: Some(membership_policy::Kind::Base(membership_policy::BasePolicy::Allow.into())),
        };
        let any = membership_policy::AnyCondition { policies: vec![base.clone(), base.clone()] };
        let metadata = mls::MetadataPolicy {
            kind: Some(metadata_policy::Kind::AndCondition(metadata_policy::AndCondition::default())),
        };
        let update = mls::PermissionsUpdatePolicy {
            kind: Some(permissions_update_policy::Kind::Base(i32::from_ne_bytes(
                material.small.to_ne_bytes(),
            ))),
        };
        Self {
            policies: Some(mls::PolicySet {
                add_member_policy: Some(base),
                remove_member_policy: Some(mls::MembershipPolicy {
                    kind: Some(membership_policy::Kind::AnyCondition(any)),
                }),
                update_metadata_policy: [(material.text.clone(), metadata)].into(),
                add_admin_policy: Some(update.clone()),
                remove_admin_policy: Some(update),
                update_permissions_policy: None,
            }),
        }
    }
}

impl Sample for envelopes::ClientEnvelope {
    fn sample(material: &Material) -> Self {
        let depends_on =
            envelopes::Cursor { node_id_to_sequence_id: [(material.small, material.number), (0, 0)].into() };
        Self {
            aad: Some(envelopes::AuthenticatedData {
                target_topic: material.bytes.clone(),
                depends_on: Some(depends_on),
            }),
            payload: Some(envelopes::client_envelope::Payload::WelcomeMessage(
                api::WelcomeMessageInput::sample(material),
            )),
        }
    }
}

impl Sample for envelopes::OriginatorEnvelope {
    fn sample(material: &Material) -> Self {
        let proof = envelopes::BlockchainProof { transaction_hash: material.bytes.clone() };
        Self {
            unsigned_originator_envelope: envelopes::ClientEnvelope::sample(material).encode_to_vec(),
            proof: Some(envelopes::originator_envelope::Proof::BlockchainProof(proof)),
        }
    }
}

macro_rules! decoders {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(mod $name {
            use super::*;

            proptest! {
                #[test]
                fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
                    survives::<$type>(&bytes);
                }

                #[test]
                fn damaged_encodings_do_not_panic(
                    material in material(),
                    damages in prop::collection::vec(damage(), 1..6),
                ) {
                    let mut bytes = <$type>::sample(&material).encode_to_vec();
                    damages.into_iter().for_each(|damage| damage.apply(&mut bytes));
                    survives::<$type>(&bytes);
                }

                #[test]
                fn encodings_decode_to_the_same_value(material in material()) {
                    let message = <$type>::sample(&material);
                    let bytes = message.encode_to_vec();
                    prop_assert_eq!(<$type>::decode(bytes.as_slice()), Ok(message));
                    survives::<$type>(&bytes);
                }
            }
        })*
    };
}

decoders! {
    identity_update: identity::IdentityUpdate,
    plaintext_envelope: mls::PlaintextEnvelope,
    encoded_content: mls::EncodedContent,
    welcome_message_input: api::WelcomeMessageInput,
    group_membership: mls::GroupMembership,
    group_mutable_metadata: mls::GroupMutableMetadataV1,
    group_mutable_permissions: mls::GroupMutablePermissionsV1,
    client_envelope: envelopes::ClientEnvelope,
    originator_envelope: envelopes::OriginatorEnvelope,
}

/// Conditions may nest; a hostile depth ends in an error and not in an exhausted stack.
#[test]
fn deeply_nested_policies_are_refused() {
    use mls::membership_policy::{AndCondition, Kind};
    let mut policy = mls::MembershipPolicy::default().encode_to_vec();
    for _ in 0..10_000 {
        // One level: field 2 of the policy holds a condition, whose field 1 holds the inner policy.
        let condition = prefixed(0x0a, &policy);
        policy = prefixed(0x12, &condition);
    }
    assert!(mls::MembershipPolicy::decode(policy.as_slice()).is_err());

    let shallow = prefixed(0x12, &prefixed(0x0a, &[]));
    let expected = AndCondition { policies: vec![mls::MembershipPolicy::default()] };
    let decoded = mls::MembershipPolicy::decode(shallow.as_slice()).expect("one level is legal");
    assert_eq!(decoded.kind, Some(Kind::AndCondition(expected)));
}

fn prefixed(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    hexmtp_proto::prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}
