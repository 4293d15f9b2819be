//! What finding forks and mending them needs (PROTOCOL.md 7.2, 7.3).

use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId, InstallationId, SequenceId};

use crate::store::CommitOutcome;

/// A verified entry of a group's commit log on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCommitLogRecord {
    /// The group.
    pub group_id: GroupId,
    /// Its number in the commit log.
    pub log_sequence_id: SequenceId,
    /// The place of the commit that it tells of.
    pub commit_sequence_id: SequenceId,
    /// What its author made of the commit.
    pub outcome: CommitOutcome,
    /// The author's epoch afterwards.
    pub epoch: Epoch,
    /// The author's epoch authenticator before.
    pub last_authenticator: EpochAuthenticator,
    /// The author's epoch authenticator afterwards.
    pub authenticator: EpochAuthenticator,
}

/// How far the re-adding of an installation that has parted from a group has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaddRecord {
    /// The group.
    pub group_id: GroupId,
    /// The installation that is to be added anew.
    pub installation_id: InstallationId,
    /// The latest commit that it knew when it asked.
    pub requested_at: Option<SequenceId>,
    /// The commit that answered.
    pub responded_at: Option<SequenceId>,
}
