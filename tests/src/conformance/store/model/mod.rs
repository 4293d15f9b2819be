//! A store against the store in memory: the same random history, the same answers.
//!
//! A history is a list of steps that a seed gives, so that it is the same in every run. When a store answers otherwise
//! than the model, steps and rows are left out as long as it still does; what remains is told with the difference.

mod dice;
mod questions;
mod rows;
mod things;

use std::collections::BTreeSet;
use std::sync::Arc;

use hexmtp_ports::store::{
    ChangeSet, FeedPosition, MlsRowChange, Revision, RowChange, Store, StoreError, Trim,
};
use hexmtp_store_memory::MemoryStore;

use self::dice::Dice;
use self::questions::answers;
use self::rows::{KINDS, any_row, kind};
use self::things::{SCOPES, scope};
use super::Stores;

/// The seeds of the histories.
const SEEDS: [u64; 4] = [7, 11, 2024, 0xfeed];
/// Steps in a history.
const STEPS: usize = 100;
/// One question of so many is asked after a step; all of them in the end.
const ONE_IN: u8 = 4;
/// Sessions that are open at the same time.
const SESSIONS: u8 = 3;
/// How often a shorter history is tried when one has failed.
const ATTEMPTS: usize = 200;

#[derive(Clone, Debug)]
enum Action {
    /// Scopes are expected at the revision that they have, or at another one where the flag is set.
    Commit { expect: Vec<(u8, bool)>, mls: Vec<MlsRowChange>, rows: Vec<RowChange> },
    /// The session goes away, perhaps closed, and another one takes its place.
    Reopen { close: bool },
    /// The session lets go of its medium and takes it up again.
    Release,
    /// The feed is trimmed to so many changes before its end.
    Trim { keep: u64, other: Trim },
    /// The space of what was removed is given back.
    Compact,
}

impl Action {
    /// The same commit without one of its rows, MLS rows or expectations, counted in this order.
    fn without(&self, part: usize) -> Option<Self> {
        let mut action = self.clone();
        let Self::Commit { expect, mls, rows } = &mut action else { return None };
        if part < rows.len() {
            rows.remove(part);
        } else if part < rows.len() + mls.len() {
            mls.remove(part - rows.len());
        } else if part < rows.len() + mls.len() + expect.len() {
            expect.remove(part - rows.len() - mls.len());
        } else {
            return None;
        }
        Some(action)
    }
}

#[derive(Clone, Debug)]
struct Step {
    session: usize,
    action: Action,
    /// The seed of what is asked afterwards.
    question: u64,
}

/// Mostly at the revisions that stand, now and then at others; rarely with a row of a scope that is not expected.
fn any_commit(dice: &mut Dice) -> Action {
    let mut expect = Vec::new();
    let mut mls = Vec::new();
    for n in 0..SCOPES {
        let expected = dice.one_in(3);
        if expected {
            expect.push((n, dice.one_in(15)));
        }
        if expected || dice.one_in(100) {
            mls.extend(dice.some(3, |dice| MlsRowChange {
                scope: scope(n),
                key: vec![dice.below(5)],
                value: (!dice.one_in(3)).then(|| vec![dice.below(9); usize::from(dice.below(50))]),
            }));
        }
    }
    Action::Commit { expect, mls, rows: dice.some(8, any_row) }
}

fn any_step(dice: &mut Dice) -> Step {
    let action = match dice.below(40) {
        0..=1 => Action::Reopen { close: dice.one_in(2) },
        2 => Action::Release,
        3 => Action::Trim {
            keep: dice.number(20),
            other: Trim {
                feed_up_to: None,
                rejected_before: dice.maybe(Dice::time),
                settled_intents_before: dice.maybe(Dice::time),
            },
        },
        4 if dice.one_in(3) => Action::Compact,
        _ => any_commit(dice),
    };
    Step { session: dice.below(SESSIONS).into(), action, question: dice.roll() }
}

/// A store in the middle of a history.
struct Course<'a> {
    stores: &'a Stores,
    sessions: Vec<Arc<dyn Store>>,
    /// The position at which the history began.
    start: u64,
}

impl<'a> Course<'a> {
    async fn begin(stores: &'a Stores) -> Self {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            sessions.push(stores.open().await);
        }
        sessions[0].wipe().await.unwrap();
        let start = sessions[0].position().await.unwrap().0;
        Self { stores, sessions, start }
    }

    /// What came of a step, as text that can be compared.
    async fn take(&mut self, step: &Step) -> String {
        let store = Arc::clone(&self.sessions[step.session]);
        let result = match &step.action {
            Action::Commit { expect, mls, rows } => {
                let changes = self.change_set(expect, mls, rows).await;
                store.commit(changes).await.map(|position| format!("at {}", position.0 - self.start))
            }
            Action::Reopen { close } => {
                self.sessions[step.session] = self.stores.open().await;
                if *close { store.close().await.map(|()| String::new()) } else { Ok(String::new()) }
            }
            Action::Release => match store.release().await {
                Ok(()) => store.reconnect().await.map(|()| String::new()),
                Err(error) => Err(error),
            },
            Action::Trim { keep, other } => {
                let position = store.position().await.unwrap().0;
                let up_to = position.saturating_sub(*keep).max(self.start);
                let trim = Trim { feed_up_to: Some(FeedPosition(up_to)), ..*other };
                store.trim(&trim).await.map(|()| String::new())
            }
            Action::Compact => store.compact().await.map(|()| String::new()),
        };
        result.unwrap_or_else(|error| match error {
            StoreError::Conflict { .. } | StoreError::Leased { .. } => format!("{error:?}"),
            error => error.code().to_owned(),
        })
    }

    async fn change_set(&self, expect: &[(u8, bool)], mls: &[MlsRowChange], rows: &[RowChange]) -> ChangeSet {
        let scopes: Vec<_> = expect.iter().map(|(n, _)| scope(*n)).collect();
        let loaded = self.sessions[0].load(&scopes).await.unwrap();
        let expect = loaded.iter().zip(expect).map(|(snapshot, (_, stale))| {
            (snapshot.scope, Revision(snapshot.revision.0 + u64::from(*stale)))
        });
        ChangeSet { expect: expect.collect(), mls: mls.to_vec(), rows: rows.to_vec() }
    }

    async fn answers(&self, step: &Step, one_in: u8) -> Vec<(String, String)> {
        answers(&self.sessions[step.session], self.start, step.question, one_in).await
    }
}

/// Takes the steps on both; gives the outcomes, or the first difference with the number of its step.
async fn run(stores: &Stores, model: &Stores, steps: &[Step]) -> Result<Vec<String>, (usize, String)> {
    let (mut model, mut store) = (Course::begin(model).await, Course::begin(stores).await);
    let mut outcomes = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let (expected, found) = (model.take(step).await, store.take(step).await);
        if found != expected {
            return Err((number, format!("it came to {found:?} instead of {expected:?}")));
        }
        outcomes.push(found);
        let one_in = if number + 1 == steps.len() { 1 } else { ONE_IN };
        let (expected, found) = (model.answers(step, one_in).await, store.answers(step, one_in).await);
        for ((question, expected), (_, found)) in expected.into_iter().zip(found) {
            if found != expected {
                return Err((number, format!("{question}\n  answered {found}\n  instead of {expected}")));
            }
        }
    }
    Ok(outcomes)
}

/// A history that shows a difference, on its way to a short one.
struct Shrinking<'a> {
    stores: &'a Stores,
    model: &'a Stores,
    steps: Vec<Step>,
    difference: String,
    attempts: usize,
}

impl Shrinking<'_> {
    /// Whether another history shows a difference too, which takes its place then.
    async fn is_shown_by(&mut self, steps: Vec<Step>) -> bool {
        if self.attempts == 0 {
            return false;
        }
        self.attempts -= 1;
        let Err((number, told)) = run(self.stores, self.model, &steps).await else { return false };
        (self.steps, self.difference) = (steps[..=number].to_vec(), told);
        true
    }

    /// Leaves out many steps at a time, then fewer.
    async fn without_steps(&mut self) {
        let mut size = self.steps.len() / 2;
        while size > 0 {
            let mut first = 0;
            while first < self.steps.len() {
                let after = (first + size).min(self.steps.len());
                let rest = [&self.steps[..first], &self.steps[after..]].concat();
                if !self.is_shown_by(rest).await {
                    first += size;
                }
            }
            size /= 2;
        }
    }

    /// Leaves out single rows and expectations.
    async fn without_parts_of_steps(&mut self) {
        for number in (0..self.steps.len()).rev() {
            let mut part = 0;
            while let Some(action) = self.steps.get(number).and_then(|step| step.action.without(part)) {
                let mut steps = self.steps.clone();
                steps[number].action = action;
                if !self.is_shown_by(steps).await {
                    part += 1;
                }
            }
        }
    }
}

fn model() -> Stores {
    let first = MemoryStore::default();
    Stores::new(move || {
        let store: Arc<dyn Store> = Arc::new(first.reopen());
        Box::pin(async { store })
    })
}

/// Rows of every kind, every query; conflicts, leases, sessions that come and go, trimming (R-STO-338).
pub async fn random_histories_agree(stores: Stores) {
    let model = model();
    let mut kinds = BTreeSet::new();
    let mut outcomes = Vec::new();
    for seed in SEEDS {
        let mut dice = Dice::new(seed);
        let steps: Vec<_> = (0..STEPS).map(|_| any_step(&mut dice)).collect();
        match run(&stores, &model, &steps).await {
            Ok(found) => outcomes.extend(found),
            Err((number, told)) => {
                let steps = steps[..=number].to_vec();
                let (stores, model) = (&stores, &model);
                let mut shrinking = Shrinking { stores, model, steps, difference: told, attempts: ATTEMPTS };
                shrinking.without_steps().await;
                shrinking.without_parts_of_steps().await;
                let steps: Vec<_> = shrinking.steps.iter().map(|step| format!("\n{step:?}")).collect();
                let (steps, told) = (steps.concat(), shrinking.difference);
                panic!("seed {seed}, step {number}: of the steps{steps}\nthe last one differs: {told}");
            }
        }
        for step in &steps {
            if let Action::Commit { rows, .. } = &step.action {
                kinds.extend(rows.iter().map(kind));
            }
        }
    }
    assert_eq!(kinds.len(), KINDS, "histories without some kinds of rows: only {kinds:?}");
    // A history in which everything or nothing succeeds tests little.
    let told = |start: &str| outcomes.iter().filter(|outcome| outcome.starts_with(start)).count();
    let (done, conflicts, leased) = (told("at "), told("Conflict"), told("Leased"));
    assert!(done > outcomes.len() / 2 && conflicts > 10 && leased > 3, "{done}, {conflicts}, {leased}");
    assert!(told("store.backend") > 0, "no row of a scope that was not expected");
}
