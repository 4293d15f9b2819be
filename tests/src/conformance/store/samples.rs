//! Records to store.

use std::collections::BTreeSet;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::group::{ConversationKind, LeafMember};
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::intent::{Intent, IntentId, IntentState, StagedPayload};
use hexmtp_domain::message::{ContentTypeId, DeliveryStatus, MessageKind};
use hexmtp_domain::welcome::{PostCommit, WelcomeRecipient, WrapperAlgorithm};
use hexmtp_domain::{
    Cursor, Epoch, EpochAuthenticator, GroupId, InboxId, InstallationId, KeyPackageRef, MessageId,
    Originator, PayloadHash, Secret, SequenceId, Timestamp, Topic,
};
use hexmtp_ports::delivery::{WelcomeEnvelope, WelcomePayload};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{
    CachedAssociationState, CommitLogRecord, CommitOutcome, ConversationRecord, DeferredWelcome,
    DeletionRecord, ForkStatus, IdentityRecord, IntentRecord, KeyPackageRecord, MembershipState,
    MessageRecord, PreferencesRecord, RejectedRecord,
};

/// Text that a careless column spoils: other scripts, an emoji of several characters, quotes, a zero character.
pub const TEXT: &str = "naïve Ωμέγα 漢字 👩‍👩‍👧 ' \" \\ % \u{0} \u{202e}end";
/// The largest number that a store must take.
pub const LARGEST: u64 = i64::MAX as u64;

/// A group.
pub fn group(n: u8) -> GroupId {
    GroupId::new([n; 16])
}

/// An inbox.
pub fn inbox(n: u8) -> InboxId {
    InboxId::new([n; 32])
}

/// An installation.
pub fn installation(n: u8) -> InstallationId {
    InstallationId::new([n; 32])
}

/// A leaf.
pub fn leaf(n: u8) -> LeafMember {
    LeafMember { inbox_id: inbox(n), installation_id: installation(n) }
}

/// The id of a message.
pub fn message_id(n: u8) -> MessageId {
    MessageId::new([n; 32])
}

/// A time.
pub fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// A place in a log of application messages.
pub fn place(number: u64) -> Cursor {
    Cursor::new(Originator::APPLICATION_MESSAGES, SequenceId(number))
}

/// An identity that is registered.
pub fn identity(n: u8) -> IdentityRecord {
    IdentityRecord {
        inbox_id: inbox(n),
        key: InstallationKey::from_seed([n; 32]).into(),
        created_at: at(n.into()),
        registered: Some(SequenceId(LARGEST)),
    }
}

/// Preferences of a time.
pub fn preferences(n: u8, nanos: i64) -> PreferencesRecord {
    PreferencesRecord { hmac_root: Secret::new(vec![n; 42]), hmac_cycled_at: at(nanos) }
}

/// What an identity log says after an update.
pub fn association_state(n: u8, number: u64) -> CachedAssociationState {
    CachedAssociationState {
        inbox_id: inbox(n),
        sequence_id: SequenceId(number),
        state: number.to_be_bytes().to_vec(),
    }
}

/// A key package that nothing has happened to yet.
pub fn key_package(n: u8) -> KeyPackageRecord {
    KeyPackageRecord {
        reference: KeyPackageRef::new([n; 32]),
        init_key: (vec![n, 1], Secret::new(vec![n, 2])),
        wrapper_key: (vec![n, 3], Secret::new(vec![n, 4])),
        created_at: at(n.into()),
        uploaded: false,
        superseded_at: None,
    }
}

/// An identity update.
pub fn update(number: u64) -> LoggedUpdate {
    LoggedUpdate {
        sequence_id: SequenceId(number),
        server_time: at(-1),
        update: number.to_be_bytes().to_vec(),
    }
}

/// A conversation in which everything optional is absent and every list is empty.
pub fn conversation(n: u8) -> ConversationRecord {
    ConversationRecord {
        id: group(n),
        kind: ConversationKind::Group,
        dm_pair: None,
        created_at: at(n.into()),
        creator: inbox(n),
        added_by: inbox(n),
        membership: MembershipState::Allowed,
        epoch: Epoch(0),
        authenticator: EpochAuthenticator::new([n; 32]),
        extensions: Vec::new(),
        members: Vec::new(),
        pending_removals: BTreeSet::new(),
        paused_for: None,
        needs_readd: None,
        fork: ForkStatus::default(),
        rotated_at: Timestamp::ZERO,
        installations_checked_at: Timestamp::ZERO,
        welcome_sequence_id: None,
        last_message_at: None,
    }
}

/// A conversation in which everything is there.
pub fn full_conversation(n: u8) -> ConversationRecord {
    ConversationRecord {
        kind: ConversationKind::Dm,
        dm_pair: Some((inbox(1), inbox(2))),
        added_by: inbox(9),
        membership: MembershipState::Removed,
        epoch: Epoch(LARGEST),
        extensions: vec![
            RawExtension { id: 0xff00, data: vec![0, 1, 255] },
            RawExtension { id: 0, data: Vec::new() },
            RawExtension { id: u16::MAX, data: vec![7; 5000] },
        ],
        members: (0..=255).map(leaf).collect(),
        pending_removals: (0..=255).rev().map(inbox).collect(),
        paused_for: Some(TEXT.to_owned()),
        needs_readd: Some(String::new()),
        fork: ForkStatus {
            publishes_commit_log: true,
            commit_log_key: Some(vec![255; 32]),
            forked: Some(false),
            suspicion: Some(TEXT.to_owned()),
        },
        rotated_at: at(i64::MAX),
        installations_checked_at: at(i64::MIN),
        welcome_sequence_id: Some(SequenceId(LARGEST)),
        last_message_at: Some(at(1000)),
        ..conversation(n)
    }
}

/// A message in which everything optional is absent.
pub fn message(n: u8, group_id: GroupId, sent_at: i64) -> MessageRecord {
    MessageRecord {
        id: message_id(n),
        group_id,
        sender: leaf(n),
        sent_at: at(sent_at),
        inserted_at: at(sent_at),
        expires_at: None,
        kind: MessageKind::Application,
        delivery: DeliveryStatus::Published,
        content_type: None,
        content: Vec::new(),
        reference: None,
        idempotency_key: String::new(),
        cursor: None,
        epoch: None,
    }
}

/// A message in which everything is there.
pub fn full_message(n: u8, group_id: GroupId, sent_at: i64) -> MessageRecord {
    MessageRecord {
        inserted_at: at(i64::MAX),
        expires_at: Some(at(i64::MIN)),
        kind: MessageKind::MembershipChange,
        delivery: DeliveryStatus::Unpublished,
        content_type: Some(ContentTypeId {
            authority_id: TEXT.to_owned(),
            type_id: String::new(),
            version_major: u32::MAX,
            version_minor: 0,
        }),
        content: TEXT.as_bytes().to_vec(),
        reference: Some(message_id(255)),
        idempotency_key: TEXT.to_owned(),
        cursor: Some(Cursor::new(Originator(u32::MAX), SequenceId(LARGEST))),
        epoch: Some(Epoch(LARGEST)),
        ..message(n, group_id, sent_at)
    }
}

/// A request to take back a message, by its author.
pub fn deletion(request: u8, group_id: GroupId, target: u8) -> DeletionRecord {
    DeletionRecord {
        request: message_id(request),
        group_id,
        target: message_id(target),
        by: inbox(target),
        as_super_admin: false,
        at: at(request.into()),
    }
}

/// An intent that nothing has happened to yet.
pub fn intent(n: u8, group_id: GroupId) -> IntentRecord {
    IntentRecord {
        id: IntentId([n; 16]),
        group_id,
        intent: Intent::KeyUpdate,
        state: IntentState::ToPublish,
        payload: None,
        message_id: None,
        should_push: false,
        attempts: 0,
        created_at: at(n.into()),
        error: None,
    }
}

/// A payload; `welcomes` adds what is to be sent afterwards.
pub fn payload(welcomes: bool) -> StagedPayload {
    let recipient = |n, algorithm, supports_pointers| WelcomeRecipient {
        installation_id: installation(n),
        public_key: vec![n; 32],
        algorithm,
        supports_pointers,
    };
    let post_commit = PostCommit {
        welcome: vec![1, 2, 3],
        recipients: vec![
            recipient(5, WrapperAlgorithm::XWing, true),
            recipient(4, WrapperAlgorithm::Curve25519, false),
        ],
    };
    StagedPayload {
        data: vec![0, 255],
        hash: PayloadHash::of(&[0, 255]),
        epoch: Epoch(LARGEST),
        post_commit: welcomes.then_some(post_commit),
    }
}

/// Consent.
pub fn consent(entity: ConsentEntity, state: ConsentState, nanos: i64) -> ConsentRecord {
    ConsentRecord { entity, state, at: at(nanos) }
}

/// A line of the commit log in which everything optional is absent.
pub fn commit_line(group_id: GroupId, number: u64) -> CommitLogRecord {
    CommitLogRecord {
        group_id,
        sequence_id: SequenceId(number),
        last_authenticator: None,
        outcome: CommitOutcome::Applied,
        epoch: Epoch(number),
        authenticator: EpochAuthenticator::new([1; 32]),
        committer: None,
    }
}

/// A welcome pointer that waits.
pub fn deferred(originator: u32, number: u64) -> DeferredWelcome {
    let payload = WelcomePayload::Pointer {
        data: vec![1, 2, 3],
        hpke_public_key: vec![4; 1216],
        algorithm: WrapperAlgorithm::XWing,
    };
    let cursor = Cursor::new(Originator(originator), SequenceId(number));
    let envelope = WelcomeEnvelope { destination: installation(7), cursor, server_time: at(-3), payload };
    DeferredWelcome { envelope, since: at(12) }
}

/// A refused envelope.
pub fn rejected(topic: Topic, number: u64) -> RejectedRecord {
    RejectedRecord {
        topic,
        cursor: place(number),
        code: "message.malformed_envelope".to_owned(),
        detail: TEXT.to_owned(),
        at: at(-5),
    }
}
