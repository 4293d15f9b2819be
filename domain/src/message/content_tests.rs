//! Encoded content, content types and texts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::content::{ContentError, EncodedContent};
use super::content_type::{ContentTypeId, should_push};
use super::{leave_request, text};
use crate::captured::{group_messages, hostile, protocol, unhex};

fn any_content() -> impl Strategy<Value = EncodedContent> {
    let content_type = (any::<String>(), any::<String>(), any::<u32>(), any::<u32>()).prop_map(
        |(authority_id, type_id, version_major, version_minor)| ContentTypeId {
            authority_id,
            type_id,
            version_major,
            version_minor,
        },
    );
    let parameters = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4);
    let rest = (any::<Option<String>>(), any::<Vec<u8>>(), any::<Option<i32>>());
    (content_type, parameters, rest).prop_map(
        |(content_type, parameters, (fallback, content, compression))| EncodedContent {
            content_type,
            parameters,
            fallback,
            content,
            compression,
        },
    )
}

/// R-MSG-004
#[test]
fn captured_content_is_read_and_written() {
    let mut types = BTreeMap::<String, usize>::new();
    for message in group_messages() {
        for stored in message["decrypted"].as_object().into_iter().flat_map(|clients| clients.values()) {
            let bytes = unhex(&stored["decrypted_message_bytes"]);
            let content = EncodedContent::decode(&bytes).unwrap();
            assert_eq!(EncodedContent::decode(&content.encode()), Ok(content.clone()));
            if content.parameters.len() <= 1 {
                assert_eq!(content.encode(), bytes, "{}", content.content_type);
            }
            *types.entry(content.content_type.to_string()).or_default() += 1;
        }
    }
    let names: Vec<_> = types.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "coinbase.com/actions:1.0",
            "coinbase.com/intent:1.0",
            "xmtp.org/attachment:1.0",
            "xmtp.org/group_updated:1.0",
            "xmtp.org/leave_request:1.0",
            "xmtp.org/markdown:1.0",
            "xmtp.org/multiRemoteStaticAttachment:1.0",
            "xmtp.org/reaction:2.0",
            "xmtp.org/readReceipt:1.0",
            "xmtp.org/remoteStaticAttachment:1.0",
            "xmtp.org/reply:1.0",
            "xmtp.org/text:1.0",
            "xmtp.org/transactionReference:1.0",
            "xmtp.org/walletSendCalls:1.0",
        ]
    );
}

/// R-MSG-004
#[test]
fn content_without_a_type_is_refused() {
    assert_eq!(EncodedContent::decode(&[]), Err(ContentError::NoType));
    assert_eq!(EncodedContent::decode(&[0x22, 1, b'x']), Err(ContentError::NoType));
    assert_eq!(EncodedContent::decode(b"hello"), Err(ContentError::Malformed));
}

/// R-MSG-005
#[test]
fn a_text_is_written_as_official_clients_do() {
    let bytes = unhex(&protocol()["message"]["encoded_content"]);
    let content = text::encode("Hello");
    assert_eq!(content.encode(), bytes);
    assert_eq!(EncodedContent::decode(&bytes), Ok(content.clone()));
    assert_eq!(text::decode(&content).as_deref(), Ok("Hello"));
}

/// R-MSG-005
#[test]
fn a_text_must_be_utf_8_and_not_claim_otherwise() {
    let changed = |change: fn(&mut EncodedContent)| {
        let mut content = text::encode("Grüße 👍");
        change(&mut content);
        text::decode(&content)
    };
    let text = Ok("Grüße 👍".to_owned());
    assert_eq!(changed(|_| ()), text);
    assert_eq!(changed(|content| content.parameters.clear()), text);
    assert_eq!(changed(|content| content.content_type.version_minor = 7), text);
    let encoding = |content: &mut EncodedContent, name: &str| {
        content.parameters.insert("encoding".to_owned(), name.to_owned());
    };
    for name in ["utf-8", "UTF8", "ISO-8859-1", "", "UTF-16"] {
        let mut content = text::encode("x");
        encoding(&mut content, name);
        assert_eq!(text::decode(&content), Err(ContentError::UnknownEncoding), "{name}");
    }
    assert_eq!(changed(|content| content.content = vec![0xc3, 0x28]), Err(ContentError::Invalid));
    assert_eq!(changed(|content| content.compression = Some(0)), Err(ContentError::Compressed));
    assert_eq!(changed(|content| content.content_type.version_major = 2), Err(ContentError::WrongType));
    assert_eq!(changed(|content| content.content_type.type_id.push('s')), Err(ContentError::WrongType));
    assert_eq!(changed(|content| content.content_type.authority_id.clear()), Err(ContentError::WrongType));
}

/// R-MSG-200
#[test]
fn a_leave_request_is_written_as_official_clients_do() {
    let content = leave_request::encode();
    let stored = group_messages().into_iter().flat_map(|message| {
        let clients = message["decrypted"].as_object().into_iter().flatten();
        clients.map(|(_, stored)| unhex(&stored["decrypted_message_bytes"])).collect::<Vec<_>>()
    });
    let requests: Vec<_> = stored
        .filter_map(|bytes| EncodedContent::decode(&bytes).ok().map(|content| (bytes, content)))
        .filter(|(_, content)| leave_request::is_leave_request(&content.content_type))
        .collect();
    assert_eq!(requests.len(), 4);
    for (bytes, request) in requests {
        assert_eq!((bytes, &request), (content.encode(), &content));
        assert_eq!(leave_request::decode(&request), Ok(()));
    }
    // The type alone asks, in every version; another authority's type of that name does not.
    let mut odd = leave_request::encode();
    odd.content_type.version_major = 2;
    assert!(leave_request::is_leave_request(&odd.content_type));
    assert_eq!(leave_request::decode(&odd), Err(ContentError::WrongType));
    odd.content_type.authority_id = "example.org".to_owned();
    assert!(!leave_request::is_leave_request(&odd.content_type));
    let malformed = EncodedContent { content: vec![0xff], ..leave_request::encode() };
    assert_eq!(leave_request::decode(&malformed), Err(ContentError::Invalid));
    assert!(!should_push(&content.content_type));
}

/// R-MSG-008
#[test]
fn should_push_equals_what_official_clients_sent() {
    let mut pushed = 0;
    for message in group_messages() {
        for stored in message["decrypted"].as_object().into_iter().flat_map(|clients| clients.values()) {
            let content = EncodedContent::decode(&unhex(&stored["decrypted_message_bytes"])).unwrap();
            assert_eq!(
                message["should_push"],
                should_push(&content.content_type),
                "{}",
                content.content_type
            );
            pushed += usize::from(should_push(&content.content_type));
        }
    }
    assert!(pushed > 40, "{pushed}");
}

/// R-MSG-008
#[test]
fn should_push_of_each_type() {
    for quiet in [
        "application/x-protobuf",
        "deleteMessage",
        "group_membership_change",
        "group_updated",
        "leave_request",
        "reaction",
        "readReceipt",
    ] {
        assert!(!should_push(&ContentTypeId::xmtp(quiet)), "{quiet}");
        assert!(!should_push(&ContentTypeId { version_major: 2, ..ContentTypeId::xmtp(quiet) }), "{quiet}");
        let foreign = ContentTypeId { authority_id: "example.org".to_owned(), ..ContentTypeId::xmtp(quiet) };
        assert!(should_push(&foreign), "{quiet}");
    }
    for loud in ["text", "markdown", "reply", "attachment", "walletSendCalls", "somethingNew"] {
        assert!(should_push(&ContentTypeId::xmtp(loud)), "{loud}");
    }
}

#[test]
fn errors_have_codes_and_debug_hides_content() {
    let errors = [
        ContentError::Malformed,
        ContentError::NoType,
        ContentError::WrongType,
        ContentError::Compressed,
        ContentError::UnknownEncoding,
        ContentError::Invalid,
    ];
    let codes: std::collections::BTreeSet<_> = errors.iter().map(ContentError::code).collect();
    assert_eq!(codes.len(), errors.len());
    assert!(codes.iter().all(|code| code.starts_with("content.")));

    let mut content = text::encode("the secret text");
    content.fallback = Some("the secret text".to_owned());
    content.parameters.insert("filename".to_owned(), "secret.txt".to_owned());
    let shown = format!("{content:?}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("<15 bytes>") && shown.contains("filename"), "{shown}");
}

proptest! {
    #[test]
    fn content_survives_its_bytes(content in any_content()) {
        prop_assert_eq!(EncodedContent::decode(&content.encode()), Ok(content));
    }

    #[test]
    fn hostile_content_is_read_or_refused(bytes in hostile(text::encode("a text of some length").encode())) {
        if let Ok(content) = EncodedContent::decode(&bytes) {
            let _ = text::decode(&content);
            prop_assert_eq!(EncodedContent::decode(&content.encode()), Ok(content));
        }
    }

    #[test]
    fn every_text_is_read_as_written(written: String) {
        prop_assert_eq!(text::decode(&text::encode(&written)), Ok(written));
    }
}
