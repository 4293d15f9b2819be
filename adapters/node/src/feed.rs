//! What a subscriber gets, in order: for each topic what it has not read yet, then what comes.
//!
//! Topics are added in waves. Each wave first looks which of its topics have anything new, reads those page by page,
//! and is complete once all of its topics are live. Waves take turns; what comes live goes before the next page, so
//! that nobody who reads loses the subscription to a long replay.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use hexmtp_domain::Topic;
use tonic::Status;

use crate::envelope::Envelope;
use crate::error::StorageError;
use crate::hub::{End, Hub, Subscription};
use crate::storage::{PageRequest, Storage};

/// Entries that are read at once for a replay.
const PAGE: u32 = 100;
/// Bytes that are read at once for a replay, unless one entry is larger.
const PAGE_BYTES: u64 = 1024 * 1024;

impl From<End> for Status {
    fn from(end: End) -> Self {
        match end {
            End::TooSlow => Self::aborted("the subscriber does not read fast enough; subscribe again"),
            End::Shutdown => Self::unavailable("the node is shutting down"),
        }
    }
}

/// Something to tell a subscriber.
#[derive(Debug)]
pub(crate) enum Event {
    /// An entry, from the replay of the wave with that number, or live with the number zero.
    Entry(Arc<Envelope>, u64),
    /// These topics were read to their end.
    Live(Vec<Topic>),
    /// The wave with that number is complete.
    Complete(u64),
}

/// Topics that are caught up with together.
#[derive(Debug)]
struct Wave {
    number: u64,
    /// For a wave that does not go live: the numbers at which its topics end.
    ends: Option<HashMap<Topic, u64>>,
    /// Topics of which is not known yet whether they have anything new, with the number up to which they were read.
    unseen: Vec<(Topic, u64)>,
    /// Topics that are being read, with the number up to which they were.
    behind: VecDeque<(Topic, u64)>,
}

impl Wave {
    fn forget(&mut self, topics: &HashSet<Topic>) {
        self.unseen.retain(|(topic, _)| !topics.contains(topic));
        self.behind.retain(|(topic, _)| !topics.contains(topic));
    }
}

/// A subscription whose topics may change.
#[derive(Debug)]
pub(crate) struct Feed {
    storage: Storage,
    subscription: Subscription,
    waves: VecDeque<Wave>,
    /// What was found and not handed out yet, and whether it is of a wave that does not go live.
    ready: VecDeque<(Event, bool)>,
}

impl Feed {
    /// A subscription to nothing yet.
    pub(crate) fn new(storage: Storage, hub: &Hub) -> Self {
        let subscription = hub.subscribe();
        Self { storage, subscription, waves: VecDeque::new(), ready: VecDeque::new() }
    }

    /// Follows topics, each behind the given number. One that is followed already goes on as it is, unless the number
    /// is below what it has read: then it is read again from there.
    pub(crate) fn add(&mut self, number: u64, topics: BTreeMap<Topic, u64>) {
        let again: Vec<Topic> = self.subscription.beyond(&topics);
        self.remove(&again);
        let (known, new): (Vec<_>, Vec<_>) =
            topics.into_iter().partition(|(topic, _)| self.subscription.has(topic));
        self.subscription.add(new.iter().map(|(topic, _)| *topic));
        if !known.is_empty() {
            let live = known.into_iter().map(|(topic, _)| topic);
            self.ready.push_back((Event::Live(live.collect()), false));
        }
        self.waves.push_back(Wave { number, ends: None, unseen: new, behind: VecDeque::new() });
    }

    /// Reads topics up to where they are now, without following them.
    pub(crate) fn replay(&mut self, number: u64, topics: BTreeMap<Topic, u64>) {
        let unseen = topics.into_iter().collect();
        let ends = Some(HashMap::new());
        self.waves.push_back(Wave { number, ends, unseen, behind: VecDeque::new() });
    }

    /// Gives topics up. A replay that does not go live goes on.
    pub(crate) fn remove(&mut self, topics: &[Topic]) {
        if topics.is_empty() {
            return;
        }
        self.subscription.remove(topics);
        let topics: HashSet<Topic> = topics.iter().copied().collect();
        self.waves.iter_mut().filter(|wave| wave.ends.is_none()).for_each(|wave| wave.forget(&topics));
        self.ready.retain_mut(|(event, is_replay)| match event {
            Event::Entry(envelope, _) => *is_replay || !topics.contains(&envelope.topic),
            Event::Live(live) if !*is_replay => {
                live.retain(|topic| !topics.contains(topic));
                !live.is_empty()
            }
            Event::Live(_) | Event::Complete(_) => true,
        });
    }

    /// How many topics are followed or read.
    pub(crate) fn topics(&self) -> usize {
        let replayed = self.waves.iter().filter(|wave| wave.ends.is_some());
        let replayed: usize = replayed.map(|wave| wave.unseen.len() + wave.behind.len()).sum();
        self.subscription.topics() + replayed
    }

    /// How many waves are not complete.
    pub(crate) fn waves(&self) -> usize {
        self.waves.len()
    }

    /// Whether all waves are complete and said so.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.waves.is_empty() && self.ready.is_empty()
    }

    /// What can be told without waiting.
    pub(crate) fn ready(&mut self) -> Option<Result<Event, Status>> {
        if let Some((event, _)) = self.ready.pop_front() {
            return Some(Ok(event));
        }
        let live = self.subscription.try_next()?;
        Some(live.map(|envelope| Event::Entry(envelope, 0)).map_err(Status::from))
    }

    /// The next event. It can be dropped and called again without loss.
    pub(crate) async fn next(&mut self) -> Result<Event, Status> {
        loop {
            if let Some(event) = self.ready() {
                return event;
            }
            let Some(wave) = self.waves.front() else {
                let envelope = self.subscription.next().await.map_err(Status::from)?;
                return Ok(Event::Entry(envelope, 0));
            };
            if !wave.unseen.is_empty() {
                self.look().await?;
            } else if let Some((topic, after)) = wave.behind.front().copied() {
                self.read(topic, after).await?;
            } else {
                let number = wave.number;
                self.waves.pop_front();
                self.ready.push_back((Event::Complete(number), false));
            }
        }
    }

    /// Finds out which topics of the first wave have anything that was not read.
    async fn look(&mut self) -> Result<(), StorageError> {
        let Some(wave) = self.waves.front() else { return Ok(()) };
        let topics: Vec<Topic> = wave.unseen.iter().map(|(topic, _)| *topic).collect();
        let newest = self.storage.newest(&topics).await?;
        let Some(wave) = self.waves.front_mut() else { return Ok(()) };
        let (behind, read): (Vec<_>, Vec<_>) = std::mem::take(&mut wave.unseen)
            .into_iter()
            .partition(|(topic, after)| newest.get(topic).is_some_and(|newest| newest > after));
        wave.behind.extend(behind);
        if let Some(ends) = &mut wave.ends {
            *ends = newest;
        }
        self.settle(read);
        Ok(())
    }

    /// Reads on in a topic of the first wave.
    async fn read(&mut self, topic: Topic, after: u64) -> Result<(), StorageError> {
        let page = self.storage.envelopes_after(topic, PageRequest::after(after, PAGE), PAGE_BYTES).await?;
        // The waves take turns.
        let Some(mut wave) = self.waves.pop_front() else { return Ok(()) };
        wave.behind.pop_front();
        let end = wave.ends.as_ref().map(|ends| ends.get(&topic).copied().unwrap_or(0));
        let mut read = after;
        for envelope in page.rows {
            if end.is_some_and(|end| envelope.id > end) {
                break;
            }
            read = envelope.id;
            let event = Event::Entry(Arc::new(envelope), wave.number);
            self.ready.push_back((event, wave.ends.is_some()));
        }
        let goes_on = page.has_more && end.is_none_or(|end| read < end);
        if goes_on {
            wave.behind.push_front((topic, read));
        }
        self.waves.push_front(wave);
        if !goes_on {
            self.settle(vec![(topic, read)]);
        }
        self.waves.rotate_left(1);
        Ok(())
    }

    /// Makes topics of the first wave live that were read to their end. Those where more came meanwhile are read on.
    fn settle(&mut self, read: Vec<(Topic, u64)>) {
        let Some(wave) = self.waves.front_mut() else { return };
        let all: Vec<Topic> = read.iter().map(|(topic, _)| *topic).collect();
        let behind = if wave.ends.is_none() { self.subscription.settle(read) } else { Vec::new() };
        let live: Vec<Topic> = if behind.is_empty() {
            all
        } else {
            let behind: HashSet<Topic> = behind.iter().map(|(topic, _)| *topic).collect();
            all.into_iter().filter(|topic| !behind.contains(topic)).collect()
        };
        wave.behind.extend(behind);
        if !live.is_empty() {
            self.ready.push_back((Event::Live(live), wave.ends.is_some()));
        }
    }
}
