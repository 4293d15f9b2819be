//! Looking after a store: how large it is, what can go, letting go of the medium.

use hexmtp_domain::Timestamp;

use crate::bounds::Port;
use crate::port;
use crate::store::{FeedPosition, StoreError};

/// How much a store holds of one installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// The size of the database, in bytes; of one that several installations share, that of all of them. Zero where
    /// there is no medium.
    pub bytes: u64,
    /// How many of those bytes are free for new rows.
    pub free_bytes: u64,
    /// Conversations.
    pub conversations: u64,
    /// Messages of all conversations.
    pub messages: u64,
    /// Intents that are not settled.
    pub open_intents: u64,
    /// Intents that are settled.
    pub settled_intents: u64,
    /// Identity updates of all inboxes.
    pub identity_updates: u64,
    /// Rows of the MLS engine.
    pub mls_rows: u64,
    /// Changes in the feed.
    pub feed_entries: u64,
    /// Refused envelopes.
    pub rejected: u64,
    /// Tasks.
    pub tasks: u64,
    /// Envelopes that wait for others.
    pub iced: u64,
}

/// What a store need not keep any longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trim {
    /// The changes of the feed up to this position, which no reader will ask for again.
    pub feed_up_to: Option<FeedPosition>,
    /// The envelopes refused before this time.
    pub rejected_before: Option<Timestamp>,
    /// The settled intents that were wanted before this time.
    pub settled_intents_before: Option<Timestamp>,
}

/// Looks after a store.
#[port]
pub trait Maintenance: Port {
    /// How much the store holds.
    async fn statistics(&self) -> Result<StoreStatistics, StoreError>;

    /// Forgets what is not needed any longer. Reading the feed from before the last change that was trimmed answers
    /// [`StoreError::PositionGone`] from then on. A position that lies ahead of the feed stands for its end.
    async fn trim(&self, trim: &Trim) -> Result<(), StoreError>;

    /// Removes everything that belongs to the installation; the store is as new then, but for the positions of the
    /// feed, which only grow: it is as if the feed had been trimmed to its end, and it tells nothing of this. No other
    /// session may be working on the installation.
    async fn wipe(&self) -> Result<(), StoreError>;

    /// Gives the space of what was removed back to the medium, and counts what is stored where a medium plans its
    /// queries by that, should it not do so by itself. This can take as long as writing the whole database anew, and
    /// everything else waits meanwhile.
    async fn compact(&self) -> Result<(), StoreError>;

    /// Lets go of the medium for a while, as the system asks of applications in the background. Every call of this
    /// session but [`Maintenance::reconnect`] and [`UnitOfWork::close`] answers [`StoreError::Released`] then; streams
    /// of wake-ups stay. What is in memory only is kept. A second release does nothing.
    ///
    /// [`UnitOfWork::close`]: crate::store::UnitOfWork::close
    async fn release(&self) -> Result<(), StoreError>;

    /// Takes the medium up again, and wakes the readers of the feed. Does nothing where it was not let go.
    async fn reconnect(&self) -> Result<(), StoreError>;
}
