use std::collections::BTreeMap;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;

use crate::group::fixtures::{SEED, captured_at, inbox};
use crate::group::mutable_metadata::*;
use crate::time::Timestamp;

/// R-GRP-004
#[test]
fn new_groups_and_dms_have_the_attributes_of_official_ones() {
    let group = MutableMetadata::new_group(inbox(1), &SEED);
    let fields: Vec<&String> = group.attributes.keys().collect();
    let official = captured_at("ede1e8a2", 1).mutable;
    assert_eq!(fields, official.attributes.keys().collect::<Vec<_>>());
    assert_eq!(group.super_admins, RoleList::of([inbox(1)]));
    assert!(group.admins.is_empty() && official.admins.is_empty());
    assert_eq!(official.super_admins.inboxes.len(), 1);

    let dm = MutableMetadata::new_dm(&SEED);
    let official = captured_at("4bf6fbb9", 1).mutable;
    assert_eq!(dm.attributes.keys().collect::<Vec<_>>(), official.attributes.keys().collect::<Vec<_>>());
    assert!(dm.admins.is_empty() && dm.super_admins.is_empty());
    assert_eq!(dm.attribute(COMMIT_LOG_SIGNER), Some(hex::encode(SEED).as_str()));
}

/// R-GRP-005
#[test]
fn values_longer_than_receivers_accept_are_refused() {
    for (field, limit) in [(GROUP_NAME, 100), (DESCRIPTION, 1000), (IMAGE_URL, 2048), (APP_DATA, 8192)] {
        assert_eq!(MutableMetadata::max_bytes(field), Some(limit));
        assert_eq!(check_length(field, &"x".repeat(limit)), Ok(()));
        let long = "x".repeat(limit + 1);
        let error = TooLong { field: field.to_owned(), limit, actual: limit + 1 };
        assert_eq!(check_length(field, &long), Err(error));
        // Bytes count, not characters.
        assert!(check_length(field, &"é".repeat(limit / 2 + 1)).is_err());
    }
    assert_eq!(check_length("other", &"x".repeat(100_000)), Ok(()));
}

#[test]
fn accessors_read_the_captured_group() {
    let metadata = captured_at("22f1f110", 12).mutable;
    assert_eq!(metadata.name(), "renamed");
    assert_eq!(metadata.description(), "test vectors");
    assert_eq!(metadata.image_url(), "https://example.org/i.png");
    assert_eq!(metadata.app_data(), "");
    assert_eq!(metadata.minimum_version(), None);
    let expected = Disappearing { from: Timestamp::from_nanos(1), after_nanos: 3_600_000_000_000 };
    assert_eq!(metadata.disappearing(), Some(expected));
}

/// R-GRP-006
#[test]
fn messages_disappear_only_when_both_numbers_are_positive() {
    let case = |from: Option<&str>, after: Option<&str>| {
        let fields = [(DISAPPEAR_FROM, from), (DISAPPEAR_IN, after)];
        let attributes = fields
            .into_iter()
            .filter_map(|(field, value)| Some((field.to_owned(), value?.to_owned())))
            .collect();
        MutableMetadata { attributes, ..MutableMetadata::default() }.disappearing().is_some()
    };
    assert!(case(Some("1"), Some("1")));
    for (from, after) in [
        (None, None),
        (Some("1"), None),
        (None, Some("1")),
        (Some("0"), Some("1")),
        (Some("1"), Some("0")),
        (Some("-1"), Some("1")),
        (Some("x"), Some("1")),
        (Some("1"), Some("9223372036854775808")),
    ] {
        assert!(!case(from, after), "{from:?} {after:?}");
    }
}

#[test]
fn unknown_attributes_and_odd_list_entries_survive() {
    let message = wire::GroupMutableMetadataV1 {
        attributes: BTreeMap::from([("new_thing".to_owned(), "x".to_owned())]),
        admin_list: Some(wire::Inboxes { inbox_ids: vec!["someone".to_owned(), inbox(3).to_string()] }),
        super_admin_list: Some(wire::Inboxes {
            inbox_ids: vec![inbox(2).to_string(), inbox(1).to_string(), inbox(2).to_string()],
        }),
    };
    let metadata = MutableMetadata::decode(&message.encode_to_vec()).unwrap();
    assert_eq!(metadata.attribute("new_thing"), Some("x"));
    assert!(metadata.admins.others.contains("someone") && metadata.admins.contains(inbox(3)));
    assert_eq!(metadata.super_admins, RoleList::of([inbox(1), inbox(2)]));
    assert_eq!(MutableMetadata::decode(&metadata.encode()).unwrap(), metadata);
}

/// R-GRP-007
#[test]
fn a_missing_admin_list_is_refused() {
    let lists = [(None, Some(wire::Inboxes::default())), (Some(wire::Inboxes::default()), None)];
    for (admin_list, super_admin_list) in lists {
        let message = wire::GroupMutableMetadataV1 { admin_list, super_admin_list, ..Default::default() };
        assert_eq!(MutableMetadata::decode(&message.encode_to_vec()), Err(MutableMetadataError));
    }
    assert_eq!(MutableMetadata::decode(&[]), Err(MutableMetadataError));
    assert_eq!(MutableMetadata::decode(&[0xff]), Err(MutableMetadataError));
}

#[test]
fn roles_are_read_from_the_lists() {
    let metadata = MutableMetadata {
        admins: RoleList::of([inbox(1), inbox(2)]),
        super_admins: RoleList::of([inbox(2)]),
        ..MutableMetadata::default()
    };
    assert_eq!(metadata.role(inbox(1)), Role::Admin);
    assert_eq!(metadata.role(inbox(2)), Role::SuperAdmin);
    assert_eq!(metadata.role(inbox(3)), Role::Member);
}

#[test]
fn changes_tell_what_is_new_gone_and_different() {
    let of = |entries: &[(&str, &str)]| MutableMetadata {
        attributes: entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..MutableMetadata::default()
    };
    let changes =
        of(&[("a", "1"), ("b", "2"), ("c", "3")]).changes(&of(&[("b", "2"), ("c", "4"), ("d", "")]));
    let seen: Vec<_> = changes
        .iter()
        .map(|change| (change.field.as_str(), change.old_value.as_deref(), change.new_value.as_deref()))
        .collect();
    assert_eq!(seen, [("a", Some("1"), None), ("c", Some("3"), Some("4")), ("d", None, Some(""))]);
}

/// R-GRP-008
#[test]
fn debug_shows_neither_the_seed_nor_what_people_wrote() {
    let mut metadata = MutableMetadata::new_group(inbox(1), &SEED);
    metadata.attributes.insert(GROUP_NAME.to_owned(), "private plans".to_owned());
    let changes = MutableMetadata::default().changes(&metadata);
    for text in [format!("{metadata:?}"), format!("{changes:?}")] {
        assert!(text.contains(COMMIT_LOG_SIGNER) && text.contains(GROUP_NAME), "{text}");
        assert!(!text.contains(&hex::encode(SEED)) && !text.contains("private plans"), "{text}");
    }
}

/// R-MSG-211
#[test]
fn a_message_disappears_a_while_after_it_was_sent() {
    let sent_at = Timestamp::from_nanos(1_000);
    let setting = Disappearing { from: Timestamp::from_nanos(1), after_nanos: 500 };
    assert_eq!(setting.expiry(sent_at), Timestamp::from_nanos(1_500));
    let never = Disappearing { after_nanos: i64::MAX, ..setting };
    assert_eq!(never.expiry(sent_at), Timestamp::from_nanos(i64::MAX));
}
