//! `xmtp.mls.api.v1.MlsApi`: groups, welcomes, key packages, commit logs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use hexmtp_domain::Topic;
use hexmtp_proto::xmtp::mls::api::v1 as wire;
use hexmtp_proto::xmtp::mls::api::v1::mls_api_server::MlsApi;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

use crate::checks;
use crate::envelope::{Body, Envelope};
use crate::feed::{Event, Feed};
use crate::hub::Hub;
use crate::key_package;
use crate::options::NodeOptions;
use crate::session::Session;
use crate::storage::{PageRequest, Storage};
use crate::writer::Write;

type MessageStream<T> = BoxStream<'static, Result<T, Status>>;

/// The service.
#[derive(Clone, Debug)]
pub(crate) struct MlsService {
    pub(crate) storage: Storage,
    pub(crate) hub: Hub,
    pub(crate) options: Arc<NodeOptions>,
}

impl MlsService {
    fn page(&self, paging: Option<wire::PagingInfo>, unspecified: wire::SortDirection) -> PageRequest {
        PageRequest::from_wire(paging, self.options.max_page_size, unspecified)
    }

    async fn commit_log_of(
        &self,
        request: wire::QueryCommitLogRequest,
    ) -> Result<wire::QueryCommitLogResponse, Status> {
        let part = self.page(request.paging_info, wire::SortDirection::Ascending);
        let page = self.storage.commit_log(&request.group_id, part).await?;
        let last = page.rows.last().map(|entry| entry.sequence_id);
        Ok(wire::QueryCommitLogResponse {
            group_id: request.group_id,
            commit_log_entries: page.rows,
            paging_info: Some(part.answer(last, page.has_more)),
        })
    }

    /// A stream that begins at once: its headers must not wait for the first message (PEER.md 4).
    fn stream<T: Send + 'static>(
        &self,
        topics: BTreeMap<Topic, u64>,
        message: fn(&Envelope) -> Option<T>,
    ) -> Response<MessageStream<T>> {
        let mut feed = Feed::new(self.storage.clone(), &self.hub);
        feed.add(0, topics);
        let messages = stream::unfold(Some(feed), move |feed| async move {
            let mut feed = feed?;
            loop {
                match feed.next().await {
                    Ok(Event::Entry(envelope, _)) => {
                        if let Some(message) = message(&envelope) {
                            return Some((Ok(message), Some(feed)));
                        }
                    }
                    Ok(Event::Live(_) | Event::Complete(_)) => {}
                    Err(status) => return Some((Err(status), None)),
                }
            }
        });
        subscribed(messages.boxed())
    }
}

/// Says in the headers, which are sent at once, that the subscription stands.
fn subscribed<T>(messages: MessageStream<T>) -> Response<MessageStream<T>> {
    let mut response = Response::new(messages);
    response.metadata_mut().insert("subscribed", MetadataValue::from_static("true"));
    response
}

pub(crate) fn group_message(envelope: &Envelope) -> Option<wire::GroupMessage> {
    match &envelope.body {
        Body::Group(message) => Some(in_v1(message.clone())),
        Body::Welcome(_) => None,
    }
}

pub(crate) fn welcome_message(envelope: &Envelope) -> Option<wire::WelcomeMessage> {
    match &envelope.body {
        Body::Group(_) => None,
        Body::Welcome(message) => Some(message.clone()),
    }
}

pub(crate) fn in_v1(message: wire::group_message::V1) -> wire::GroupMessage {
    wire::GroupMessage { version: Some(wire::group_message::Version::V1(message)) }
}

pub(crate) fn welcome_id(message: &wire::WelcomeMessage) -> u64 {
    match &message.version {
        Some(wire::welcome_message::Version::V1(welcome)) => welcome.id,
        Some(wire::welcome_message::Version::WelcomePointer(pointer)) => pointer.id,
        None => 0,
    }
}

/// Official clients never call it.
fn not_offered<T>(method: &str) -> Result<T, Status> {
    Err(Status::unimplemented(format!("{method} is not offered by this node")))
}

#[tonic::async_trait]
impl MlsApi for MlsService {
    async fn send_group_messages(
        &self,
        request: Request<wire::SendGroupMessagesRequest>,
    ) -> Result<Response<()>, Status> {
        let messages = request.into_inner().messages;
        checks::at_most(messages.len(), checks::MAX_SENT, "messages")?;
        let check = |it| checks::group_message(it, self.options.max_message_bytes);
        let messages = messages.into_iter().map(check).collect::<Result<Vec<_>, _>>()?;
        if !messages.is_empty() {
            self.storage.write(Write::GroupMessages(messages)).await?;
        }
        Ok(Response::new(()))
    }

    async fn send_welcome_messages(
        &self,
        request: Request<wire::SendWelcomeMessagesRequest>,
    ) -> Result<Response<()>, Status> {
        let welcomes = request.into_inner().messages;
        checks::at_most(welcomes.len(), checks::MAX_SENT, "welcomes")?;
        let check = |it| checks::welcome(it, self.options.max_message_bytes);
        let welcomes = welcomes.into_iter().map(check).collect::<Result<Vec<_>, _>>()?;
        if !welcomes.is_empty() {
            self.storage.write(Write::Welcomes(welcomes)).await?;
        }
        Ok(Response::new(()))
    }

    async fn register_installation(
        &self,
        _: Request<wire::RegisterInstallationRequest>,
    ) -> Result<Response<wire::RegisterInstallationResponse>, Status> {
        not_offered("RegisterInstallation")
    }

    async fn upload_key_package(
        &self,
        request: Request<wire::UploadKeyPackageRequest>,
    ) -> Result<Response<()>, Status> {
        let upload = request.into_inner().key_package;
        let upload = upload.ok_or_else(|| checks::invalid("the key package is missing"))?;
        let key_package = upload.key_package_tls_serialized;
        let installation =
            key_package::check(&key_package).map_err(|error| checks::invalid(error.to_string()))?;
        self.storage.write(Write::KeyPackage { installation, key_package }).await?;
        Ok(Response::new(()))
    }

    async fn fetch_key_packages(
        &self,
        request: Request<wire::FetchKeyPackagesRequest>,
    ) -> Result<Response<wire::FetchKeyPackagesResponse>, Status> {
        let keys = request.into_inner().installation_keys;
        checks::at_most(keys.len(), checks::MAX_ASKED, "installation keys")?;
        let found = self.storage.key_packages(&keys).await?;
        let key_packages = keys
            .iter()
            .map(|key| wire::fetch_key_packages_response::KeyPackage {
                key_package_tls_serialized: found.get(key).cloned().unwrap_or_default(),
            })
            .collect();
        Ok(Response::new(wire::FetchKeyPackagesResponse { key_packages }))
    }

    async fn revoke_installation(
        &self,
        _: Request<wire::RevokeInstallationRequest>,
    ) -> Result<Response<()>, Status> {
        not_offered("RevokeInstallation")
    }

    async fn get_identity_updates(
        &self,
        _: Request<wire::GetIdentityUpdatesRequest>,
    ) -> Result<Response<wire::GetIdentityUpdatesResponse>, Status> {
        not_offered("MlsApi.GetIdentityUpdates")
    }

    async fn query_group_messages(
        &self,
        request: Request<wire::QueryGroupMessagesRequest>,
    ) -> Result<Response<wire::QueryGroupMessagesResponse>, Status> {
        let request = request.into_inner();
        let group = checks::group_id(&request.group_id)?;
        let part = self.page(request.paging_info, wire::SortDirection::Descending);
        let page = self.storage.group_messages(group.as_ref(), part, None).await?;
        let last = page.rows.last().map(|message| message.id);
        Ok(Response::new(wire::QueryGroupMessagesResponse {
            messages: page.rows.into_iter().map(in_v1).collect(),
            paging_info: Some(part.answer(last, page.has_more)),
        }))
    }

    async fn query_welcome_messages(
        &self,
        request: Request<wire::QueryWelcomeMessagesRequest>,
    ) -> Result<Response<wire::QueryWelcomeMessagesResponse>, Status> {
        let request = request.into_inner();
        let destination = checks::destination(&request.installation_key)?;
        let part = self.page(request.paging_info, wire::SortDirection::Descending);
        let page = self.storage.welcomes(destination.as_ref(), part, None).await?;
        let last = page.rows.last().map(welcome_id);
        Ok(Response::new(wire::QueryWelcomeMessagesResponse {
            messages: page.rows,
            paging_info: Some(part.answer(last, page.has_more)),
        }))
    }

    type SubscribeGroupMessagesStream = MessageStream<wire::GroupMessage>;

    async fn subscribe_group_messages(
        &self,
        request: Request<wire::SubscribeGroupMessagesRequest>,
    ) -> Result<Response<Self::SubscribeGroupMessagesStream>, Status> {
        let filters = request.into_inner().filters.into_iter();
        let topic = |it: wire::subscribe_group_messages_request::Filter| {
            Ok((Topic::Group(checks::group_id(&it.group_id)?), it.id_cursor))
        };
        let topics = checks::topics(filters.map(topic), self.options.max_topics)?;
        Ok(self.stream(topics, group_message))
    }

    type SubscribeWelcomeMessagesStream = MessageStream<wire::WelcomeMessage>;

    async fn subscribe_welcome_messages(
        &self,
        request: Request<wire::SubscribeWelcomeMessagesRequest>,
    ) -> Result<Response<Self::SubscribeWelcomeMessagesStream>, Status> {
        let filters = request.into_inner().filters.into_iter();
        let topic = |it: wire::subscribe_welcome_messages_request::Filter| {
            Ok((Topic::Welcome(checks::destination(&it.installation_key)?), it.id_cursor))
        };
        let topics = checks::topics(filters.map(topic), self.options.max_topics)?;
        Ok(self.stream(topics, welcome_message))
    }

    type SubscribeStream = MessageStream<wire::SubscribeResponse>;

    async fn subscribe(
        &self,
        request: Request<Streaming<wire::SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let feed = Feed::new(self.storage.clone(), &self.hub);
        let session = Session::new(request.into_inner(), feed, &self.options);
        Ok(subscribed(session.into_stream()))
    }

    async fn batch_publish_commit_log(
        &self,
        request: Request<wire::BatchPublishCommitLogRequest>,
    ) -> Result<Response<()>, Status> {
        let entries = request.into_inner().requests;
        checks::at_most(entries.len(), checks::MAX_COMMIT_LOG_ENTRIES, "commit log entries")?;
        entries.iter().try_for_each(checks::commit_log_entry)?;
        if !entries.is_empty() {
            self.storage.write(Write::CommitLog(entries)).await?;
        }
        Ok(Response::new(()))
    }

    async fn batch_query_commit_log(
        &self,
        request: Request<wire::BatchQueryCommitLogRequest>,
    ) -> Result<Response<wire::BatchQueryCommitLogResponse>, Status> {
        let requests = request.into_inner().requests;
        checks::at_most(requests.len(), checks::MAX_COMMIT_LOGS, "commit log queries")?;
        let mut responses = Vec::with_capacity(requests.len());
        for request in requests {
            responses.push(self.commit_log_of(request).await?);
        }
        Ok(Response::new(wire::BatchQueryCommitLogResponse { responses }))
    }

    async fn get_newest_group_message(
        &self,
        request: Request<wire::GetNewestGroupMessageRequest>,
    ) -> Result<Response<wire::GetNewestGroupMessageResponse>, Status> {
        let wire::GetNewestGroupMessageRequest { group_ids, include_content } = request.into_inner();
        checks::at_most(group_ids.len(), checks::MAX_ASKED, "groups")?;
        let topic = |id: &Vec<u8>| checks::group_id(id).map(Topic::Group);
        let topics = group_ids.iter().map(topic).collect::<Result<Vec<_>, _>>()?;
        let newest = self.storage.newest_group_messages(&topics, include_content).await?;
        let newest: HashMap<_, _> = newest.into_iter().map(|(group, it)| (group, in_v1(it))).collect();
        let responses = group_ids
            .iter()
            .map(|group| wire::get_newest_group_message_response::Response {
                group_message: newest.get(group).cloned(),
            })
            .collect();
        Ok(Response::new(wire::GetNewestGroupMessageResponse { responses }))
    }
}
