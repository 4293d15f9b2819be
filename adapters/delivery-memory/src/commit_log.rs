//! The commit log: keeps what it is given.

use hexmtp_domain::{GroupId, SequenceId};
use hexmtp_ports::commit_log::{CommitLog, CommitLogError, LoggedCommit, OutboundCommitLogEntry};
use hexmtp_ports::delivery::Page;
use hexmtp_ports::port;

use crate::calls::Call;
use crate::network::MemoryNetwork;

#[port]
impl CommitLog for MemoryNetwork {
    async fn publish(&self, entries: Vec<OutboundCommitLogEntry>) -> Result<(), CommitLogError> {
        self.serve(Call::PublishCommitLog, |state| {
            for OutboundCommitLogEntry { group_id, entry, public_key, signature } in entries {
                let server_time = state.stamp();
                state.commit_logs.append(group_id, |sequence_id| LoggedCommit {
                    sequence_id,
                    server_time,
                    entry,
                    public_key,
                    signature,
                });
            }
            Ok(())
        })
        .await
    }

    async fn query(
        &self,
        groups: &[(GroupId, SequenceId)],
        limit: usize,
    ) -> Result<Vec<Page<LoggedCommit>>, CommitLogError> {
        self.serve(Call::QueryCommitLog, |state| {
            Ok(groups.iter().map(|(group, after)| state.commit_logs.page(*group, *after, limit)).collect())
        })
        .await
    }
}
