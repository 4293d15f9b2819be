//! The change feed: committed changes in commit order, with positions at which a reader can resume.

use hexmtp_domain::consent::ConsentEntity;
use hexmtp_domain::{GroupId, MessageId};

use crate::bounds::{BoxStream, Port};
use crate::port;
use crate::store::StoreError;

/// A position in the feed. Positions only grow, and survive a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedPosition(pub u64);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// A message was stored.
    MessageStored {
        /// Its conversation.
        group_id: GroupId,
        /// The message.
        id: MessageId,
    },
    /// The delivery status of an own message changed.
    MessageSettled {
        /// Its conversation.
        group_id: GroupId,
        /// The message.
        id: MessageId,
    },
    /// A message was removed from this device.
    MessageDeleted {
        /// Its conversation.
        group_id: GroupId,
        /// The message.
        id: MessageId,
    },
    /// Somebody took back a message, which may be unknown here.
    MessageTakenBack {
        /// The conversation.
        group_id: GroupId,
        /// The message that was taken back.
        id: MessageId,
    },
    /// A conversation was stored for the first time, or after it was deleted.
    ConversationStored(GroupId),
    /// A conversation changed.
    ConversationChanged(GroupId),
    /// A conversation was deleted with everything that belongs to it.
    ConversationDeleted(GroupId),
    /// The user decided anew whether a conversation or an inbox is wanted.
    ConsentChanged(ConsentEntity),
    /// The preferences changed.
    PreferencesChanged,
}

/// A change at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// The position; reading resumes after it.
    pub position: FeedPosition,
    /// What changed.
    pub event: FeedEvent,
}

/// Reads committed changes in commit order.
#[port]
pub trait ChangeFeed: Port {
    /// The position of the last committed change; zero in a new store.
    async fn position(&self) -> Result<FeedPosition, StoreError>;

    /// At most `limit` changes after a position, in commit order.
    ///
    /// # Errors
    /// [`StoreError::PositionGone`] when changes behind the position were trimmed ([`Maintenance::trim`]).
    ///
    /// [`Maintenance::trim`]: crate::store::Maintenance::trim
    async fn changes_after(&self, position: FeedPosition, limit: usize)
    -> Result<Vec<FeedEntry>, StoreError>;

    /// Wakes the reader after commits that fed the feed. A wake-up may stand for several commits, and one may
    /// come without a change; none is missing: a reader that is woken and reads sees everything. A commit after
    /// the call and before the first poll wakes too. The stream ends when the store is closed.
    fn wake_ups(&self) -> BoxStream<'static, ()>;
}
