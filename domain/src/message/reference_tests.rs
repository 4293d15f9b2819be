//! References of replies and reactions.

use std::collections::BTreeMap;

use super::super::content_type::ContentTypeId;
use super::*;

fn content(type_id: &str, version_major: u32, bytes: impl Into<Vec<u8>>) -> EncodedContent {
    EncodedContent {
        content_type: ContentTypeId { version_major, ..ContentTypeId::xmtp(type_id) },
        parameters: BTreeMap::new(),
        fallback: None,
        content: bytes.into(),
        compression: None,
    }
}

fn target() -> MessageId {
    MessageId::new([0xab; 32])
}

fn reply(reference: &str) -> EncodedContent {
    let mut reply = content("reply", 1, "inner");
    reply.parameters.insert("reference".to_owned(), reference.to_owned());
    reply
}

fn reaction(reference: String) -> EncodedContent {
    let reaction = wire::ReactionV2 { reference, content: "+1".to_owned(), ..Default::default() };
    content("reaction", 2, reaction.encode_to_vec())
}

fn old_reaction(reference: &str) -> EncodedContent {
    let json = format!(
        r#"{{"action":"added","reference":"{reference}","referenceInboxId":"x","schema":"unicode","content":"+1"}}"#
    );
    content("reaction", 1, json)
}

/// R-MSG-210
#[test]
fn replies_and_reactions_of_both_versions_name_their_message() {
    let id = target().to_string();
    for content in [reply(&id), reaction(id.clone()), old_reaction(&id)] {
        assert_eq!(reference_of(&content), Some(target()), "{content:?}");
    }
}

#[test]
fn what_names_no_message_refers_to_none() {
    let id = target().to_string();
    let mut compressed = reaction(id.clone());
    compressed.compression = Some(0);
    let contents = [
        reply(""),
        reply(&id[1..]),
        reply(&id.to_uppercase()),
        content("reply", 1, "no parameter"),
        reaction("none".to_owned()),
        content("reaction", 2, vec![0xff; 9]),
        old_reaction("none"),
        content("reaction", 1, "no JSON"),
        content("text", 1, "hello"),
        compressed,
    ];
    for content in contents {
        assert_eq!(reference_of(&content), None, "{content:?}");
    }
}
