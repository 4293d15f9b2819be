//! The commit log (PROTOCOL.md 7.2).

use std::collections::HashMap;

use hexmtp_domain::{GroupId, SequenceId, Timestamp};
use hexmtp_ports::commit_log::{CommitLog, CommitLogError, LoggedCommit, OutboundCommitLogEntry};
use hexmtp_ports::delivery::Page;
use hexmtp_ports::port;
use hexmtp_proto::xmtp::identity::associations::RecoverableEd25519Signature;
use hexmtp_proto::xmtp::mls::api::v1::{
    BatchPublishCommitLogRequest, BatchQueryCommitLogRequest, BatchQueryCommitLogResponse,
    PublishCommitLogRequest, QueryCommitLogRequest, QueryCommitLogResponse,
};
use hexmtp_proto::xmtp::mls::message_contents::CommitLogEntry;
use prost::Message;

use crate::call::Caller;
use crate::envelope::sequence_id;
use crate::failure::Failure;
use crate::limits::{self, batches};
use crate::method::Method;
use crate::network::GrpcNetwork;
use crate::paging::Reading;

#[port]
impl CommitLog for GrpcNetwork {
    async fn publish(&self, entries: Vec<OutboundCommitLogEntry>) -> Result<(), CommitLogError> {
        let requests = entries.into_iter().map(publish_request).collect();
        let bytes = self.caller.options.max_message_bytes;
        for requests in batches(requests, limits::COMMIT_LOG_ENTRIES, bytes, Message::encoded_len) {
            let request = BatchPublishCommitLogRequest { requests };
            self.caller.tell(Method::BatchPublishCommitLog, &request).await?;
        }
        Ok(())
    }

    async fn query(
        &self,
        groups: &[(GroupId, SequenceId)],
        limit: usize,
    ) -> Result<Vec<Page<LoggedCommit>>, CommitLogError> {
        let mut pages = Vec::with_capacity(groups.len());
        for groups in groups.chunks(limits::COMMIT_LOG_QUERIES) {
            let mut readings: Vec<(GroupId, Reading<LoggedCommit>)> =
                groups.iter().map(|(group, after)| (*group, Reading::new(*after, limit))).collect();
            while readings.iter().any(|(_, reading)| !reading.is_done()) {
                advance(&self.caller, &mut readings).await?;
            }
            pages.extend(readings.into_iter().map(|(_, reading)| reading.finish()));
        }
        Ok(pages)
    }
}

fn publish_request(entry: OutboundCommitLogEntry) -> PublishCommitLogRequest {
    let OutboundCommitLogEntry { group_id, entry, public_key, signature } = entry;
    PublishCommitLogRequest {
        group_id: group_id.to_vec(),
        serialized_commit_log_entry: entry,
        signature: Some(RecoverableEd25519Signature { bytes: signature, public_key }),
    }
}

/// Reads the next page of each log that is not read to the end. A group that is asked for more than once takes its
/// turns one after the other, since answers are told apart by their group.
async fn advance(caller: &Caller, readings: &mut [(GroupId, Reading<LoggedCommit>)]) -> Result<(), Failure> {
    let mut open: HashMap<GroupId, &mut Reading<LoggedCommit>> = HashMap::new();
    for (group, reading) in readings.iter_mut().filter(|(_, reading)| !reading.is_done()) {
        open.entry(*group).or_insert(reading);
    }
    let requests = open.iter().map(|(group, reading)| QueryCommitLogRequest {
        group_id: group.to_vec(),
        paging_info: Some(reading.paging()),
    });
    let request = BatchQueryCommitLogRequest { requests: requests.collect() };
    let outcome = caller.ask(Method::BatchQueryCommitLog, &request).await;
    let answer: BatchQueryCommitLogResponse = match outcome {
        Ok(answer) => answer,
        Err(Failure::TooLarge(reason)) => {
            return shrink(open.into_values(), &reason);
        }
        Err(failure) => return Err(failure),
    };
    if answer.responses.len() != open.len() {
        return Err(Failure::Malformed("the commit logs are not one for each group"));
    }
    for QueryCommitLogResponse { group_id, commit_log_entries, paging_info } in answer.responses {
        let group = GroupId::from_slice(&group_id).ok();
        let reading = group.and_then(|group| open.remove(&group));
        let reading =
            reading.ok_or(Failure::Malformed("a commit log is of a group that was not asked for"))?;
        let entries = commit_log_entries.into_iter().map(logged_commit).collect::<Result<_, _>>()?;
        reading.take(entries, paging_info)?;
    }
    Ok(())
}

/// Asks each log for less at once, after an answer that was too large; fails when none can ask for less.
fn shrink<'a>(
    readings: impl Iterator<Item = &'a mut Reading<LoggedCommit>>,
    reason: &str,
) -> Result<(), Failure> {
    let failure = || Failure::TooLarge(reason.to_owned());
    let shrunk = readings.filter_map(|reading| reading.shrink(failure()).ok()).count();
    if shrunk == 0 { Err(failure()) } else { Ok(()) }
}

/// The schema gives entries no time.
fn logged_commit(entry: CommitLogEntry) -> Result<LoggedCommit, Failure> {
    let signature = entry.signature.unwrap_or_default();
    Ok(LoggedCommit {
        sequence_id: sequence_id(entry.sequence_id)?,
        server_time: Timestamp::ZERO,
        entry: entry.serialized_commit_log_entry,
        public_key: signature.public_key,
        signature: signature.bytes,
    })
}
