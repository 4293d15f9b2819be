//! Rows of every kind, at random.

use hexmtp_domain::intent::IntentState;
use hexmtp_ports::store::{
    CutoverRecord, KeyPackageRecord, RejectedRecord, RowChange, SyncProgress, SyncState,
};

use super::super::samples::{
    association_state, commit_line, consent, deferred, deletion, identity, intent, key_package, payload,
    preferences, rejected, update,
};
use super::super::samples_work::{give_back, iced, readd, remote_line, sync_progress, take, task};
use super::dice::Dice;
use super::things::{
    CONSENTS, DELIVERIES, any_conversation, any_entity, any_group, any_identifier, any_inbox, any_intent_id,
    any_lease_name, any_message, any_message_id, any_place, any_task_id, any_topic, any_watermark,
};

/// How many kinds of rows [`kind`] tells apart.
pub(crate) const KINDS: usize = 33;

/// The number of a row's kind: a new one does not compile until it is here, and must then occur in the histories.
pub(crate) const fn kind(row: &RowChange) -> usize {
    match row {
        RowChange::PutIdentity(_) => 0,
        RowChange::PutPreferences(_) => 1,
        RowChange::PutKeyPackage(_) => 2,
        RowChange::DeleteKeyPackage(_) => 3,
        RowChange::AppendIdentityUpdates { .. } => 4,
        RowChange::CacheAssociationState(_) => 5,
        RowChange::CacheInboxOf { .. } => 6,
        RowChange::PutConversation(_) => 7,
        RowChange::DeleteConversation(_) => 8,
        RowChange::InsertMessage(_) => 9,
        RowChange::SetDelivery { .. } => 10,
        RowChange::DeleteMessage(_) => 11,
        RowChange::RecordDeletion(_) => 12,
        RowChange::InsertIntent(_) => 13,
        RowChange::SetIntent { .. } => 14,
        RowChange::AdvanceCursor { .. } => 15,
        RowChange::AdvanceWatermark { .. } => 16,
        RowChange::PutConsent(_) => 17,
        RowChange::AppendCommitLog(_) => 18,
        RowChange::AppendRemoteCommitLog(_) => 19,
        RowChange::PutReadd(_) => 20,
        RowChange::RecordRejected(_) => 21,
        RowChange::DeferWelcome(_) => 22,
        RowChange::ForgetDeferredWelcome(_) => 23,
        RowChange::Ice(_) => 24,
        RowChange::Thaw { .. } => 25,
        RowChange::PutCutover(_) => 26,
        RowChange::PutSyncProgress(_) => 27,
        RowChange::InsertTask(_) => 28,
        RowChange::SetTask { .. } => 29,
        RowChange::DeleteTask(_) => 30,
        RowChange::TakeLease { .. } => 31,
        RowChange::ReleaseLease { .. } => 32,
    }
}

/// A row of any kind; those that lists are made of come most often.
pub(crate) fn any_row(dice: &mut Dice) -> RowChange {
    match dice.below(10) {
        0 => identity_row(dice),
        1..=2 => conversation_row(dice),
        3..=5 => message_row(dice),
        6..=7 => work_row(dice),
        8 => waiting_row(dice),
        _ => log_row(dice),
    }
}

fn identity_row(dice: &mut Dice) -> RowChange {
    match dice.below(7) {
        0 => RowChange::PutIdentity(identity(dice.below(3))),
        1 => RowChange::PutPreferences(preferences(dice.below(3), dice.below(6).into())),
        2 => RowChange::PutKeyPackage(KeyPackageRecord {
            created_at: dice.time(),
            superseded_at: dice.maybe(Dice::time),
            ..key_package(dice.below(4))
        }),
        3 => RowChange::DeleteKeyPackage(key_package(dice.below(4)).reference),
        4 => RowChange::AppendIdentityUpdates {
            inbox_id: any_inbox(dice),
            updates: (0..dice.number(4)).map(|n| update(n * 2)).collect(),
        },
        5 => RowChange::CacheAssociationState(association_state(dice.below(3), dice.number(6))),
        _ => RowChange::CacheInboxOf { identifier: any_identifier(dice), inbox_id: dice.maybe(any_inbox) },
    }
}

fn conversation_row(dice: &mut Dice) -> RowChange {
    match dice.below(8) {
        0..=4 => RowChange::PutConversation(Box::new(any_conversation(dice))),
        5 => RowChange::DeleteConversation(any_group(dice)),
        _ => RowChange::PutConsent(consent(any_entity(dice), dice.pick(&CONSENTS), dice.below(6).into())),
    }
}

fn message_row(dice: &mut Dice) -> RowChange {
    match dice.below(10) {
        0..=5 => RowChange::InsertMessage(any_message(dice)),
        6 => RowChange::SetDelivery {
            id: any_message_id(dice),
            status: dice.pick(&DELIVERIES),
            published: dice.maybe(|dice| (dice.time(), any_place(dice))),
        },
        7 => RowChange::DeleteMessage(any_message_id(dice)),
        8 => RowChange::RecordDeletion(deletion(dice.below(12), any_group(dice), dice.below(20))),
        _ => RowChange::PutSyncProgress(SyncProgress {
            attempts: dice.below(3).into(),
            ..sync_progress(
                dice.below(20),
                dice.pick(&[SyncState::Pending, SyncState::Done, SyncState::Failed]),
            )
        }),
    }
}

fn work_row(dice: &mut Dice) -> RowChange {
    let states = [
        IntentState::ToPublish,
        IntentState::Published,
        IntentState::Committed,
        IntentState::Processed,
        IntentState::Failed,
    ];
    match dice.below(9) {
        0..=1 => RowChange::InsertIntent(intent(dice.below(9), any_group(dice))),
        2 => RowChange::SetIntent {
            id: any_intent_id(dice),
            state: dice.pick(&states),
            payload: dice.maybe(|dice| payload(dice.one_in(2))),
            attempts: dice.below(3).into(),
            error: dice.maybe(|dice| format!("error {}", dice.below(3))),
        },
        3 => RowChange::InsertTask(task(dice.below(3), dice.below(6).into())),
        4 => RowChange::SetTask {
            id: any_task_id(dice),
            attempts: dice.below(3).into(),
            due_at: dice.time(),
            error: dice.maybe(|dice| format!("error {}", dice.below(3))),
        },
        5 => RowChange::DeleteTask(any_task_id(dice)),
        6..=7 => {
            let now = i64::from(dice.below(9));
            take(any_lease_name(dice), dice.below(3), now, now + i64::from(dice.below(4)))
        }
        _ => give_back(any_lease_name(dice), dice.below(3)),
    }
}

fn waiting_row(dice: &mut Dice) -> RowChange {
    match dice.below(7) {
        0 => RowChange::AdvanceCursor { topic: any_topic(dice), cursor: any_place(dice) },
        1 => RowChange::AdvanceWatermark { mark: any_watermark(dice), to: dice.number(9) },
        2 => RowChange::DeferWelcome(deferred(dice.below(2).into(), dice.number(3))),
        3 => {
            let known = deferred(dice.below(2).into(), dice.number(3));
            RowChange::ForgetDeferredWelcome(known.envelope.cursor)
        }
        4 => RowChange::Ice(iced(any_topic(dice), any_place(dice), &dice.some(3, any_place))),
        5 => RowChange::Thaw { topic: any_topic(dice), cursor: any_place(dice) },
        _ => RowChange::PutCutover(CutoverRecord {
            at: dice.maybe(Dice::time),
            checked_at: dice.time(),
            moved: dice.one_in(2),
        }),
    }
}

fn log_row(dice: &mut Dice) -> RowChange {
    match dice.below(4) {
        0 => RowChange::AppendCommitLog(commit_line(any_group(dice), dice.number(3))),
        1 => RowChange::AppendRemoteCommitLog(remote_line(any_group(dice), dice.number(6))),
        2 => {
            let (requested, responded) =
                (dice.maybe(|dice| dice.number(9)), dice.maybe(|dice| dice.number(9)));
            RowChange::PutReadd(readd(any_group(dice), dice.below(3), requested, responded))
        }
        _ => RowChange::RecordRejected(RejectedRecord {
            at: dice.time(),
            ..rejected(any_topic(dice), dice.number(3))
        }),
    }
}
