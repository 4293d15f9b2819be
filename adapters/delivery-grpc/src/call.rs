//! Calls: with headers, limits, counts and repetitions.

use hexmtp_domain::version;
use prost::Message;
use prost::bytes::Bytes;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tonic::client::Grpc;
use tonic::codegen::{StdError, http};
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Request, Status, Streaming};
use tower::util::BoxCloneSyncService;

use crate::codec::EncodedMessages;
use crate::connect::GrpcConnectError;
use crate::failure::Failure;
use crate::method::Method;
use crate::options::GrpcOptions;
use crate::rate::RateLimit;
use crate::retry::Retries;
use crate::statistics::Counters;

/// What carries requests to a server and answers back.
pub(crate) type Transport =
    BoxCloneSyncService<http::Request<tonic::body::Body>, http::Response<tonic::body::Body>, TransportError>;

/// Why a request came to no answer.
#[derive(Debug, Error)]
#[error("the connection failed")]
pub(crate) struct TransportError(#[source] pub(crate) StdError);

/// Makes the calls of a network.
pub(crate) struct Caller {
    calls: Transport,
    streams: Transport,
    headers: MetadataMap,
    rate: Option<RateLimit>,
    pub(crate) options: GrpcOptions,
    pub(crate) counters: Counters,
}

impl Caller {
    /// Subscriptions have a connection of their own: a call never waits behind a long replay, and however many
    /// subscriptions there are, they do not use up the requests that a server allows on one connection.
    pub(crate) fn new(
        options: GrpcOptions,
        calls: Transport,
        streams: Transport,
    ) -> Result<Self, GrpcConnectError> {
        let mut headers = MetadataMap::new();
        let app_version = AsciiMetadataValue::try_from(options.app_version.as_str());
        headers.insert("x-app-version", app_version.map_err(|_| GrpcConnectError::AppVersion)?);
        headers.insert("x-libxmtp-version", AsciiMetadataValue::from_static(version::CLAIMED));
        let rate = options.calls_per_minute.map(RateLimit::per_minute);
        Ok(Self { calls, streams, headers, rate, options, counters: Counters::default() })
    }

    /// One question and its answer.
    pub(crate) async fn ask<A: Message + Default>(
        &self,
        method: Method,
        request: &impl Message,
    ) -> Result<A, Failure> {
        let answer = self.call(method, request).await?;
        A::decode(answer).map_err(|_| Failure::Malformed("an answer is not of its type"))
    }

    /// Something that has no answer but that it was done. What else the server says does not matter: to take it for
    /// an error would make a caller give up what was published.
    pub(crate) async fn tell(&self, method: Method, request: &impl Message) -> Result<(), Failure> {
        self.call(method, request).await.map(drop)
    }

    async fn call(&self, method: Method, request: &impl Message) -> Result<Bytes, Failure> {
        let body = self.encode(request)?;
        let mut retries = Retries::new(method, &self.options.retries);
        loop {
            match self.attempt(method, body.len(), self.unary(method, body.clone())).await {
                Ok(answer) => {
                    self.counters.received(method, answer.len());
                    return Ok(answer);
                }
                Err(status) => retries.pause(status).await?,
            }
            self.counters.retried(method);
        }
    }

    /// One question and a stream of answers, tried once.
    pub(crate) async fn subscribe(&self, method: Method, request: Bytes) -> Result<Streaming<Bytes>, Status> {
        self.attempt(method, request.len(), self.server_streaming(method, request)).await
    }

    fn encode(&self, request: &impl Message) -> Result<Bytes, Failure> {
        let bytes = request.encode_to_vec();
        if bytes.len() > self.options.max_message_bytes {
            return Err(Failure::TooLarge("the request is too large".to_owned()));
        }
        Ok(bytes.into())
    }

    /// One attempt, counted and limited in time.
    async fn attempt<T>(
        &self,
        method: Method,
        size: usize,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        if let Some(rate) = &self.rate {
            rate.turn().await;
        }
        self.counters.attempt(method, size);
        let began = Instant::now();
        let outcome = timeout(self.options.request_timeout, work).await;
        self.counters.answered(method, began.elapsed());
        let outcome = outcome.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
        outcome.inspect_err(|status| self.counters.failed(method, status))
    }

    async fn unary(&self, method: Method, body: Bytes) -> Result<Bytes, Status> {
        let mut grpc = self.grpc(&self.calls);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let answer = grpc.unary(self.request(body), method.path(), EncodedMessages).await?;
        Ok(answer.into_inner())
    }

    async fn server_streaming(&self, method: Method, body: Bytes) -> Result<Streaming<Bytes>, Status> {
        let mut grpc = self.grpc(&self.streams);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let answers = grpc.server_streaming(self.request(body), method.path(), EncodedMessages).await?;
        Ok(answers.into_inner())
    }

    fn grpc(&self, transport: &Transport) -> Grpc<Transport> {
        Grpc::new(transport.clone()).max_decoding_message_size(self.options.max_message_bytes)
    }

    fn request(&self, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        *request.metadata_mut() = self.headers.clone();
        request
    }
}
