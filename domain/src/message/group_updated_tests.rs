//! Transcript messages.

use hexmtp_proto::xmtp::mls::message_contents as wire;
use proptest::prelude::*;
use prost::Message;

use super::content::{ContentError, EncodedContent};
use super::group_updated::{self, GroupUpdated, MetadataChange};
use super::{ContentTypeId, text};
use crate::captured::{group_messages, hostile, unhex};
use crate::ids::InboxId;

fn entry(number: u8) -> wire::group_updated::Inbox {
    wire::group_updated::Inbox { inbox_id: inbox(number).to_string() }
}

fn inbox(number: u8) -> InboxId {
    InboxId::new([number; 32])
}

fn change() -> wire::GroupUpdated {
    wire::GroupUpdated {
        initiated_by_inbox_id: inbox(1).to_string(),
        added_inboxes: vec![entry(2), entry(3)],
        removed_inboxes: vec![entry(4)],
        metadata_field_changes: vec![wire::group_updated::MetadataFieldChange {
            field_name: "group_name".to_owned(),
            old_value: None,
            new_value: Some("new".to_owned()),
        }],
        left_inboxes: vec![entry(5)],
        added_admin_inboxes: vec![entry(6)],
        removed_admin_inboxes: vec![entry(7)],
        added_super_admin_inboxes: vec![entry(8)],
        removed_super_admin_inboxes: vec![entry(9)],
    }
}

/// R-MSG-006
#[test]
fn each_field_is_read_into_its_place() {
    let content = group_updated::encode(&change());
    assert_eq!(content.content_type, ContentTypeId::xmtp("group_updated"));
    assert_eq!((content.fallback.clone(), content.parameters.len()), (None, 0));
    let expected = GroupUpdated {
        initiated_by: inbox(1),
        added: vec![inbox(2), inbox(3)],
        removed: vec![inbox(4)],
        left: vec![inbox(5)],
        metadata_changes: vec![MetadataChange {
            field: "group_name".to_owned(),
            old_value: None,
            new_value: Some("new".to_owned()),
        }],
        added_admins: vec![inbox(6)],
        removed_admins: vec![inbox(7)],
        added_super_admins: vec![inbox(8)],
        removed_super_admins: vec![inbox(9)],
    };
    assert_eq!(group_updated::decode(&content), Ok(expected));
}

/// R-MSG-006
#[test]
fn captured_transcripts_are_read_and_written_the_same() {
    let mut read = 0;
    let mut renamed = 0;
    for message in group_messages() {
        for stored in message["decrypted"].as_object().into_iter().flat_map(|clients| clients.values()) {
            if stored["kind"] != 2 {
                continue;
            }
            let bytes = unhex(&stored["decrypted_message_bytes"]);
            let content = EncodedContent::decode(&bytes).unwrap();
            let change = group_updated::decode(&content).unwrap();
            assert_eq!(change.initiated_by.to_string(), stored["sender_inbox_id"].as_str().unwrap());
            renamed += change.metadata_changes.iter().filter(|change| change.field == "group_name").count();
            let wire = wire::GroupUpdated::decode(content.content.as_slice()).unwrap();
            assert_eq!(group_updated::encode(&wire).encode(), bytes);
            read += 1;
        }
    }
    assert!(read > 25 && renamed > 0, "{read} {renamed}");
}

#[test]
fn what_names_no_inbox_is_refused() {
    let refused = |change: wire::GroupUpdated| {
        assert_eq!(group_updated::decode(&group_updated::encode(&change)), Err(ContentError::Invalid));
    };
    refused(wire::GroupUpdated::default());
    let bad = || vec![wire::group_updated::Inbox { inbox_id: "0xab".to_owned() }];
    refused(wire::GroupUpdated { added_inboxes: bad(), ..change() });
    refused(wire::GroupUpdated { removed_inboxes: bad(), ..change() });
    refused(wire::GroupUpdated { left_inboxes: bad(), ..change() });
    refused(wire::GroupUpdated { added_admin_inboxes: bad(), ..change() });
    refused(wire::GroupUpdated { removed_admin_inboxes: bad(), ..change() });
    refused(wire::GroupUpdated { added_super_admin_inboxes: bad(), ..change() });
    refused(wire::GroupUpdated { removed_super_admin_inboxes: bad(), ..change() });
    assert_eq!(group_updated::decode(&text::encode("x")), Err(ContentError::WrongType));
}

#[test]
fn debug_hides_names_of_groups() {
    let change = MetadataChange {
        field: "group_name".to_owned(),
        old_value: Some("secret".to_owned()),
        new_value: None,
    };
    let shown = format!("{change:?}");
    assert_eq!(
        shown,
        r#"MetadataChange { field: "group_name", old_value: Some(<6 bytes>), new_value: None }"#
    );
}

proptest! {
    #[test]
    fn hostile_transcripts_are_read_or_refused(bytes in hostile(change().encode_to_vec())) {
        let content = EncodedContent { content: bytes, ..group_updated::encode(&change()) };
        match group_updated::decode(&content) {
            Ok(change) => prop_assert_eq!(change.initiated_by.to_string().len(), 64),
            Err(error) => prop_assert_eq!(error, ContentError::Invalid),
        }
    }
}
