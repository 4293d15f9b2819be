//! What a subscriber gets, in order: for each topic what it has not read yet, then what comes.

use std::collections::{BTreeMap, VecDeque};
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

/// A subscription to several topics.
#[derive(Debug)]
pub(crate) struct Feed {
    storage: Storage,
    subscription: Subscription,
    /// Topics of which is not known yet whether they have anything new.
    unseen: Vec<(Topic, u64)>,
    /// Topics that are being read, with the number up to which they were.
    behind: VecDeque<(Topic, u64)>,
    /// What was read and not handed out yet.
    page: VecDeque<Arc<Envelope>>,
}

impl Feed {
    /// Begins to follow topics, each behind the given number.
    pub(crate) fn new(storage: Storage, hub: &Hub, topics: BTreeMap<Topic, u64>) -> Self {
        let subscription = hub.subscribe();
        subscription.add(topics.keys().copied());
        let unseen = topics.into_iter().collect();
        Self { storage, subscription, unseen, behind: VecDeque::new(), page: VecDeque::new() }
    }

    /// The next entry. Can be dropped and called again without loss.
    pub(crate) async fn next(&mut self) -> Result<Arc<Envelope>, Status> {
        loop {
            if let Some(envelope) = self.page.pop_front() {
                return Ok(envelope);
            }
            if let Some(live) = self.subscription.try_next() {
                return live.map_err(Status::from);
            }
            if !self.unseen.is_empty() {
                self.look().await?;
            } else if let Some((topic, after)) = self.behind.front().copied() {
                self.read(topic, after).await?;
            } else {
                return self.subscription.next().await.map_err(Status::from);
            }
        }
    }

    /// Finds out which topics have anything that was not read.
    async fn look(&mut self) -> Result<(), StorageError> {
        let topics: Vec<Topic> = self.unseen.iter().map(|(topic, _)| *topic).collect();
        let newest = self.storage.newest(&topics).await?;
        let (behind, read): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unseen)
            .into_iter()
            .partition(|(topic, after)| newest.get(topic).is_some_and(|newest| newest > after));
        self.behind.extend(behind);
        self.behind.extend(self.subscription.settle(read));
        Ok(())
    }

    /// Reads on in a topic. With its last page it becomes live, unless more has come since.
    async fn read(&mut self, topic: Topic, after: u64) -> Result<(), StorageError> {
        let page = self.storage.envelopes_after(topic, PageRequest::after(after, PAGE), PAGE_BYTES).await?;
        let read = page.rows.last().map_or(after, |last| last.id);
        self.page.extend(page.rows.into_iter().map(Arc::new));
        self.behind.pop_front();
        if page.has_more {
            self.behind.push_front((topic, read));
        } else {
            self.behind.extend(self.subscription.settle([(topic, read)]));
        }
        Ok(())
    }
}
