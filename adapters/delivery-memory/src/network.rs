//! The network's state and the way into it.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use hexmtp_domain::{GroupId, InstallationId, Timestamp, WelcomeDestination};
use hexmtp_ports::commit_log::LoggedCommit;
use hexmtp_ports::delivery::{GroupEnvelope, WelcomeEnvelope};
use hexmtp_ports::platform::Clock;

use crate::calls::{Admission, Call, CallCounts, Gate, Outage};
use crate::chain::Chains;
use crate::faults::Faults;
use crate::identity::Inboxes;
use crate::log::Table;
use crate::subscription::Subscribers;

/// How many unread live envelopes end a subscription, unless the network was made with another limit.
const UNREAD_LIMIT: usize = 10_000;

/// A network in one process. Handles made by `clone` are the same network.
#[derive(Clone)]
pub struct MemoryNetwork(Arc<Mutex<State>>);

pub(crate) struct State {
    clock: Arc<dyn Clock>,
    last_time: Timestamp,
    pub(crate) groups: Table<GroupId, GroupEnvelope>,
    pub(crate) welcomes: Table<WelcomeDestination, WelcomeEnvelope>,
    pub(crate) key_packages: HashMap<InstallationId, Vec<u8>>,
    pub(crate) inboxes: Inboxes,
    pub(crate) chains: Chains,
    pub(crate) commit_logs: Table<GroupId, LoggedCommit>,
    pub(crate) subscribers: Subscribers,
    pub(crate) gate: Gate,
}

impl State {
    /// The time of an envelope: the clock's, but always later than that of the envelope before.
    pub(crate) fn stamp(&mut self) -> Timestamp {
        self.last_time = self.clock.now().max(self.last_time.plus(Duration::from_nanos(1)));
        self.last_time
    }

    fn woken(&mut self) -> Vec<Waker> {
        let mut wakers = self.subscribers.woken();
        wakers.append(&mut self.gate.woken);
        wakers
    }
}

impl MemoryNetwork {
    /// An empty network whose server reads `clock`. A subscriber that leaves more than 10 000 live envelopes
    /// unread loses its subscription.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_unread_limit(clock, UNREAD_LIMIT)
    }

    /// As [`MemoryNetwork::new`] with another limit of unread live envelopes per subscription.
    #[must_use]
    pub fn with_unread_limit(clock: Arc<dyn Clock>, limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            clock,
            last_time: Timestamp::ZERO,
            groups: Table::default(),
            welcomes: Table::default(),
            key_packages: HashMap::new(),
            inboxes: Inboxes::default(),
            chains: Chains::default(),
            commit_logs: Table::default(),
            subscribers: Subscribers::new(limit),
            gate: Gate::default(),
        })))
    }

    /// How often each method was called up to now.
    #[must_use]
    pub fn calls(&self) -> CallCounts {
        self.lock().gate.counts.clone()
    }

    /// What a test can do to this network.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(self.clone())
    }

    /// Serves one call, unless a fault intervenes.
    pub(crate) async fn serve<T, E: From<Outage>>(
        &self,
        call: Call,
        work: impl FnOnce(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        self.lock().gate.count(call);
        let silent = poll_fn(|context| {
            let mut state = self.lock();
            match state.gate.admit(call) {
                Admission::Wait => {
                    state.gate.waiting.push(context.waker().clone());
                    Poll::Pending
                }
                Admission::Refuse => Poll::Ready(Err(Outage)),
                Admission::Serve => Poll::Ready(Ok(false)),
                Admission::ServeInSilence => Poll::Ready(Ok(true)),
            }
        })
        .await?;
        let outcome = self.change(work);
        if silent { Err(Outage.into()) } else { outcome }
    }

    /// Changes the state in one step, then wakes who waits for it.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let outcome = work(&mut state);
        let woken = state.woken();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        outcome
    }

    /// No step of ours panics halfway through a change, so the state is whole even behind a poisoned lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNetwork").finish_non_exhaustive()
    }
}
