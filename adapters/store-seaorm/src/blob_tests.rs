//! Lists in one column, and rows with anything in them.

use std::collections::BTreeSet;

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::{InboxId, InstallationId};
use hexmtp_ports::store::{
    CommitLogRecord, ConversationRecord, DeferredWelcome, FeedEntry, IdentityRecord, IntentRecord,
    KeyPackageRecord, MessageRecord, RejectedRecord, StoreError,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::blob::{
    decode_extensions, decode_inboxes, decode_members, encode_extensions, encode_inboxes, encode_members,
};
use crate::entity::{
    commit_log, consent, conversation, deferred_welcome, feed, identity, intent, key_package, message,
    rejected,
};

fn is_corrupt<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Corrupt(_)))
}

/// The stored form is fixed: databases outlive versions.
#[test]
fn lists_have_a_fixed_form() {
    let member =
        LeafMember { inbox_id: InboxId::new([1; 32]), installation_id: InstallationId::new([2; 32]) };
    let members = encode_members(&[member]).unwrap();
    assert_eq!(members, [vec![1, 1], vec![1; 32], vec![2; 32]].concat());
    let extension = RawExtension { id: 0xff00, data: vec![7, 8] };
    assert_eq!(encode_extensions(&[extension]).unwrap(), [1, 1, 0x80, 0xfe, 0x03, 2, 7, 8]);
    let inboxes = encode_inboxes(&BTreeSet::from([InboxId::new([3; 32])])).unwrap();
    assert_eq!(inboxes, Some([vec![1, 1], vec![3; 32]].concat()));
}

#[test]
fn lists_of_another_version_or_length_are_corrupt() {
    for blob in [&[][..], &[0], &[2, 0], &[1], &[1, 0, 0], &[1, 1], &[1, 255, 255, 255, 255, 15]] {
        assert!(is_corrupt(&decode_extensions(blob)), "{blob:?}");
        assert!(is_corrupt(&decode_members(blob)), "{blob:?}");
        assert!(is_corrupt(&decode_inboxes("column", Some(blob))), "{blob:?}");
    }
}

/// Lengths that are right make the deeper checks reachable.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 32), vec(any::<u8>(), 16), vec(any::<u8>(), 0..40)]
}

fn small() -> impl Strategy<Value = i16> {
    prop_oneof![0..6_i16, any::<i16>()]
}

fn passes<T>(result: &Result<T, StoreError>) -> bool {
    result.is_ok() || is_corrupt(result)
}

proptest! {
    #[test]
    fn lists_come_back(
        members in vec(any::<([u8; 32], [u8; 32])>(), 0..20),
        extensions in vec((any::<u16>(), vec(any::<u8>(), 0..300)), 0..5),
    ) {
        let members: Vec<_> = members
            .into_iter()
            .map(|(inbox, key)| LeafMember {
                inbox_id: InboxId::new(inbox),
                installation_id: InstallationId::new(key),
            })
            .collect();
        prop_assert_eq!(decode_members(&encode_members(&members).unwrap()).unwrap(), members.clone());
        let inboxes: BTreeSet<_> = members.iter().map(|member| member.inbox_id).collect();
        let blob = encode_inboxes(&inboxes).unwrap();
        prop_assert_eq!(blob.is_none(), inboxes.is_empty());
        prop_assert_eq!(decode_inboxes("column", blob.as_deref()).unwrap(), inboxes);
        let extensions: Vec<_> = extensions.into_iter().map(|(id, data)| RawExtension { id, data }).collect();
        prop_assert_eq!(decode_extensions(&encode_extensions(&extensions).unwrap()).unwrap(), extensions);
    }

    #[test]
    fn reading_random_lists_never_panics(body in vec(any::<u8>(), 0..200)) {
        let blob = [vec![1], body].concat();
        prop_assert!(passes(&decode_members(&blob)));
        prop_assert!(passes(&decode_extensions(&blob)));
        prop_assert!(passes(&decode_inboxes("column", Some(&blob))));
    }

    #[test]
    fn reading_random_rows_never_panics(
        (a, b, c, d) in (bytes(), bytes(), bytes(), bytes()),
        (kind, state) in (small(), small()),
        (one, two, three) in any::<(i64, i64, i64)>(),
        (first, second) in (of(bytes()), of(bytes())),
        (number, other) in any::<(Option<i64>, Option<i64>)>(),
    ) {
        let row = identity::Model {
            slot: 1, inbox_id: a.clone(), key_seed: b.clone(), hmac_root: c.clone(), created_at: one,
            registered: number,
        };
        prop_assert!(passes(&IdentityRecord::try_from(row)));
        let row = key_package::Model {
            reference: a.clone(), init_public: b.clone(), init_private: c.clone(), wrapper_public: d.clone(),
            wrapper_private: c.clone(), created_at: one, uploaded: true, superseded_at: number,
        };
        prop_assert!(passes(&KeyPackageRecord::try_from(row)));
        let row = conversation::Model {
            id: a.clone(), kind, dm_first: first.clone(), dm_second: second.clone(), created_at: one,
            active_at: one, creator: b.clone(), added_by: b.clone(), membership: state, epoch: two,
            authenticator: c.clone(), extensions: vec![1, 0], members: d.clone(), paused_for: first.clone(),
            needs_readd: second.clone(), rotated_at: two, installations_checked_at: three,
            welcome_sequence_id: number, last_message_at: other, pending_removals: second.clone(),
        };
        prop_assert!(passes(&ConversationRecord::try_from(row)));
        let row = message::Model {
            ordinal: one, id: a.clone(), group_id: b.clone(), sender_inbox: c.clone(),
            sender_installation: c.clone(), sent_at: two, kind, delivery: state, content_authority: first.clone(),
            content_type: second.clone(), content_major: number, content_minor: other, content: d.clone(),
            idempotency_key: d.clone(), originator: other, sequence_id: number, epoch: number,
        };
        prop_assert!(passes(&MessageRecord::try_from(row)));
        let row = intent::Model {
            ordinal: one, id: b.clone(), group_id: b.clone(), kind, data: c.clone(), state,
            payload: first.clone(), payload_hash: second.clone(), payload_epoch: number,
            post_commit: second.clone(), message_id: first.clone(), should_push: true, attempts: two,
            created_at: three, error: second.clone(),
        };
        prop_assert!(passes(&IntentRecord::try_from(row)));
        let row = commit_log::Model {
            ordinal: one, group_id: a.clone(), sequence_id: two, last_authenticator: first.clone(), outcome: kind,
            epoch: three, authenticator: b.clone(), committer: second.clone(),
        };
        prop_assert!(passes(&CommitLogRecord::try_from(row)));
        let row = rejected::Model {
            ordinal: one, topic: a.clone(), originator: two, sequence_id: three, code: c.clone(), detail: d,
            rejected_at: one,
        };
        prop_assert!(passes(&RejectedRecord::try_from(row)));
        let row = consent::Model { kind, entity: a.clone(), state, decided_at: one };
        prop_assert!(passes(&hexmtp_domain::consent::ConsentRecord::try_from(row)));
        let row = deferred_welcome::Model {
            originator: one, sequence_id: two, destination: b.clone(), server_time: three, data: c.clone(),
            hpke_public_key: c, algorithm: kind, metadata: second, since: one,
        };
        prop_assert!(passes(&DeferredWelcome::try_from(row)));
        let row = feed::Model { position: one, event: kind, group_id: a, message_id: first };
        prop_assert!(passes(&FeedEntry::try_from(row)));
    }
}
