//! Who waits for what: from the writer to the subscribers, without a gap and without repetition.
//!
//! A subscriber reads each topic from the database first. While it does, the topic is *behind*: the hub only notes
//! the newest number that was announced. Once the subscriber has read all that there is, it settles the topic under
//! the same lock under which the writer announces, and from then on gets what is announced. What was announced before
//! that moment was durable earlier, so reading finds it; what it has read already is told by its number.
//!
//! Only live entries wait in memory, shared by all who wait for them, and no more of them than a limit says.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use hexmtp_domain::Topic;

use crate::envelope::Envelope;
use crate::metrics::Metrics;

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;

/// Why a subscription ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// More waited for the subscriber than the limit allows.
    TooSlow,
    /// The node is shutting down.
    Shutdown,
}

/// The limits of what waits for one subscriber.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries.
    pub(crate) messages: usize,
    /// Their bytes.
    pub(crate) bytes: usize,
}

/// How far a subscriber is with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It reads the database; this was announced meanwhile.
    Behind { announced: u64 },
    /// It has everything up to this number, and gets what comes.
    Live { after: u64 },
}

#[derive(Debug, Default)]
struct Subscriber {
    topics: HashMap<Topic, Progress>,
    waiting: VecDeque<Arc<Envelope>>,
    waiting_bytes: usize,
    end: Option<End>,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    subscribers: HashMap<u64, Subscriber>,
    by_topic: HashMap<Topic, Vec<u64>>,
    is_closed: bool,
}

/// All subscribers of a node. A clone is the same hub.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    limits: Limits,
    metrics: Arc<Metrics>,
}

impl Hub {
    /// A hub without subscribers.
    pub(crate) fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared { state: Mutex::default(), limits, metrics }))
    }

    /// A new subscriber, of nothing yet.
    pub(crate) fn subscribe(&self) -> Subscription {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let end = state.is_closed.then_some(End::Shutdown);
        state.subscribers.insert(number, Subscriber { end, ..Subscriber::default() });
        self.0.metrics.subscriptions.inc();
        Subscription { hub: self.clone(), number }
    }

    /// Tells of entries that are durable, in the order of their numbers.
    pub(crate) fn announce(&self, envelopes: &[Arc<Envelope>]) {
        let mut wakers = Vec::new();
        let mut guard = self.lock();
        let state = &mut *guard;
        for envelope in envelopes {
            for number in state.by_topic.get(&envelope.topic).into_iter().flatten() {
                let Some(subscriber) = state.subscribers.get_mut(number) else { continue };
                if subscriber.offer(envelope, self.0.limits) {
                    self.0.metrics.dropped_subscriptions.inc();
                }
                wakers.extend(subscriber.waker.take());
            }
        }
        drop(guard);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends all subscriptions, also those that come later.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let mut wakers = Vec::new();
        for subscriber in state.subscribers.values_mut() {
            subscriber.stop(End::Shutdown);
            wakers.extend(subscriber.waker.take());
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// No step of ours panics halfway through a change, so the state is whole even behind a poisoned lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    /// Takes in an announced entry. Says whether it was the one too many.
    fn offer(&mut self, envelope: &Arc<Envelope>, limits: Limits) -> bool {
        match self.topics.get_mut(&envelope.topic) {
            None => return false,
            Some(Progress::Behind { announced }) => {
                *announced = envelope.id.max(*announced);
                return false;
            }
            Some(Progress::Live { after }) if envelope.id <= *after => return false,
            Some(Progress::Live { after }) => *after = envelope.id,
        }
        if self.end.is_some() {
            return false;
        }
        let bytes = self.waiting_bytes.saturating_add(envelope.size);
        // One entry is always taken, however large it is.
        if self.waiting.len() >= limits.messages || (bytes > limits.bytes && !self.waiting.is_empty()) {
            self.stop(End::TooSlow);
            return true;
        }
        self.waiting_bytes = bytes;
        self.waiting.push_back(Arc::clone(envelope));
        false
    }

    /// The first reason stays.
    fn stop(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
    }

    fn take(&mut self) -> Option<Arc<Envelope>> {
        let envelope = self.waiting.pop_front()?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(envelope.size);
        Some(envelope)
    }
}

impl State {
    fn forget(&mut self, number: u64, topic: &Topic) {
        if let Some(numbers) = self.by_topic.get_mut(topic) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_topic.remove(topic);
            }
        }
    }
}

/// One subscriber's end of the hub. Dropping it ends the subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Hub,
    number: u64,
}

impl Subscription {
    /// How many topics there are.
    pub(crate) fn topics(&self) -> usize {
        self.hub.lock().subscribers.get(&self.number).map_or(0, |subscriber| subscriber.topics.len())
    }

    /// Whether the topic is one of those.
    pub(crate) fn has(&self, topic: &Topic) -> bool {
        let state = self.hub.lock();
        state.subscribers.get(&self.number).is_some_and(|subscriber| subscriber.topics.contains_key(topic))
    }

    /// Those of the topics that have to be read again to be read from the given number on: they are behind
    /// already, or live and beyond it.
    pub(crate) fn beyond<'a>(&self, topics: impl IntoIterator<Item = (&'a Topic, &'a u64)>) -> Vec<Topic> {
        let state = self.hub.lock();
        let Some(subscriber) = state.subscribers.get(&self.number) else { return Vec::new() };
        let is_beyond = |(topic, from): &(&Topic, &u64)| match subscriber.topics.get(topic) {
            Some(Progress::Live { after }) => *after > **from,
            Some(Progress::Behind { .. }) => true,
            None => false,
        };
        topics.into_iter().filter(is_beyond).map(|(topic, _)| *topic).collect()
    }

    /// Begins with topics; all are behind. One that is there already stays as it is.
    pub(crate) fn add(&self, topics: impl IntoIterator<Item = Topic>) {
        let mut guard = self.hub.lock();
        let state = &mut *guard;
        let Some(subscriber) = state.subscribers.get_mut(&self.number) else { return };
        for topic in topics {
            if let std::collections::hash_map::Entry::Vacant(vacant) = subscriber.topics.entry(topic) {
                vacant.insert(Progress::Behind { announced: 0 });
                state.by_topic.entry(topic).or_default().push(self.number);
            }
        }
    }

    /// Gives topics up. What of them waits already is not delivered.
    pub(crate) fn remove(&self, topics: &[Topic]) {
        let mut guard = self.hub.lock();
        let state = &mut *guard;
        let Some(subscriber) = state.subscribers.get_mut(&self.number) else { return };
        let removed: HashSet<Topic> =
            topics.iter().copied().filter(|topic| subscriber.topics.remove(topic).is_some()).collect();
        subscriber.waiting.retain(|envelope| !removed.contains(&envelope.topic));
        subscriber.waiting_bytes = subscriber.waiting.iter().map(|envelope| envelope.size).sum();
        for topic in removed {
            state.forget(self.number, &topic);
        }
    }

    /// Makes those topics live of which everything up to the given number was read, unless more was announced
    /// meanwhile. Gives back those that are still behind.
    pub(crate) fn settle(&self, topics: impl IntoIterator<Item = (Topic, u64)>) -> Vec<(Topic, u64)> {
        let mut state = self.hub.lock();
        let Some(subscriber) = state.subscribers.get_mut(&self.number) else { return Vec::new() };
        let mut behind = Vec::new();
        for (topic, read) in topics {
            match subscriber.topics.get_mut(&topic) {
                Some(Progress::Behind { announced }) if *announced > read => behind.push((topic, read)),
                Some(progress @ Progress::Behind { .. }) => *progress = Progress::Live { after: read },
                Some(Progress::Live { .. }) | None => {}
            }
        }
        behind
    }

    /// What has come live; `None` when there is nothing now.
    pub(crate) fn try_next(&self) -> Option<Result<Arc<Envelope>, End>> {
        let mut state = self.hub.lock();
        let subscriber = state.subscribers.get_mut(&self.number)?;
        match subscriber.end {
            Some(end) => Some(Err(end)),
            None => subscriber.take().map(Ok),
        }
    }

    /// Waits for what comes live.
    pub(crate) async fn next(&self) -> Result<Arc<Envelope>, End> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Result<Arc<Envelope>, End>> {
        let mut state = self.hub.lock();
        let Some(subscriber) = state.subscribers.get_mut(&self.number) else {
            return Poll::Ready(Err(End::Shutdown));
        };
        if let Some(end) = subscriber.end {
            return Poll::Ready(Err(end));
        }
        match subscriber.take() {
            Some(envelope) => Poll::Ready(Ok(envelope)),
            None => {
                subscriber.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut guard = self.hub.lock();
        let state = &mut *guard;
        if let Some(subscriber) = state.subscribers.remove(&self.number) {
            for topic in subscriber.topics.keys() {
                state.forget(self.number, topic);
            }
        }
        self.hub.0.metrics.subscriptions.dec();
    }
}
