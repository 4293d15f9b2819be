//! A table of logs that share one counter.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use hexmtp_domain::{PayloadHash, SequenceId};
use hexmtp_ports::commit_log::LoggedCommit;
use hexmtp_ports::delivery::{GroupEnvelope, Page, WelcomeEnvelope};

/// An entry that knows its number.
pub(crate) trait Entry: Clone {
    fn sequence_id(&self) -> SequenceId;
}

impl Entry for GroupEnvelope {
    fn sequence_id(&self) -> SequenceId {
        self.cursor.sequence_id
    }
}

impl Entry for WelcomeEnvelope {
    fn sequence_id(&self) -> SequenceId {
        self.cursor.sequence_id
    }
}

impl Entry for LoggedCommit {
    fn sequence_id(&self) -> SequenceId {
        self.sequence_id
    }
}

/// The logs of one kind, each ascending.
#[derive(Debug)]
pub(crate) struct Table<K, E> {
    last: u64,
    logs: HashMap<K, Vec<E>>,
    stored: HashSet<PayloadHash>,
}

impl<K, E> Default for Table<K, E> {
    fn default() -> Self {
        Self { last: 0, logs: HashMap::new(), stored: HashSet::new() }
    }
}

impl<K: Copy + Eq + Hash + AsRef<[u8]>, E: Entry> Table<K, E> {
    /// Whether this payload is new in this log. A server recognises a payload that was sent again, after an
    /// answer was lost, by its hash (PEER.md 4).
    pub(crate) fn is_new(&mut self, key: K, payload: &[u8]) -> bool {
        self.stored.insert(PayloadHash::of(&[key.as_ref(), payload].concat()))
    }

    /// Appends the entry that `make` gives for the next number, and says where in its log it is.
    pub(crate) fn append(&mut self, key: K, make: impl FnOnce(SequenceId) -> E) -> (usize, SequenceId) {
        self.last += 1;
        let id = SequenceId(self.last);
        let log = self.logs.entry(key).or_default();
        log.push(make(id));
        (log.len() - 1, id)
    }

    /// The log; empty when nothing was ever sent there.
    pub(crate) fn log(&self, key: K) -> &[E] {
        self.logs.get(&key).map_or(&[], Vec::as_slice)
    }

    /// How many entries of a log a reader has who has read up to `after`.
    pub(crate) fn read_up_to(&self, key: K, after: SequenceId) -> usize {
        self.log(key).partition_point(|entry| entry.sequence_id() <= after)
    }

    pub(crate) fn page(&self, key: K, after: SequenceId, limit: usize) -> Page<E> {
        let unread = self.log(key).get(self.read_up_to(key, after)..).unwrap_or_default();
        Page { items: unread.iter().take(limit).cloned().collect(), has_more: unread.len() > limit }
    }
}
