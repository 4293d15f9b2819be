//! The identity log.
//!
//! Updates pass through as bytes: the schema's own message would lose fields that it does not know, and with them what
//! was signed. A message field and a bytes field look the same on the wire.

use std::collections::HashMap;

use hexmtp_domain::identity::{Identifier, IdentityUpdate};
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::identity_log::{IdentityLog, IdentityLogError, LoggedUpdate};
use hexmtp_ports::port;
use hexmtp_proto::xmtp::identity::api::v1::{
    GetIdentityUpdatesRequest, GetInboxIdsRequest, GetInboxIdsResponse, get_identity_updates_request,
    get_inbox_ids_request,
};

use crate::call::Caller;
use crate::envelope::{sequence_id, timestamp};
use crate::failure::Failure;
use crate::limits;
use crate::method::Method;
use crate::network::GrpcNetwork;
use crate::paging::news;

/// `PublishIdentityUpdateRequest` with the update as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct PublishRequest {
    #[prost(bytes = "vec", optional, tag = "1")]
    update: Option<Vec<u8>>,
}

/// `GetIdentityUpdatesResponse` with the updates as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct UpdatesResponse {
    #[prost(message, repeated, tag = "1")]
    logs: Vec<InboxLog>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct InboxLog {
    #[prost(string, tag = "1")]
    inbox_id: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<LogEntry>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LogEntry {
    #[prost(uint64, tag = "1")]
    sequence_id: u64,
    #[prost(uint64, tag = "2")]
    server_timestamp_ns: u64,
    #[prost(bytes = "vec", optional, tag = "3")]
    update: Option<Vec<u8>>,
}

#[port]
impl IdentityLog for GrpcNetwork {
    /// Official servers refuse an update that they have logged already, since it does not apply a second time. So
    /// after a refusal the log is read: what it holds was published.
    async fn publish(&self, update: &[u8]) -> Result<(), IdentityLogError> {
        let inbox = match IdentityUpdate::decode(update) {
            Ok(decoded) => decoded.inbox_id,
            Err(error) => return Err(IdentityLogError::Rejected { reason: error.to_string() }),
        };
        let request = PublishRequest { update: Some(update.to_vec()) };
        let outcome = self.caller.tell(Method::PublishIdentityUpdate, &request).await;
        let Err(failure) = outcome else { return Ok(()) };
        let refusal = refusal(failure)?;
        if holds(&self.caller, inbox, update).await { Ok(()) } else { Err(refusal) }
    }

    async fn updates_after(
        &self,
        inboxes: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Vec<LoggedUpdate>>, IdentityLogError> {
        let mut logs = Vec::with_capacity(inboxes.len());
        for inboxes in inboxes.chunks(limits::INBOXES) {
            logs.extend(updates(&self.caller, inboxes).await?);
        }
        Ok(logs)
    }

    async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, IdentityLogError> {
        let mut inboxes = Vec::with_capacity(identifiers.len());
        for identifiers in identifiers.chunks(limits::IDENTIFIERS) {
            inboxes.extend(inbox_ids(&self.caller, identifiers).await?);
        }
        Ok(inboxes)
    }
}

/// The server's refusal, if that is what the failure is; any other failure is an error.
fn refusal(failure: Failure) -> Result<IdentityLogError, IdentityLogError> {
    match failure {
        Failure::Refused(_) | Failure::LogFull => Ok(failure.into()),
        Failure::Unreachable(ref error) => match error.unexplained() {
            Some(reason) => Ok(IdentityLogError::Rejected { reason: reason.to_owned() }),
            None => Err(failure.into()),
        },
        Failure::TooLarge(_) | Failure::Moved | Failure::Malformed(_) => Err(failure.into()),
    }
}

/// Whether an inbox's log holds these very bytes. When that cannot be found out, the refusal stands.
async fn holds(caller: &Caller, inbox: InboxId, update: &[u8]) -> bool {
    let logs = updates(caller, &[(inbox, SequenceId::default())]).await;
    logs.is_ok_and(|logs| logs.iter().flatten().any(|logged| logged.update == update))
}

/// An inbox may be asked for more than once, from different numbers: it is read from the lowest.
async fn updates(
    caller: &Caller,
    inboxes: &[(InboxId, SequenceId)],
) -> Result<Vec<Vec<LoggedUpdate>>, Failure> {
    let mut lowest: HashMap<InboxId, SequenceId> = HashMap::new();
    for (inbox, after) in inboxes {
        lowest.entry(*inbox).and_modify(|lowest| *lowest = (*lowest).min(*after)).or_insert(*after);
    }
    let requests = lowest.iter().map(|(inbox, after)| get_identity_updates_request::Request {
        inbox_id: inbox.to_string(),
        sequence_id: after.0,
    });
    let request = GetIdentityUpdatesRequest { requests: requests.collect() };
    let answer: UpdatesResponse = caller.ask(Method::GetIdentityUpdates, &request).await?;
    let mut logs: HashMap<InboxId, Vec<LoggedUpdate>> = HashMap::new();
    for log in answer.logs {
        let (inbox, entries) = inbox_log(log)?;
        if logs.insert(inbox, entries).is_some() {
            return Err(Failure::Malformed("an inbox has two logs"));
        }
    }
    if logs.len() != lowest.len() {
        return Err(Failure::Malformed("the logs are not one for each inbox"));
    }
    let log = |(inbox, after): &(InboxId, SequenceId)| match logs.get(inbox) {
        Some(log) => news(log.clone(), *after),
        None => Err(Failure::Malformed("the log of an inbox is missing")),
    };
    inboxes.iter().map(log).collect()
}

fn inbox_log(log: InboxLog) -> Result<(InboxId, Vec<LoggedUpdate>), Failure> {
    let inbox = log.inbox_id.parse().map_err(|_| Failure::Malformed("an inbox's id cannot be read"))?;
    let entry = |entry: LogEntry| {
        Ok(LoggedUpdate {
            sequence_id: sequence_id(entry.sequence_id)?,
            server_time: timestamp(entry.server_timestamp_ns),
            update: entry.update.ok_or(Failure::Malformed("an entry of an inbox's log is empty"))?,
        })
    };
    Ok((inbox, log.entries.into_iter().map(entry).collect::<Result<_, _>>()?))
}

/// One answer per identifier, by the text that it names. Servers may leave the kind out (PEER.md 4); the texts of the
/// two kinds are never alike.
async fn inbox_ids(caller: &Caller, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, Failure> {
    let requests = identifiers.iter().map(|identifier| get_inbox_ids_request::Request {
        identifier: identifier.to_string(),
        identifier_kind: identifier.kind().to_wire(),
    });
    let request = GetInboxIdsRequest { requests: requests.collect() };
    let answer: GetInboxIdsResponse = caller.ask(Method::GetInboxIds, &request).await?;
    let mut inboxes: HashMap<String, Option<InboxId>> = HashMap::new();
    for response in answer.responses {
        let inbox = response.inbox_id.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose();
        let inbox = inbox.map_err(|_| Failure::Malformed("an inbox's id cannot be read"))?;
        inboxes.insert(response.identifier.to_ascii_lowercase(), inbox);
    }
    let inbox_of = |identifier: &Identifier| {
        let inbox = inboxes.get(&identifier.to_string()).copied();
        inbox.ok_or(Failure::Malformed("the inbox of an identifier is missing"))
    };
    identifiers.iter().map(inbox_of).collect()
}
