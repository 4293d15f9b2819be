//! The network's log of what members made of each commit (PROTOCOL.md 7.2): for finding forks.

use hexmtp_domain::{GroupId, SequenceId, Timestamp};
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::delivery::Page;
use crate::{Retry, port};

/// A signed entry on its way out (`xmtp.mls.api.v1.PublishCommitLogRequest`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundCommitLogEntry {
    /// The group.
    pub group_id: GroupId,
    /// The serialized `PlaintextCommitLogEntry`, exactly as signed.
    pub entry: Vec<u8>,
    /// The Ed25519 public key that signed it: 32 bytes.
    pub public_key: Vec<u8>,
    /// The plain Ed25519 signature over the entry: 64 bytes.
    pub signature: Vec<u8>,
}

/// An entry as the network logged it: not yet verified by this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCommit {
    /// Its number in the log.
    pub sequence_id: SequenceId,
    /// When the server received it; zero where the network does not say.
    pub server_time: Timestamp,
    /// As sent.
    pub entry: Vec<u8>,
    /// As sent.
    pub public_key: Vec<u8>,
    /// As sent.
    pub signature: Vec<u8>,
}

/// Why the commit log could not serve a call.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommitLogError {
    /// The server refused the content.
    #[error("the commit log refused the request: {reason}")]
    Rejected {
        /// The server's reason, free of secrets.
        reason: String,
    },
    /// The network cannot be reached.
    #[error("the commit log cannot be reached")]
    Unavailable(#[source] BoxedSource),
    /// The server has stopped serving this version of its API (PROTOCOL.md 6.6).
    #[error("the network has moved to another API: newer software is needed")]
    Moved,
    /// The server's answer makes no sense.
    #[error("the commit log answered in a way that the protocol does not allow: {0}")]
    Malformed(&'static str),
}

impl CommitLogError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "commit_log.rejected",
            Self::Unavailable(_) => "commit_log.unavailable",
            Self::Moved => "commit_log.moved",
            Self::Malformed(_) => "commit_log.malformed",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Rejected { .. } | Self::Malformed(_) => Retry::Never,
            Self::Moved => Retry::AfterUpgrade,
            Self::Unavailable(_) => Retry::SOON,
        }
    }
}

/// The commit log of every group. The network keeps what it is given, in order; readers verify.
#[port]
pub trait CommitLog: Port {
    /// Appends entries, each to the log of its group, in order. However many there are: an adapter splits them as
    /// its network demands. An entry whose answer was lost may be in the log twice when it is published again; readers
    /// pass over the second one (PROTOCOL.md 7.2).
    async fn publish(&self, entries: Vec<OutboundCommitLogEntry>) -> Result<(), CommitLogError>;

    /// For each group, in the order asked, at most `limit` entries with a sequence id above the given one, ascending.
    async fn query(
        &self,
        groups: &[(GroupId, SequenceId)],
        limit: usize,
    ) -> Result<Vec<Page<LoggedCommit>>, CommitLogError>;
}
