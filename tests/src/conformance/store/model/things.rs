//! What rows and questions are about: a few of each kind, so that they meet.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::identity::{EthereumAddress, Identifier, PasskeyKey};
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::message::{ContentTypeId, DeliveryStatus, MessageKind};
use hexmtp_domain::{Cursor, GroupId, InboxId, MessageId, Topic};
use hexmtp_ports::store::{
    ContentTypeName, ConversationRecord, ForkStatus, LeaseName, MembershipState, MessageRecord, Scope,
    TaskId, Watermark,
};

use super::super::samples::{
    conversation, full_conversation, full_message, group, inbox, installation, key_package, leaf, message,
    message_id,
};
use super::super::samples_work::place_of;
use super::dice::Dice;

pub(crate) const SCOPES: u8 = 5;
pub(crate) const KINDS: [ConversationKind; 3] =
    [ConversationKind::Group, ConversationKind::Dm, ConversationKind::Sync];
pub(crate) const MEMBERSHIPS: [MembershipState; 4] =
    [MembershipState::Allowed, MembershipState::Pending, MembershipState::Removed, MembershipState::Restored];
pub(crate) const CONSENTS: [ConsentState; 3] =
    [ConsentState::Unknown, ConsentState::Allowed, ConsentState::Denied];
pub(crate) const DELIVERIES: [DeliveryStatus; 3] =
    [DeliveryStatus::Unpublished, DeliveryStatus::Published, DeliveryStatus::Failed];
pub(crate) const MESSAGE_KINDS: [MessageKind; 2] = [MessageKind::Application, MessageKind::MembershipChange];

pub(crate) fn scope(n: u8) -> Scope {
    match n {
        0 => Scope::Installation,
        1 => Scope::KeyPackage(key_package(1).reference),
        n => Scope::Group(group(n - 1)),
    }
}

pub(crate) fn any_group(dice: &mut Dice) -> GroupId {
    group(dice.below(5))
}

pub(crate) fn any_inbox(dice: &mut Dice) -> InboxId {
    inbox(dice.below(3))
}

pub(crate) fn any_pair(dice: &mut Dice) -> (InboxId, InboxId) {
    dice.pick(&[(inbox(1), inbox(2)), (inbox(1), inbox(3))])
}

pub(crate) fn any_message_id(dice: &mut Dice) -> MessageId {
    message_id(dice.below(20))
}

pub(crate) fn any_intent_id(dice: &mut Dice) -> IntentId {
    IntentId([dice.below(9); 16])
}

pub(crate) fn any_task_id(dice: &mut Dice) -> TaskId {
    TaskId([dice.below(3); 32])
}

pub(crate) fn any_place(dice: &mut Dice) -> Cursor {
    let originator = dice.below(2).into();
    place_of(originator, dice.number(5))
}

pub(crate) fn any_topic(dice: &mut Dice) -> Topic {
    let other = [Topic::Welcome(installation(1)), Topic::Identity(inbox(1))];
    dice.maybe(any_group).map_or_else(|| dice.pick(&other), Topic::Group)
}

pub(crate) fn any_watermark(dice: &mut Dice) -> Watermark {
    let of = group(1 + dice.below(2));
    dice.pick(&[
        Watermark::CommitLogPublished(of),
        Watermark::CommitLogRead(of),
        Watermark::LocalCommitsCompared(of),
        Watermark::RemoteCommitsCompared(of),
    ])
}

pub(crate) fn any_lease_name(dice: &mut Dice) -> LeaseName {
    if dice.one_in(2) { LeaseName::Outbox(group(dice.below(3))) } else { LeaseName::Task(any_task_id(dice)) }
}

pub(crate) fn any_entity(dice: &mut Dice) -> ConsentEntity {
    if dice.one_in(4) {
        ConsentEntity::Inbox(any_inbox(dice))
    } else {
        ConsentEntity::Conversation(any_group(dice))
    }
}

pub(crate) fn any_identifier(dice: &mut Dice) -> Identifier {
    let n = dice.below(3);
    let passkey = Identifier::Passkey(PasskeyKey::new(vec![n; 20], None));
    if dice.one_in(2) { Identifier::Ethereum(EthereumAddress::new([n; 20])) } else { passkey }
}

const TYPES: [(&str, &str); 3] = [("xmtp.org", "text"), ("xmtp.org", "reaction"), ("example.org", "text")];

pub(crate) fn any_type_name(dice: &mut Dice) -> ContentTypeName {
    let (authority_id, type_id) = dice.pick(&TYPES);
    ContentTypeName { authority_id: authority_id.to_owned(), type_id: type_id.to_owned() }
}

fn any_type(dice: &mut Dice) -> ContentTypeId {
    let ContentTypeName { authority_id, type_id } = any_type_name(dice);
    ContentTypeId { authority_id, type_id, version_major: dice.below(2).into(), version_minor: 0 }
}

pub(crate) fn any_conversation(dice: &mut Dice) -> ConversationRecord {
    let n = dice.below(5);
    let record = if dice.one_in(2) { full_conversation(n) } else { conversation(n) };
    let kind = dice.pick(&KINDS);
    ConversationRecord {
        kind,
        dm_pair: (kind == ConversationKind::Dm).then(|| any_pair(dice)),
        membership: dice.pick(&MEMBERSHIPS),
        fork: ForkStatus { publishes_commit_log: dice.one_in(2), ..record.fork },
        created_at: dice.time(),
        last_message_at: dice.maybe(Dice::time),
        // The many members of the sample are for another case: they make this one slow.
        members: (0..dice.below(3)).map(leaf).collect(),
        pending_removals: dice.some(2, any_inbox).into_iter().collect(),
        ..record
    }
}

pub(crate) fn any_message(dice: &mut Dice) -> MessageRecord {
    let (n, of, sent_at) = (dice.below(20), any_group(dice), dice.below(6).into());
    let record = if dice.one_in(4) { full_message(n, of, sent_at) } else { message(n, of, sent_at) };
    MessageRecord {
        sender: leaf(dice.below(3)),
        inserted_at: dice.time(),
        expires_at: dice.maybe(Dice::time),
        kind: dice.pick(&MESSAGE_KINDS),
        delivery: dice.pick(&DELIVERIES),
        content_type: dice.maybe(any_type),
        reference: dice.maybe(any_message_id),
        cursor: dice.maybe(any_place),
        ..record
    }
}
