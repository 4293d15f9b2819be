use prost::Message;

use hexmtp_proto::xmtp::mls::message_contents as wire;

use crate::group::fixtures::inbox;
use crate::group::immutable_metadata::{ImmutableMetadata, ImmutableMetadataError};
use crate::group::kind::ConversationKind;
use crate::group::varint::encode_vector;

fn vector() -> serde_json::Value {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/protocol_vectors.json")).unwrap();
    json["immutable_metadata_extension_0xf000"].clone()
}

fn sample() -> wire::GroupMetadataV1 {
    wire::GroupMetadataV1 {
        conversation_type: 2,
        creator_inbox_id: inbox(1).to_string(),
        dm_members: Some(wire::DmMembers {
            dm_member_one: Some(wire::Inbox { inbox_id: inbox(1).to_string() }),
            dm_member_two: Some(wire::Inbox { inbox_id: inbox(2).to_string() }),
        }),
        ..Default::default()
    }
}

fn framed(message: &wire::GroupMetadataV1) -> Vec<u8> {
    encode_vector(&message.encode_to_vec()).unwrap()
}

/// R-GRP-001
#[test]
fn a_group_encodes_to_the_bytes_of_the_vector() {
    let vector = vector();
    let data = hex::decode(vector["extension_data"].as_str().unwrap()).unwrap();
    let metadata = ImmutableMetadata {
        kind: ConversationKind::Group,
        creator: "41ff994ea1f9462295cee1ad48c270f6fe3e6307cd9a062e9320cf43a724e348".parse().unwrap(),
        dm_members: None,
        oneshot: None,
    };
    assert_eq!(metadata.encode().unwrap(), data);
    assert_eq!(ImmutableMetadata::decode(&data).unwrap(), metadata);
}

#[test]
fn the_members_of_a_dm_keep_the_order_of_the_wire() {
    let metadata = ImmutableMetadata {
        kind: ConversationKind::Dm,
        creator: inbox(9),
        dm_members: Some((inbox(9), inbox(1))),
        oneshot: None,
    };
    assert_eq!(ImmutableMetadata::decode(&metadata.encode().unwrap()).unwrap(), metadata);
    assert!(metadata.is_dm_member(inbox(1)) && metadata.is_dm_member(inbox(9)));
    assert!(!metadata.is_dm_member(inbox(2)));
}

#[test]
fn a_oneshot_message_is_kept_serialized_in_its_field() {
    let message = wire::OneshotMessage {
        message_type: Some(wire::oneshot_message::MessageType::ReaddRequest(wire::ReaddRequest {
            group_id: vec![7; 16],
            latest_commit_sequence_id: 300,
        })),
    };
    let metadata = ImmutableMetadata {
        kind: ConversationKind::Oneshot,
        creator: inbox(1),
        dm_members: None,
        oneshot: Some(message.encode_to_vec()),
    };
    let expected = wire::GroupMetadataV1 {
        conversation_type: 4,
        creator_inbox_id: inbox(1).to_string(),
        oneshot_message: Some(message),
        ..Default::default()
    };
    assert_eq!(metadata.encode().unwrap(), framed(&expected));
    assert_eq!(ImmutableMetadata::decode(&metadata.encode().unwrap()).unwrap(), metadata);
}

/// R-GRP-003
#[test]
fn wrong_immutable_metadata_is_refused() {
    use ImmutableMetadataError as E;
    let good = sample();
    assert!(ImmutableMetadata::decode(&framed(&good)).is_ok());
    let mut trailing = framed(&good);
    trailing.push(0);
    assert_eq!(ImmutableMetadata::decode(&trailing), Err(E::Framing));
    assert_eq!(ImmutableMetadata::decode(&good.encode_to_vec()), Err(E::Framing));
    assert_eq!(ImmutableMetadata::decode(&[1, 0xff]), Err(E::Malformed));
    for kind in [0, 5, -1] {
        let message = wire::GroupMetadataV1 { conversation_type: kind, ..sample() };
        assert_eq!(ImmutableMetadata::decode(&framed(&message)), Err(E::UnknownKind(kind)));
    }
    for creator in ["", "0x12", &"AB".repeat(32), &"ab".repeat(33)] {
        let message = wire::GroupMetadataV1 { creator_inbox_id: creator.to_owned(), ..sample() };
        assert!(matches!(ImmutableMetadata::decode(&framed(&message)), Err(E::InboxId(_))), "{creator}");
    }
    let mut message = sample();
    message.dm_members.as_mut().unwrap().dm_member_two = None;
    assert_eq!(ImmutableMetadata::decode(&framed(&message)), Err(E::MissingDmMember));
}
