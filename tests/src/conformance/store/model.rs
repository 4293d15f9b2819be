//! A store against the store in memory: the same random history, the same answers.

use std::fmt::Debug;
use std::sync::Arc;

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::intent::{IntentId, IntentState};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{Cursor, Originator, SequenceId, Topic};
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, ConversationRecord, Direction, FeedPosition, KeyPackageRecord,
    MessageFilter, MessageRecord, MlsRowChange, Revision, RowChange, Scope, Store, StoreError,
};
use hexmtp_store_memory::MemoryStore;

use super::Stores;
use super::samples::{
    at, commit_line, consent, conversation, deferred, full_conversation, full_message, group, identity,
    inbox, intent, key_package, message, message_id, payload, place, rejected, update,
};

/// Commits in a history.
const COMMITS: usize = 150;

/// A small generator (SplitMix64): histories are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    fn below(&mut self, sides: u8) -> u8 {
        u8::try_from(self.roll() % u64::from(sides)).unwrap()
    }

    fn one_in(&mut self, sides: u8) -> bool {
        self.below(sides) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.below(u8::try_from(choices.len()).unwrap()))]
    }
}

const SCOPES: u8 = 4;

fn scope(n: u8) -> Scope {
    match n {
        0 => Scope::Installation,
        1 => Scope::KeyPackage(key_package(1).reference),
        n => Scope::Group(group(n)),
    }
}

fn random_conversation(dice: &mut Dice) -> ConversationRecord {
    let n = dice.below(4);
    let record = if dice.one_in(2) { full_conversation(n) } else { conversation(n) };
    let last = i64::from(dice.below(4));
    ConversationRecord {
        kind: dice.pick(&[ConversationKind::Group, ConversationKind::Dm, ConversationKind::Sync]),
        created_at: at(dice.below(4).into()),
        last_message_at: dice.one_in(2).then(|| at(last)),
        ..record
    }
}

fn random_message(dice: &mut Dice) -> MessageRecord {
    let (n, of, sent_at) = (dice.below(40), group(dice.below(4)), dice.below(5).into());
    let record = if dice.one_in(2) { full_message(n, of, sent_at) } else { message(n, of, sent_at) };
    let cursor = Cursor::new(Originator(dice.below(2).into()), SequenceId(dice.below(3).into()));
    MessageRecord { cursor: dice.one_in(2).then_some(cursor), ..record }
}

fn random_row(dice: &mut Dice) -> RowChange {
    let states = [
        IntentState::ToPublish,
        IntentState::Published,
        IntentState::Committed,
        IntentState::Processed,
        IntentState::Failed,
    ];
    match dice.below(16) {
        0 => RowChange::PutIdentity(identity(dice.below(3))),
        1 => RowChange::PutKeyPackage(KeyPackageRecord {
            created_at: at(dice.below(2).into()),
            ..key_package(dice.below(4))
        }),
        2 => RowChange::DeleteKeyPackage(key_package(dice.below(4)).reference),
        3 => RowChange::AppendIdentityUpdates {
            inbox_id: inbox(dice.below(2)),
            updates: (0..dice.below(4)).map(|n| update(u64::from(n * 2))).collect(),
        },
        4 => RowChange::PutConversation(Box::new(random_conversation(dice))),
        5..=6 => RowChange::InsertMessage(random_message(dice)),
        7 => RowChange::SetDelivery {
            id: message_id(dice.below(40)),
            status: dice.pick(&[DeliveryStatus::Published, DeliveryStatus::Failed]),
            published: dice.one_in(2).then_some((at(3), place(2))),
        },
        8 => RowChange::InsertIntent(intent(dice.below(9), group(dice.below(3)))),
        9 => RowChange::SetIntent {
            id: IntentId([dice.below(9); 16]),
            state: dice.pick(&states),
            payload: dice.one_in(2).then(|| payload(true)),
            attempts: dice.below(3).into(),
            error: dice.one_in(3).then(|| "error".to_owned()),
        },
        10 => RowChange::AdvanceCursor {
            topic: Topic::Group(group(dice.below(2))),
            cursor: Cursor::new(Originator(dice.below(2).into()), SequenceId(dice.below(9).into())),
        },
        11 => {
            let entity = ConsentEntity::Conversation(group(dice.below(3)));
            let state = dice.pick(&[ConsentState::Unknown, ConsentState::Allowed, ConsentState::Denied]);
            RowChange::PutConsent(consent(entity, state, dice.below(4).into()))
        }
        12 => RowChange::AppendCommitLog(commit_line(group(dice.below(2)), dice.below(3).into())),
        13 => RowChange::DeferWelcome(deferred(dice.below(2).into(), dice.below(3).into())),
        14 => {
            let known = deferred(dice.below(2).into(), dice.below(3).into());
            RowChange::ForgetDeferredWelcome(known.envelope.cursor)
        }
        _ => RowChange::RecordRejected(rejected(Topic::Group(group(1)), dice.below(3).into())),
    }
}

/// Mostly at the revisions that stand, now and then at others.
async fn random_changes(dice: &mut Dice, model: &MemoryStore) -> ChangeSet {
    let mut changes = ChangeSet::default();
    for n in 0..SCOPES {
        if dice.one_in(3) {
            let loaded = model_load(model, n).await;
            let wrong = u64::from(dice.one_in(15));
            changes.expect.push((scope(n), Revision(loaded.0 + wrong)));
            for _ in 0..dice.below(4) {
                let value = (!dice.one_in(3)).then(|| vec![dice.below(9); usize::from(dice.below(50))]);
                changes.mls.push(MlsRowChange { scope: scope(n), key: vec![dice.below(5)], value });
            }
        }
    }
    changes.rows = (0..dice.below(7)).map(|_| random_row(dice)).collect();
    changes
}

async fn model_load(model: &MemoryStore, n: u8) -> Revision {
    let model: Arc<dyn Store> = Arc::new(model.clone());
    model.load(&[scope(n)]).await.unwrap().remove(0).revision
}

fn outcome(result: Result<FeedPosition, StoreError>) -> Result<FeedPosition, String> {
    result.map_err(|error| error.to_string())
}

/// The answers to every query, as text that can be compared and shown.
async fn answers(store: &Arc<dyn Store>, dice: &mut Dice) -> Vec<String> {
    fn shown(answer: impl Debug) -> String {
        format!("{answer:?}")
    }
    let limit = dice.one_in(2).then(|| usize::from(dice.below(6)));
    let states = [ConsentState::Unknown, ConsentState::Allowed, ConsentState::Denied];
    let conversations = ConversationFilter {
        kinds: if dice.one_in(2) { vec![ConversationKind::Dm] } else { Vec::new() },
        consent: states.into_iter().filter(|_| dice.one_in(3)).collect(),
        created_after: dice.one_in(3).then(|| at(1)),
        created_before: dice.one_in(3).then(|| at(3)),
        limit,
    };
    let messages = MessageFilter {
        groups: (0..4).filter(|_| dice.one_in(3)).map(group).collect(),
        sent_after: dice.one_in(3).then(|| at(1)),
        sent_before: dice.one_in(3).then(|| at(4)),
        direction: dice.pick(&[Direction::Ascending, Direction::Descending]),
        limit,
        ..MessageFilter::default()
    };
    let scopes: Vec<_> = (0..SCOPES).map(scope).collect();
    let mut answers = vec![
        shown(store.load(&scopes).await.unwrap()),
        shown(store.position().await.unwrap()),
        shown(store.changes_after(FeedPosition(dice.below(30).into()), 40).await.unwrap()),
        shown(store.identity().await.unwrap()),
        shown(store.key_packages().await.unwrap()),
        shown(store.conversations(&conversations).await.unwrap()),
        shown(store.dm_groups((inbox(1), inbox(2))).await.unwrap()),
        shown(store.messages(&messages).await.unwrap()),
        shown(store.count_messages(&messages).await.unwrap()),
        shown(store.groups_with_open_intents().await.unwrap()),
        shown(store.deferred_welcomes().await.unwrap()),
        shown(store.rejected(20).await.unwrap()),
        shown(store.latest_identity_updates(&[inbox(0), inbox(1), inbox(2)]).await.unwrap()),
    ];
    for n in 0..4 {
        answers.push(shown(store.conversation(group(n)).await.unwrap()));
        answers.push(shown(store.open_intents(group(n)).await.unwrap()));
        answers.push(shown(store.cursor(Topic::Group(group(n))).await.unwrap()));
        answers.push(shown(store.commit_log(group(n)).await.unwrap()));
        answers.push(shown(store.consent(&ConsentEntity::Conversation(group(n))).await.unwrap()));
        answers
            .push(shown(store.identity_updates(inbox(n), SequenceId(dice.below(4).into())).await.unwrap()));
    }
    answers
}

/// Commits, conflicts and reopenings at random.
pub async fn random_histories_agree(stores: Stores) {
    let mut dice = Dice(7);
    let model = MemoryStore::default();
    let model_store: Arc<dyn Store> = Arc::new(model.clone());
    let mut store = stores.open().await;
    let mut conflicts = 0;
    for number in 0..COMMITS {
        if dice.one_in(20) {
            store = stores.open().await;
        }
        let changes = random_changes(&mut dice, &model).await;
        let expected = outcome(model_store.commit(changes.clone()).await);
        conflicts += usize::from(expected.is_err());
        assert_eq!(outcome(store.commit(changes.clone()).await), expected, "commit {number}: {changes:?}");
        let question = dice.roll();
        let expected = answers(&model_store, &mut Dice(question)).await;
        let found = answers(&store, &mut Dice(question)).await;
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "after commit {number}: {changes:?}");
        }
    }
    assert!((5..COMMITS / 2).contains(&conflicts), "a history without conflicts tests little: {conflicts}");
}
