//! What a request must be like before anything is done for it.

use std::collections::BTreeMap;

use hexmtp_domain::framing::{ContentType, private_message};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{GroupId, InstallationId, PayloadHash, Topic, WelcomeDestination};
use hexmtp_proto::xmtp::mls::api::v1::{
    GroupMessageInput, PublishCommitLogRequest, WelcomeMessageInput, group_message_input,
    welcome_message_input,
};
use tonic::Status;

use crate::writer::{NewGroupMessage, NewWelcome};

/// Messages or welcomes in one request. Official clients send at most 50 (PROTOCOL.md 6.2).
pub(crate) const MAX_SENT: usize = 1_000;
/// Keys, groups or identifiers asked for in one request. Official clients ask for 1000 groups at most.
pub(crate) const MAX_ASKED: usize = 10_000;
/// Identity logs asked for in one request. Official clients ask for 50.
pub(crate) const MAX_LOGS: usize = 1_000;
/// Entries of commit logs in one request (PROTOCOL.md 6.2).
pub(crate) const MAX_COMMIT_LOG_ENTRIES: usize = 10;
/// Commit logs asked for in one request (PROTOCOL.md 6.2).
pub(crate) const MAX_COMMIT_LOGS: usize = 20;
/// Signatures of contract wallets in one request.
pub(crate) const MAX_SIGNATURES: usize = 100;
/// Bytes of a sender's HMAC, which is an HMAC-SHA256 (PROTOCOL.md 3.3).
const MAX_HMAC: usize = 64;
/// Bytes of an entry of a commit log: a page of each of 20 logs must fit into an answer.
const MAX_COMMIT_LOG_ENTRY: usize = 8 * 1024;
/// What an answer with one entry needs besides the entry.
const FRAME: usize = 4 * 1024;

/// A refusal of what a client sent.
pub(crate) fn invalid(reason: impl Into<String>) -> Status {
    Status::invalid_argument(reason)
}

/// At most so many.
pub(crate) fn at_most(count: usize, most: usize, what: &str) -> Result<(), Status> {
    if count > most {
        return Err(invalid(format!("{count} {what} in one request, at most {most}")));
    }
    Ok(())
}

/// The bytes of a group id.
pub(crate) fn group_id(bytes: &[u8]) -> Result<GroupId, Status> {
    GroupId::from_slice(bytes).map_err(|error| invalid(error.to_string()))
}

/// The bytes of an installation key, or of a welcome pointer's destination.
pub(crate) fn destination(bytes: &[u8]) -> Result<WelcomeDestination, Status> {
    InstallationId::from_slice(bytes).map_err(|error| invalid(error.to_string()))
}

/// A message to a group: a whole MLS private message.
pub(crate) fn group_message(input: GroupMessageInput, max_bytes: usize) -> Result<NewGroupMessage, Status> {
    let Some(group_message_input::Version::V1(input)) = input.version else {
        return Err(invalid("a group message lacks its version"));
    };
    let framing = private_message(&input.data).map_err(|error| invalid(error.to_string()))?;
    if input.sender_hmac.len() > MAX_HMAC {
        return Err(invalid("the sender's HMAC is too long"));
    }
    fits(input.data.len(), max_bytes)?;
    let group_id = framing.group_id;
    let hash = payload_hash(group_id.as_ref(), &input.data);
    let is_commit = framing.content_type == ContentType::Commit;
    Ok(NewGroupMessage { group_id, hash, is_commit, input })
}

/// A welcome: it has data and, unless it is a pointee, a key; a pointer is wrapped with X-Wing (PROTOCOL.md 5.3).
pub(crate) fn welcome(input: WelcomeMessageInput, max_bytes: usize) -> Result<NewWelcome, Status> {
    use welcome_message_input::Version;
    let (installation_key, data, key, algorithm, rest) = match &input.version {
        None => return Err(invalid("a welcome lacks its version")),
        Some(Version::V1(it)) => {
            let algorithm = WrapperAlgorithm::from_wire(it.wrapper_algorithm);
            (&it.installation_key, &it.data, &it.hpke_public_key, algorithm, it.welcome_metadata.len())
        }
        Some(Version::WelcomePointer(it)) => {
            let algorithm = WrapperAlgorithm::from_wire(it.wrapper_algorithm);
            if algorithm != WrapperAlgorithm::XWing {
                return Err(invalid("a welcome pointer must be wrapped with X-Wing"));
            }
            (&it.installation_key, &it.welcome_pointer, &it.hpke_public_key, algorithm, 0)
        }
    };
    if data.is_empty() {
        return Err(invalid("a welcome must not be empty"));
    }
    if key.is_empty() && algorithm != WrapperAlgorithm::Symmetric {
        return Err(invalid("a wrapped welcome must name its key"));
    }
    fits(data.len() + key.len() + rest, max_bytes)?;
    let destination = destination(installation_key)?;
    Ok(NewWelcome { destination, hash: payload_hash(destination.as_ref(), data), input })
}

/// By what a payload is recognised that was sent to the same log before (PEER.md 4). Made here, where many requests
/// are looked at in parallel, and not by the one task that writes.
fn payload_hash(topic: &[u8], payload: &[u8]) -> PayloadHash {
    PayloadHash::of(&[topic, payload].concat())
}

/// An entry of a commit log. Its signature is for those who read it to judge (PROTOCOL.md 7.2).
pub(crate) fn commit_log_entry(request: &PublishCommitLogRequest) -> Result<(), Status> {
    group_id(&request.group_id)?;
    let signature = request.signature.as_ref().ok_or_else(|| invalid("a commit log entry is not signed"))?;
    let length = request.serialized_commit_log_entry.len();
    if length == 0 || length > MAX_COMMIT_LOG_ENTRY {
        return Err(invalid("a commit log entry is empty or too large"));
    }
    if signature.bytes.len() != 64 || signature.public_key.len() != 32 {
        return Err(invalid("the signature of a commit log entry is not an Ed25519 signature"));
    }
    Ok(())
}

/// The topics of a subscription. One that is named twice starts at the earlier place.
pub(crate) fn topics(
    filters: impl ExactSizeIterator<Item = Result<(Topic, u64), Status>>,
    most: usize,
) -> Result<BTreeMap<Topic, u64>, Status> {
    at_most(filters.len(), most, "filters")?;
    let mut topics = BTreeMap::new();
    for filter in filters {
        let (topic, after) = filter?;
        topics.entry(topic).and_modify(|known: &mut u64| *known = after.min(*known)).or_insert(after);
    }
    Ok(topics)
}

/// What is stored must fit into an answer.
fn fits(length: usize, max_bytes: usize) -> Result<(), Status> {
    if length > max_bytes.saturating_sub(FRAME) {
        return Err(invalid("the message is larger than clients can receive"));
    }
    Ok(())
}
