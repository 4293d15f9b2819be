//! What applications see.

use proptest::prelude::*;

use super::{ContentTypeId, EncodedContent, MessageBody, MessageKind, group_updated, text};
use crate::captured::{group_messages, hostile, unhex};
use crate::ids::InboxId;

fn transcript() -> EncodedContent {
    group_updated::encode(&hexmtp_proto::xmtp::mls::message_contents::GroupUpdated {
        initiated_by_inbox_id: InboxId::new([1; 32]).to_string(),
        ..Default::default()
    })
}

#[test]
fn captured_messages_are_understood() {
    let (mut texts, mut changes, mut leaves, mut unknown) = (0, 0, 0, 0);
    for message in group_messages() {
        for stored in message["decrypted"].as_object().into_iter().flat_map(|clients| clients.values()) {
            let kind = i16::try_from(stored["kind"].as_i64().unwrap()).unwrap();
            let kind = MessageKind::from_stored(kind).unwrap();
            match MessageBody::decode(kind, &unhex(&stored["decrypted_message_bytes"])) {
                MessageBody::Text(_) => texts += 1,
                MessageBody::GroupUpdated(_) => changes += 1,
                MessageBody::LeaveRequest => leaves += 1,
                MessageBody::Unknown { .. } => unknown += 1,
                MessageBody::Undecodable => panic!("{stored}"),
            }
        }
    }
    assert!(texts > 30 && changes > 25 && unknown > 10, "{texts} {changes} {unknown}");
    assert_eq!(leaves, 4, "one request, as four members stored it");
}

/// R-MSG-007
#[test]
fn content_of_an_unknown_type_comes_with_its_fallback() {
    let mut content = text::encode("x");
    content.content_type =
        ContentTypeId { authority_id: "example.org".to_owned(), ..ContentTypeId::xmtp("poll") };
    content.fallback = Some("a poll".to_owned());
    let body = MessageBody::decode(MessageKind::Application, &content.encode());
    let expected =
        MessageBody::Unknown { content_type: content.content_type, fallback: Some("a poll".to_owned()) };
    assert_eq!(body, expected);
}

/// R-MSG-007
#[test]
fn compressed_content_is_not_interpreted() {
    let content = EncodedContent { compression: Some(1), ..text::encode("x") };
    let body = MessageBody::from_content(MessageKind::Application, content.clone());
    assert_eq!(body, MessageBody::Unknown { content_type: content.content_type, fallback: None });
}

/// R-MSG-009
#[test]
fn a_sent_transcript_message_is_not_believed() {
    let content = transcript();
    let own = MessageBody::from_content(MessageKind::MembershipChange, content.clone());
    assert!(matches!(own, MessageBody::GroupUpdated(_)), "{own:?}");
    let sent = MessageBody::from_content(MessageKind::Application, content.clone());
    assert_eq!(sent, MessageBody::Unknown { content_type: content.content_type, fallback: None });
    let odd = MessageBody::from_content(MessageKind::MembershipChange, text::encode("x"));
    assert!(matches!(odd, MessageBody::Unknown { .. }), "{odd:?}");
}

#[test]
fn broken_content_is_undecodable() {
    for bytes in
        [vec![], b"hello".to_vec(), EncodedContent { content: vec![0xff], ..text::encode("x") }.encode()]
    {
        assert_eq!(MessageBody::decode(MessageKind::Application, &bytes), MessageBody::Undecodable);
    }
    let empty = EncodedContent { content: vec![], ..transcript() };
    assert_eq!(MessageBody::from_content(MessageKind::MembershipChange, empty), MessageBody::Undecodable);
}

#[test]
fn debug_hides_what_was_written() {
    assert_eq!(format!("{:?}", MessageBody::Text("secret".to_owned())), "Text(<6 bytes>)");
    let unknown = MessageBody::Unknown {
        content_type: ContentTypeId::xmtp("poll"),
        fallback: Some("secret".to_owned()),
    };
    assert!(!format!("{unknown:?}").contains("secret"));
}

proptest! {
    #[test]
    fn hostile_bytes_have_a_body(bytes in hostile(text::encode("a text").encode())) {
        let body = MessageBody::decode(MessageKind::Application, &bytes);
        prop_assert!(!matches!(body, MessageBody::GroupUpdated(_)));
        let body = MessageBody::decode(MessageKind::MembershipChange, &bytes);
        prop_assert!(!matches!(body, MessageBody::Text(_)));
    }
}
