//! Cursors and vector clocks: how far a log has been read (PROTOCOL.md 6.2, 7.1).

use std::collections::BTreeMap;
use std::fmt;

/// Who numbered an envelope. The v3 API has one originator per kind of log, d14n one per node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Originator(pub u32);

impl Originator {
    /// Commits, and on d14n proposals: the chain.
    pub const COMMITS: Self = Self(0);
    /// The identity log.
    pub const IDENTITY: Self = Self(1);
    /// Application messages of the v3 API.
    pub const APPLICATION_MESSAGES: Self = Self(10);
    /// Welcomes of the v3 API.
    pub const WELCOMES: Self = Self(11);
    /// Key packages of the v3 API.
    pub const KEY_PACKAGES: Self = Self(13);
    /// The commit log of the v3 API.
    pub const COMMIT_LOG: Self = Self(100);
}

/// A number that a server gave to an envelope; it only grows within one originator's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId(pub u64);

impl fmt::Display for SequenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of one envelope: who numbered it, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Who gave the number.
    pub originator: Originator,
    /// The number.
    pub sequence_id: SequenceId,
}

impl Cursor {
    /// Puts the two parts together.
    #[must_use]
    pub const fn new(originator: Originator, sequence_id: SequenceId) -> Self {
        Self { originator, sequence_id }
    }
}

/// How far a topic has been read: the highest sequence id of each originator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VectorClock(BTreeMap<Originator, SequenceId>);

impl VectorClock {
    /// A clock that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The highest sequence id seen of one originator; zero when none was.
    #[must_use]
    pub fn get(&self, originator: Originator) -> SequenceId {
        self.0.get(&originator).copied().unwrap_or_default()
    }

    /// Whether the envelope at `cursor` has been seen.
    #[must_use]
    pub fn covers(&self, cursor: Cursor) -> bool {
        self.get(cursor.originator) >= cursor.sequence_id
    }

    /// Moves forward to `cursor`; never moves back.
    pub fn advance(&mut self, cursor: Cursor) {
        let seen = self.0.entry(cursor.originator).or_default();
        *seen = (*seen).max(cursor.sequence_id);
    }

    /// The highest sequence id over all originators: the one cursor of a v3 query (PROTOCOL.md 5.2).
    #[must_use]
    pub fn highest(&self) -> SequenceId {
        self.0.values().copied().max().unwrap_or_default()
    }

    /// Each originator with its highest sequence id, in order of the originators.
    pub fn iter(&self) -> impl Iterator<Item = Cursor> + '_ {
        self.0.iter().map(|(originator, sequence_id)| Cursor::new(*originator, *sequence_id))
    }
}

impl FromIterator<Cursor> for VectorClock {
    fn from_iter<I: IntoIterator<Item = Cursor>>(cursors: I) -> Self {
        let mut clock = Self::new();
        cursors.into_iter().for_each(|cursor| clock.advance(cursor));
        clock
    }
}
