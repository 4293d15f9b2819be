use std::collections::BTreeSet;

use hexmtp_proto::xmtp::mls::message_contents::{self as wire, GroupUpdated};
use prost::Message;

use crate::group::commit_rules::CommitEffects;
use crate::group::fixtures::{group, inbox};
use crate::group::mutable_metadata::{COMMIT_LOG_SIGNER, GROUP_NAME, MetadataChange};
use crate::group::transcript::{group_joined, group_updated, mark_left};
use crate::ids::InboxId;

fn effects() -> CommitEffects {
    CommitEffects {
        initiator: inbox(1),
        after: group(&[(1, 1)]),
        added_inboxes: Vec::new(),
        removed_inboxes: Vec::new(),
        metadata_changes: Vec::new(),
        added_admins: Vec::new(),
        removed_admins: Vec::new(),
        added_super_admins: Vec::new(),
        removed_super_admins: Vec::new(),
        permissions_changed: false,
        readded_installations: BTreeSet::new(),
    }
}

/// What an official client stored for a commit or a welcome of the captured group.
fn official(reader: &str) -> Vec<GroupUpdated> {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/nightly_group_messages.json")).unwrap();
    let messages = json.as_array().unwrap().iter().map(|message| &message["decrypted"][reader]);
    messages
        .filter(|message| message["kind"] == 2)
        .map(|message| {
            let bytes = hex::decode(message["decrypted_message_bytes"].as_str().unwrap()).unwrap();
            let content = wire::EncodedContent::decode(bytes.as_slice()).unwrap();
            GroupUpdated::decode(content.content.as_slice()).unwrap()
        })
        .collect()
}

fn id(inbox: &wire::group_updated::Inbox) -> InboxId {
    inbox.inbox_id.parse().unwrap()
}

/// R-GRP-026
#[test]
fn the_transcript_of_a_commit_is_that_of_official_clients() {
    let official = official("alice");
    assert!(official.len() > 3);
    for expected in &official {
        let ids = |list: &[wire::group_updated::Inbox]| list.iter().map(id).collect::<Vec<_>>();
        let change = |change: &wire::group_updated::MetadataFieldChange| MetadataChange {
            field: change.field_name.clone(),
            old_value: change.old_value.clone(),
            new_value: change.new_value.clone(),
        };
        let effects = CommitEffects {
            added_inboxes: ids(&expected.added_inboxes),
            removed_inboxes: ids(&expected.removed_inboxes),
            metadata_changes: expected.metadata_field_changes.iter().map(change).collect(),
            added_admins: ids(&expected.added_admin_inboxes),
            removed_admins: ids(&expected.removed_admin_inboxes),
            added_super_admins: ids(&expected.added_super_admin_inboxes),
            removed_super_admins: ids(&expected.removed_super_admin_inboxes),
            ..effects()
        };
        let initiator = expected.initiated_by_inbox_id.parse().unwrap();
        assert_eq!(group_updated(initiator, &effects).unwrap().encode_to_vec(), expected.encode_to_vec());
    }
}

/// R-GRP-027
#[test]
fn joining_says_that_the_adder_added_the_own_inbox() {
    let official = official("bob");
    let first = &official[0];
    let adder = first.initiated_by_inbox_id.parse().unwrap();
    assert_eq!(group_joined(adder, id(&first.added_inboxes[0])).encode_to_vec(), first.encode_to_vec());
}

/// R-GRP-028
#[test]
fn nothing_visible_means_no_message() {
    assert_eq!(group_updated(inbox(1), &effects()), None);
    let silent = CommitEffects {
        permissions_changed: true,
        readded_installations: BTreeSet::from([crate::group::fixtures::installation(2, 1)]),
        metadata_changes: vec![MetadataChange {
            field: COMMIT_LOG_SIGNER.to_owned(),
            old_value: None,
            new_value: Some("secret".to_owned()),
        }],
        ..effects()
    };
    assert_eq!(group_updated(inbox(1), &silent), None);
}

#[test]
fn every_list_has_its_own_place() {
    let effects = CommitEffects {
        added_inboxes: vec![inbox(2)],
        removed_inboxes: vec![inbox(3)],
        added_admins: vec![inbox(4)],
        removed_admins: vec![inbox(5)],
        added_super_admins: vec![inbox(6)],
        removed_super_admins: vec![inbox(7)],
        metadata_changes: vec![MetadataChange {
            field: GROUP_NAME.to_owned(),
            old_value: Some("a".to_owned()),
            new_value: None,
        }],
        ..effects()
    };
    let update = group_updated(inbox(1), &effects).unwrap();
    let only = |list: &[wire::group_updated::Inbox]| {
        assert_eq!(list.len(), 1);
        id(&list[0])
    };
    assert_eq!(only(&update.added_inboxes), inbox(2));
    assert_eq!(only(&update.removed_inboxes), inbox(3));
    assert_eq!(only(&update.added_admin_inboxes), inbox(4));
    assert_eq!(only(&update.removed_admin_inboxes), inbox(5));
    assert_eq!(only(&update.added_super_admin_inboxes), inbox(6));
    assert_eq!(only(&update.removed_super_admin_inboxes), inbox(7));
    let change = &update.metadata_field_changes[0];
    assert_eq!((change.old_value.as_deref(), change.new_value.as_deref()), (Some("a"), None));
    assert!(update.left_inboxes.is_empty());
}

/// R-GRP-029
#[test]
fn those_who_had_asked_to_leave_are_said_to_have_left() {
    let effects = CommitEffects { removed_inboxes: vec![inbox(2), inbox(3)], ..effects() };
    let mut update = group_updated(inbox(1), &effects).unwrap();
    mark_left(&mut update, &BTreeSet::from([inbox(3), inbox(4)]));
    assert_eq!(update.removed_inboxes.iter().map(id).collect::<Vec<_>>(), [inbox(2)]);
    assert_eq!(update.left_inboxes.iter().map(id).collect::<Vec<_>>(), [inbox(3)]);
}
