//! How far logs were worked through, and what waits.

use hexmtp_domain::{Cursor, GroupId, MessageId, Timestamp, Topic};

/// A log, other than those of topics, that is worked through in the order of its numbers (FEATURES.md DB-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watermark {
    /// The group's local commit log, as far as it was published: commit sequence ids.
    CommitLogPublished(GroupId),
    /// The group's commit log on the network, as far as it was read: its own sequence ids.
    CommitLogRead(GroupId),
    /// The group's local commit log, as far as it was compared: commit sequence ids.
    LocalCommitsCompared(GroupId),
    /// The group's commit log on the network, as far as it was compared: its own sequence ids.
    RemoteCommitsCompared(GroupId),
}

impl Watermark {
    /// The group whose log it is.
    #[must_use]
    pub const fn group_id(&self) -> GroupId {
        match self {
            Self::CommitLogPublished(id)
            | Self::CommitLogRead(id)
            | Self::LocalCommitsCompared(id)
            | Self::RemoteCommitsCompared(id) => *id,
        }
    }
}

/// An envelope that came before those that it depends on (d14n; PROTOCOL.md 6.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcedEnvelope {
    /// The log that it belongs to.
    pub topic: Topic,
    /// Its place.
    pub cursor: Cursor,
    /// The places that have to be accounted for before it.
    pub depends_on: Vec<Cursor>,
    /// The envelope, as the network gave it.
    pub envelope: Vec<u8>,
    /// When it came.
    pub since: Timestamp,
}

/// Where the network's move from the v3 API to d14n stands (PROTOCOL.md 6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutoverRecord {
    /// When the move happens, as the network announced it; `None` while nothing was announced.
    pub at: Option<Timestamp>,
    /// When the network was asked last.
    pub checked_at: Timestamp,
    /// Whether this installation has moved.
    pub moved: bool,
}

/// How far a message in the group of the own devices has come (FEATURES.md DS-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncState {
    /// It is to be dealt with.
    Pending,
    /// It is dealt with.
    Done,
    /// It was given up.
    Failed,
}

/// What was done about a message in the group of the own devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncProgress {
    /// The message.
    pub message_id: MessageId,
    /// How often it was tried.
    pub attempts: u32,
    /// How far it has come.
    pub state: SyncState,
}
