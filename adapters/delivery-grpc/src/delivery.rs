//! The delivery service: group messages, welcomes, key packages.

use std::collections::HashMap;

use hexmtp_domain::framing::{classify, key_package_owner};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{
    Cursor, GroupId, InstallationId, Originator, SequenceId, Topic, VectorClock, WelcomeDestination,
};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{
    DeliveryError, DeliveryService, Envelope, GroupEnvelope, NewestMessage, OutboundGroupMessage,
    OutboundWelcome, Page, WelcomeEnvelope, WelcomePayload,
};
use hexmtp_ports::port;
use hexmtp_proto::xmtp::mls::api::v1::{
    FetchKeyPackagesRequest, FetchKeyPackagesResponse, GetNewestGroupMessageRequest,
    GetNewestGroupMessageResponse, GroupMessage, KeyPackageUpload, QueryGroupMessagesRequest,
    QueryGroupMessagesResponse, QueryWelcomeMessagesRequest, QueryWelcomeMessagesResponse,
    SendGroupMessagesRequest, SendWelcomeMessagesRequest, UploadKeyPackageRequest, group_message,
};
use prost::Message;

use crate::call::Caller;
use crate::envelope::{
    group_envelope, group_message_input, sequence_id, timestamp, welcome_envelope, welcome_message_input,
};
use crate::failure::Failure;
use crate::limits::{self, batches};
use crate::method::Method;
use crate::network::GrpcNetwork;
use crate::paging;
use crate::subscription;

fn rejected(reason: impl ToString) -> DeliveryError {
    DeliveryError::Rejected { reason: reason.to_string() }
}

/// The v3 API numbers commits and application messages of all groups by one counter, so of a vector clock only the
/// highest number counts (PROTOCOL.md 7.1).
#[port]
impl DeliveryService for GrpcNetwork {
    /// All messages are checked before the first is sent: the schema names no group, so a message of another group
    /// would end up there.
    async fn publish_group_messages(&self, messages: Vec<OutboundGroupMessage>) -> Result<(), DeliveryError> {
        for message in &messages {
            classify(message.group_id, &message.data).map_err(rejected)?;
        }
        let messages = messages.into_iter().map(group_message_input).collect();
        let bytes = self.caller.options.max_message_bytes;
        for messages in batches(messages, limits::MESSAGES, bytes, Message::encoded_len) {
            let request = SendGroupMessagesRequest { messages };
            self.caller.tell(Method::SendGroupMessages, &request).await?;
        }
        Ok(())
    }

    async fn query_group_messages(
        &self,
        group_id: GroupId,
        after: &VectorClock,
        limit: usize,
    ) -> Result<Page<GroupEnvelope>, DeliveryError> {
        let fetch = async |paging_info| {
            let request =
                QueryGroupMessagesRequest { group_id: group_id.to_vec(), paging_info: Some(paging_info) };
            let answer: QueryGroupMessagesResponse =
                self.caller.ask(Method::QueryGroupMessages, &request).await?;
            let envelopes = answer.messages.into_iter().map(|it| group_envelope(it, Some(group_id)));
            Ok((envelopes.collect::<Result<_, _>>()?, answer.paging_info))
        };
        Ok(paging::read(after.highest(), limit, fetch).await?)
    }

    async fn newest_group_messages(
        &self,
        groups: &[GroupId],
    ) -> Result<Vec<Option<NewestMessage>>, DeliveryError> {
        let mut newest = Vec::with_capacity(groups.len());
        for groups in groups.chunks(limits::NEWEST) {
            newest.extend(newest_messages(&self.caller, groups).await?);
        }
        Ok(newest)
    }

    async fn publish_welcomes(&self, welcomes: Vec<OutboundWelcome>) -> Result<(), DeliveryError> {
        welcomes.iter().try_for_each(|welcome| check_pointer(&welcome.payload))?;
        let messages = welcomes.into_iter().map(welcome_message_input).collect();
        let bytes = self.caller.options.max_message_bytes;
        for messages in batches(messages, limits::WELCOMES, bytes, Message::encoded_len) {
            let request = SendWelcomeMessagesRequest { messages };
            self.caller.tell(Method::SendWelcomeMessages, &request).await?;
        }
        Ok(())
    }

    async fn query_welcomes(
        &self,
        destination: WelcomeDestination,
        after: SequenceId,
        limit: usize,
    ) -> Result<Page<WelcomeEnvelope>, DeliveryError> {
        let fetch = async |paging_info| {
            let installation_key = destination.to_vec();
            let request = QueryWelcomeMessagesRequest { installation_key, paging_info: Some(paging_info) };
            let answer: QueryWelcomeMessagesResponse =
                self.caller.ask(Method::QueryWelcomeMessages, &request).await?;
            let envelopes = answer.messages.into_iter().map(|it| welcome_envelope(it, Some(destination)));
            Ok((envelopes.collect::<Result<_, _>>()?, answer.paging_info))
        };
        Ok(paging::read(after, limit, fetch).await?)
    }

    async fn upload_key_package(&self, key_package: Vec<u8>) -> Result<(), DeliveryError> {
        let upload = KeyPackageUpload { key_package_tls_serialized: key_package };
        let request = UploadKeyPackageRequest { key_package: Some(upload), is_inbox_id_credential: true };
        Ok(self.caller.tell(Method::UploadKeyPackage, &request).await?)
    }

    async fn fetch_key_packages(
        &self,
        installations: &[InstallationId],
    ) -> Result<Vec<Option<Vec<u8>>>, DeliveryError> {
        let mut packages = Vec::with_capacity(installations.len());
        for installations in installations.chunks(limits::KEY_PACKAGES) {
            packages.extend(key_packages(&self.caller, installations).await?);
        }
        Ok(packages)
    }

    /// Takes itself up again after every break; it ends only with an error that no repetition helps against.
    async fn subscribe(
        &self,
        topics: Vec<(Topic, VectorClock)>,
    ) -> Result<BoxStream<'static, Result<Envelope, DeliveryError>>, DeliveryError> {
        subscription::open(&self.caller, topics).await
    }
}

/// The schema knows one algorithm for pointers only (PROTOCOL.md 5.3).
fn check_pointer(payload: &WelcomePayload) -> Result<(), DeliveryError> {
    match payload {
        WelcomePayload::Pointer { algorithm, .. } if *algorithm != WrapperAlgorithm::XWing => {
            Err(rejected("a welcome pointer must be wrapped with X-Wing"))
        }
        _ => Ok(()),
    }
}

/// One answer per group: by the group that it names, or by its place when it names none.
async fn newest_messages(caller: &Caller, groups: &[GroupId]) -> Result<Vec<Option<NewestMessage>>, Failure> {
    let group_ids = groups.iter().map(GroupId::to_vec).collect();
    let request = GetNewestGroupMessageRequest { group_ids, include_content: false };
    let answer: GetNewestGroupMessageResponse = caller.ask(Method::GetNewestGroupMessage, &request).await?;
    if answer.responses.len() != groups.len() {
        return Err(Failure::Malformed("the newest messages are not one for each group"));
    }
    let mut newest: HashMap<GroupId, NewestMessage> = HashMap::new();
    for (place, response) in groups.iter().zip(answer.responses) {
        let Some(message) = response.group_message else { continue };
        let (group, message) = newest_message(message, *place)?;
        newest.insert(group, message);
    }
    if newest.keys().any(|group| !groups.contains(group)) {
        return Err(Failure::Malformed("a newest message is of a group that was not asked for"));
    }
    Ok(groups.iter().map(|group| newest.get(group).copied()).collect())
}

/// Without the content, the server's word tells commits apart. It also calls proposals so; they are not sent alone.
fn newest_message(message: GroupMessage, place: GroupId) -> Result<(GroupId, NewestMessage), Failure> {
    let Some(group_message::Version::V1(v1)) = message.version else {
        return Err(Failure::Malformed("a group message is of no known version"));
    };
    let group = match v1.group_id.as_slice() {
        [] => place,
        bytes => {
            GroupId::from_slice(bytes).map_err(|_| Failure::Malformed("a group's id has another length"))?
        }
    };
    let originator = if v1.is_commit { Originator::COMMITS } else { Originator::APPLICATION_MESSAGES };
    let cursor = Cursor::new(originator, sequence_id(v1.id)?);
    Ok((group, NewestMessage { cursor, server_time: timestamp(v1.created_ns) }))
}

/// One answer per installation. A package names its owner, so a readable one counts for that installation, wherever it
/// stands; an unreadable one counts for its place, and whoever asked finds it unreadable.
async fn key_packages(
    caller: &Caller,
    installations: &[InstallationId],
) -> Result<Vec<Option<Vec<u8>>>, Failure> {
    let installation_keys = installations.iter().map(InstallationId::to_vec).collect();
    let request = FetchKeyPackagesRequest { installation_keys };
    let answer: FetchKeyPackagesResponse = caller.ask(Method::FetchKeyPackages, &request).await?;
    if answer.key_packages.len() != installations.len() {
        return Err(Failure::Malformed("the key packages are not one for each installation"));
    }
    let mut owned: HashMap<InstallationId, Vec<u8>> = HashMap::new();
    let mut placed: Vec<Option<Vec<u8>>> = Vec::with_capacity(installations.len());
    for package in answer.key_packages {
        let bytes = package.key_package_tls_serialized;
        match key_package_owner(&bytes) {
            Ok(owner) if installations.contains(&owner) => {
                owned.insert(owner, bytes);
                placed.push(None);
            }
            _ => placed.push(Some(bytes).filter(|bytes| !bytes.is_empty())),
        }
    }
    Ok(installations.iter().zip(placed).map(|(owner, placed)| owned.get(owner).cloned().or(placed)).collect())
}
