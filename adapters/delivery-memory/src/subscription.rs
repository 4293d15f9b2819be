//! Subscriptions: first the log, then what comes, without a gap between them.
//!
//! A subscriber holds places in the logs, not envelopes, and takes its places under the same lock under which
//! envelopes are appended. So nothing falls between replay and live, nothing comes twice, and a long replay costs
//! no memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use hexmtp_domain::{SequenceId, Topic};
use hexmtp_ports::delivery::{DeliveryError, Envelope};

use crate::calls::Outage;
use crate::network::{MemoryNetwork, State};

/// Why the network ends a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The reader was too slow, or the server stopped.
    Stopped,
    /// The connection broke.
    Offline,
}

impl From<End> for DeliveryError {
    fn from(end: End) -> Self {
        match end {
            End::Stopped => Self::SubscriptionEnded,
            End::Offline => Outage.into(),
        }
    }
}

#[derive(Debug, Default)]
struct Subscriber {
    /// The parts of logs that existed at the beginning and are still to be read.
    replay: VecDeque<(Topic, Range<usize>)>,
    /// The places of later envelopes, in the order of their arrival.
    live: VecDeque<(Topic, usize)>,
    /// Numbers up to these are not wanted, even should they come only now.
    after: BTreeMap<Topic, SequenceId>,
    end: Option<End>,
    reader: Option<Waker>,
}

/// All subscribers of the network.
#[derive(Debug)]
pub(crate) struct Subscribers {
    limit: usize,
    next: u64,
    all: BTreeMap<u64, Subscriber>,
    by_topic: HashMap<Topic, BTreeSet<u64>>,
    woken: Vec<Waker>,
}

impl Subscribers {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, next: 0, all: BTreeMap::new(), by_topic: HashMap::new(), woken: Vec::new() }
    }

    /// Tells the subscribers of a topic what was appended where.
    pub(crate) fn announce(&mut self, topic: Topic, index: usize, id: SequenceId) {
        for number in self.by_topic.get(&topic).into_iter().flatten() {
            let Some(subscriber) = self.all.get_mut(number).filter(|it| it.end.is_none()) else { continue };
            if subscriber.after.get(&topic).is_some_and(|after| id <= *after) {
                continue;
            }
            subscriber.live.push_back((topic, index));
            if subscriber.live.len() > self.limit {
                subscriber.stop(End::Stopped);
            }
            self.woken.extend(subscriber.reader.take());
        }
    }

    /// Ends all present subscriptions. What they have not read is lost to them.
    pub(crate) fn end_all(&mut self, end: End) {
        for subscriber in self.all.values_mut() {
            subscriber.stop(end);
            self.woken.extend(subscriber.reader.take());
        }
    }

    /// Hands over whom to wake once the lock is free.
    pub(crate) fn woken(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken)
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.all.len().max(self.by_topic.values().map(BTreeSet::len).sum())
    }

    fn add(&mut self, subscriber: Subscriber) -> u64 {
        let number = self.next;
        self.next += 1;
        for topic in subscriber.after.keys() {
            self.by_topic.entry(*topic).or_default().insert(number);
        }
        self.all.insert(number, subscriber);
        number
    }

    fn remove(&mut self, number: u64) {
        let Some(subscriber) = self.all.remove(&number) else { return };
        for topic in subscriber.after.keys() {
            if let Some(readers) = self.by_topic.get_mut(topic) {
                readers.remove(&number);
                if readers.is_empty() {
                    self.by_topic.remove(topic);
                }
            }
        }
    }
}

impl Subscriber {
    /// The first reason stays.
    fn stop(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.replay.clear();
        self.live.clear();
    }

    /// Where the next envelope is.
    fn next_place(&mut self) -> Option<(Topic, usize)> {
        while let Some((topic, places)) = self.replay.front_mut() {
            if let Some(place) = places.next() {
                return Some((*topic, place));
            }
            self.replay.pop_front();
        }
        self.live.pop_front()
    }
}

impl State {
    /// Begins a subscription; each topic with the number up to which its reader has read.
    pub(crate) fn subscribe(&mut self, after: BTreeMap<Topic, SequenceId>) -> u64 {
        let replay = after.iter().filter_map(|(topic, after)| Some((*topic, self.unread(*topic, *after)?)));
        let replay = replay.collect();
        self.subscribers.add(Subscriber { replay, after, ..Subscriber::default() })
    }

    fn unread(&self, topic: Topic, after: SequenceId) -> Option<Range<usize>> {
        match topic {
            Topic::Group(id) => Some(self.groups.read_up_to(id, after)..self.groups.log(id).len()),
            Topic::Welcome(id) => Some(self.welcomes.read_up_to(id, after)..self.welcomes.log(id).len()),
            Topic::Identity(_) | Topic::KeyPackage(_) => None,
        }
    }

    fn envelope(&self, (topic, index): (Topic, usize)) -> Option<Envelope> {
        match topic {
            Topic::Group(id) => self.groups.log(id).get(index).cloned().map(Envelope::Group),
            Topic::Welcome(id) => self.welcomes.log(id).get(index).cloned().map(Envelope::Welcome),
            Topic::Identity(_) | Topic::KeyPackage(_) => None,
        }
    }

    /// The next envelope, or the end; otherwise remembers whom to wake.
    fn poll_next(&mut self, number: u64, reader: &Waker) -> Poll<Option<Result<Envelope, DeliveryError>>> {
        let Some(subscriber) = self.subscribers.all.get_mut(&number) else { return Poll::Ready(None) };
        if let Some(end) = subscriber.end {
            self.subscribers.remove(number);
            return Poll::Ready(Some(Err(end.into())));
        }
        match subscriber.next_place() {
            Some(place) => Poll::Ready(self.envelope(place).map(Ok)),
            None => {
                subscriber.reader = Some(reader.clone());
                Poll::Pending
            }
        }
    }
}

/// The reader's end of a subscription; dropping it ends the subscription.
pub(crate) struct Subscription {
    network: MemoryNetwork,
    number: u64,
}

impl Subscription {
    pub(crate) const fn new(network: MemoryNetwork, number: u64) -> Self {
        Self { network, number }
    }
}

impl Stream for Subscription {
    type Item = Result<Envelope, DeliveryError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.network.lock().poll_next(self.number, context.waker())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.network.lock().subscribers.remove(self.number);
    }
}
