//! Lists in one column, and rows with anything in them.

use std::collections::BTreeSet;

use hexmtp_domain::consent::ConsentRecord;
use hexmtp_domain::group::LeafMember;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::{Cursor, InboxId, InstallationId, Originator, Secret, SequenceId};
use hexmtp_ports::store::{
    CachedAssociationState, CommitLogRecord, ConversationRecord, CutoverRecord, DeferredWelcome,
    DeletionRecord, FeedEntry, IcedEnvelope, IdentityRecord, IntentRecord, KeyPackageRecord, MessageRecord,
    PreferencesRecord, ReaddRecord, RejectedRecord, RemoteCommitLogRecord, StoreError, SyncProgress,
    TaskRecord,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::blob::{
    decode_cursors, decode_extensions, decode_inboxes, decode_members, encode_cursors, encode_extensions,
    encode_inboxes, encode_members,
};
use crate::entity::{
    association_state, commit_log, consent, conversation, cutover, deferred_welcome, deletion, feed, iced,
    identity, intent, key_package, message, preferences, readd, rejected, remote_commit_log, sync_progress,
    task,
};
use crate::seal::Seal;
use crate::tenant::{FromRow, Tenant};

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
    let cursors = [Cursor::new(Originator(200), SequenceId(7)), Cursor::new(Originator(0), SequenceId(1))];
    let stored = encode_cursors(&cursors).unwrap();
    assert_eq!(stored, [1, 2, 200, 1, 7, 0, 1]);
    assert_eq!(decode_cursors("column", &stored).unwrap(), cursors);
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
        let sealed = Seal::new(&Secret::from([1; 32])).unwrap();
        for tenant in [Tenant::alone(), Tenant { id: 1, seal: sealed, key_check: None }] {
            let at = (one, two, three);
            own_rows(&tenant, [&a, &b, &c, &d], at, number)?;
            rows_of_conversations(&tenant, [&a, &b, &c, &d], (kind, state), at, (&first, &second), (number, other))?;
            rows_of_messages(&tenant, [&a, &b, &c, &d], (kind, state), at, (&first, &second), (number, other))?;
            rows_of_logs(&tenant, [&a, &b, &c, &d], (kind, state), at, (&first, &second), number)?;
            rows_of_work(&tenant, [&a, &b, &c, &d], state, at, (&first, number))?;
        }
    }
}

type Bytes<'a> = [&'a Vec<u8>; 4];
type Perhaps<'a> = (&'a Option<Vec<u8>>, &'a Option<Vec<u8>>);

fn read<Row, Record: FromRow<Row>>(tenant: &Tenant, row: Row) -> Result<(), TestCaseError> {
    prop_assert!(passes(&Record::from_row(tenant, row)));
    Ok(())
}

fn own_rows(
    tenant: &Tenant,
    [a, b, c, d]: Bytes<'_>,
    (one, two, _): (i64, i64, i64),
    number: Option<i64>,
) -> Result<(), TestCaseError> {
    let row = identity::Model {
        installation: 1,
        inbox_id: a.clone(),
        key_seed: b.clone(),
        created_at: one,
        registered: number,
    };
    read::<_, IdentityRecord>(tenant, row)?;
    let row = preferences::Model { installation: 1, hmac_root: c.clone(), hmac_cycled_at: one };
    read::<_, PreferencesRecord>(tenant, row)?;
    let row = key_package::Model {
        installation: 1,
        reference: a.clone(),
        init_public: b.clone(),
        init_private: c.clone(),
        wrapper_public: d.clone(),
        wrapper_private: c.clone(),
        created_at: one,
        uploaded: true,
        superseded_at: number,
    };
    read::<_, KeyPackageRecord>(tenant, row)?;
    let row =
        association_state::Model { installation: 1, inbox_id: a.clone(), sequence_id: two, state: b.clone() };
    read::<_, CachedAssociationState>(tenant, row)
}

fn rows_of_conversations(
    tenant: &Tenant,
    [a, b, c, d]: Bytes<'_>,
    (kind, state): (i16, i16),
    (one, two, three): (i64, i64, i64),
    (first, second): Perhaps<'_>,
    (number, other): (Option<i64>, Option<i64>),
) -> Result<(), TestCaseError> {
    let row = conversation::Model {
        installation: 1,
        id: a.clone(),
        kind,
        dm_first: first.clone(),
        dm_second: second.clone(),
        created_at: one,
        active_at: one,
        creator: b.clone(),
        added_by: b.clone(),
        membership: state,
        epoch: two,
        authenticator: c.clone(),
        extensions: vec![1, 0],
        members: d.clone(),
        paused_for: first.clone(),
        needs_readd: second.clone(),
        rotated_at: two,
        installations_checked_at: three,
        welcome_sequence_id: number,
        last_message_at: other,
        pending_removals: second.clone(),
        publishes_commit_log: true,
        commit_log_key: first.clone(),
        forked: None,
        fork_suspicion: second.clone(),
    };
    read::<_, ConversationRecord>(tenant, row)
}

fn rows_of_messages(
    tenant: &Tenant,
    [a, b, c, d]: Bytes<'_>,
    (kind, state): (i16, i16),
    (one, two, three): (i64, i64, i64),
    (first, second): Perhaps<'_>,
    (number, other): (Option<i64>, Option<i64>),
) -> Result<(), TestCaseError> {
    let row = message::Model {
        installation: 1,
        id: a.clone(),
        ordinal: one,
        group_id: b.clone(),
        sender_inbox: c.clone(),
        sender_installation: c.clone(),
        sent_at: two,
        inserted_at: three,
        expires_at: number,
        kind,
        delivery: state,
        content_authority: first.clone(),
        content_type: second.clone(),
        content_major: number,
        content_minor: other,
        content: d.clone(),
        reference: first.clone(),
        idempotency_key: d.clone(),
        originator: one,
        sequence_id: two,
        epoch: number,
    };
    read::<_, MessageRecord>(tenant, row)?;
    let row = intent::Model {
        installation: 1,
        id: b.clone(),
        ordinal: one,
        group_id: b.clone(),
        kind,
        data: c.clone(),
        state,
        settled: true,
        payload: first.clone(),
        payload_hash: second.clone(),
        payload_epoch: number,
        post_commit: second.clone(),
        message_id: first.clone(),
        should_push: true,
        attempts: two,
        created_at: three,
        error: second.clone(),
    };
    read::<_, IntentRecord>(tenant, row)?;
    let row = deletion::Model {
        installation: 1,
        request: a.clone(),
        ordinal: one,
        group_id: b.clone(),
        target: c.clone(),
        requested_by: d.clone(),
        as_super_admin: true,
        requested_at: two,
    };
    read::<_, DeletionRecord>(tenant, row)
}

fn rows_of_logs(
    tenant: &Tenant,
    [a, b, c, d]: Bytes<'_>,
    (kind, state): (i16, i16),
    (one, two, three): (i64, i64, i64),
    (first, second): Perhaps<'_>,
    number: Option<i64>,
) -> Result<(), TestCaseError> {
    let row = commit_log::Model {
        installation: 1,
        group_id: a.clone(),
        ordinal: one,
        sequence_id: two,
        last_authenticator: first.clone(),
        outcome: kind,
        epoch: three,
        authenticator: b.clone(),
        committer: second.clone(),
    };
    read::<_, CommitLogRecord>(tenant, row)?;
    let row = remote_commit_log::Model {
        installation: 1,
        group_id: a.clone(),
        log_sequence_id: one,
        commit_sequence_id: two,
        outcome: kind,
        epoch: three,
        last_authenticator: b.clone(),
        authenticator: c.clone(),
    };
    read::<_, RemoteCommitLogRecord>(tenant, row)?;
    let row = readd::Model {
        installation: 1,
        group_id: a.clone(),
        installation_id: b.clone(),
        requested_at: number,
        responded_at: number,
    };
    read::<_, ReaddRecord>(tenant, row)?;
    let row = rejected::Model {
        installation: 1,
        ordinal: one,
        topic: a.clone(),
        originator: two,
        sequence_id: three,
        code: c.clone(),
        detail: d.clone(),
        rejected_at: one,
    };
    read::<_, RejectedRecord>(tenant, row)?;
    let row = consent::Model { installation: 1, kind, entity: a.clone(), state, decided_at: one };
    read::<_, ConsentRecord>(tenant, row)?;
    let row = feed::Model {
        installation: 1,
        position: one,
        event: kind,
        group_id: first.clone(),
        message_id: second.clone(),
        inbox_id: first.clone(),
    };
    read::<_, FeedEntry>(tenant, row)
}

fn rows_of_work(
    tenant: &Tenant,
    [a, b, c, d]: Bytes<'_>,
    state: i16,
    (one, two, three): (i64, i64, i64),
    (first, number): (&Option<Vec<u8>>, Option<i64>),
) -> Result<(), TestCaseError> {
    let row = deferred_welcome::Model {
        installation: 1,
        originator: one,
        sequence_id: two,
        destination: b.clone(),
        server_time: three,
        data: c.clone(),
        hpke_public_key: c.clone(),
        algorithm: state,
        metadata: first.clone(),
        since: one,
    };
    read::<_, DeferredWelcome>(tenant, row)?;
    let row = iced::Model {
        installation: 1,
        topic: a.clone(),
        originator: one,
        sequence_id: two,
        depends_on: b.clone(),
        since: three,
        envelope: c.clone(),
    };
    read::<_, IcedEnvelope>(tenant, row)?;
    let row = sync_progress::Model { installation: 1, message_id: a.clone(), attempts: one, state };
    read::<_, SyncProgress>(tenant, row)?;
    let row = cutover::Model { installation: 1, announced_for: number, checked_at: one, moved: true };
    read::<_, CutoverRecord>(tenant, row)?;
    let row = task::Model {
        installation: 1,
        id: a.clone(),
        kind: b.clone(),
        data: c.clone(),
        created_at: one,
        due_at: two,
        expires_at: number,
        attempts: three,
        error: Some(d.clone()),
    };
    read::<_, TaskRecord>(tenant, row)
}
