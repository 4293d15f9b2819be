//! A server that gives the answers of a script and remembers the questions.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, pending};
use futures_util::{FutureExt, StreamExt, stream};
use hexmtp_domain::{GroupId, SequenceId};
use hexmtp_proto::xmtp::mls::api::v1::{GroupMessage, group_message};
use prost::Message;
use prost::bytes::Bytes;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

use crate::call::{Caller, Transport, TransportError};
use crate::codec::EncodedMessages;
use crate::method::Method;
use crate::network::GrpcNetwork;
use crate::options::GrpcOptions;

/// What the server does with one call.
#[derive(Debug)]
pub(super) enum Reply {
    /// One message, or the messages of a stream; then what follows.
    Messages(Vec<Bytes>, End),
    /// No answer ever.
    Silence,
    /// The connection breaks.
    Break,
}

/// How an answer ends.
#[derive(Debug)]
pub(super) enum End {
    Orderly,
    Failure(Status),
    Never,
}

impl Reply {
    pub(super) fn ok(message: &impl Message) -> Self {
        Self::Messages(vec![message.encode_to_vec().into()], End::Orderly)
    }

    pub(super) fn empty() -> Self {
        Self::ok(&())
    }

    pub(super) fn failure(status: Status) -> Self {
        Self::Messages(Vec::new(), End::Failure(status))
    }

    pub(super) fn unavailable() -> Self {
        Self::failure(Status::unavailable("for a moment"))
    }

    pub(super) fn stream<M: Message>(messages: &[M], end: End) -> Self {
        Self::Messages(messages.iter().map(|it| it.encode_to_vec().into()).collect(), end)
    }
}

/// A question that the server was asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
    pub(super) at: Instant,
}

impl Question {
    pub(super) fn read<M: Message + Default>(&self) -> M {
        M::decode(self.body.clone()).expect("the request is of its type")
    }
}

#[derive(Debug, Default)]
struct State {
    replies: HashMap<Method, VecDeque<Reply>>,
    questions: Vec<Question>,
}

/// A server; clones are the same one. What the script does not foresee is not implemented.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake(Arc<Mutex<State>>);

impl Fake {
    /// A server with a script for one method.
    pub(super) fn of(method: Method, replies: impl IntoIterator<Item = Reply>) -> Self {
        let fake = Self::default();
        fake.add(method, replies);
        fake
    }

    pub(super) fn add(&self, method: Method, replies: impl IntoIterator<Item = Reply>) {
        self.0.lock().unwrap().replies.entry(method).or_default().extend(replies);
    }

    pub(super) fn questions(&self) -> Vec<Question> {
        self.0.lock().unwrap().questions.clone()
    }

    /// The requests of a method, in their order.
    pub(super) fn requests<M: Message + Default>(&self, method: Method) -> Vec<M> {
        self.questions().iter().filter(|it| it.method == method).map(Question::read).collect()
    }

    pub(super) fn network(&self) -> GrpcNetwork {
        self.network_with(GrpcOptions::new("http://fake"))
    }

    pub(super) fn network_with(&self, options: GrpcOptions) -> GrpcNetwork {
        let fake = self.clone();
        let transport = Transport::new(service_fn(move |request| fake.clone().serve(request)));
        let caller = Caller::new(options, transport.clone(), transport).expect("the options are good");
        GrpcNetwork { caller: Arc::new(caller) }
    }

    async fn serve(self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        let path = request.uri().path().to_owned();
        let method = Method::ALL.iter().find(|method| method.path().path() == path);
        let method = *method.expect("the path is that of a method");
        let fake = self.clone();
        let broken = Arc::new(Mutex::new(false));
        let is_broken = Arc::clone(&broken);
        let answer = service_fn(move |question: Request<Bytes>| {
            let (fake, broken) = (fake.clone(), Arc::clone(&broken));
            async move {
                let (metadata, _, body) = question.into_parts();
                let question =
                    Question { method, headers: metadata.into_headers(), body, at: Instant::now() };
                match fake.reply(question) {
                    Reply::Messages(messages, End::Failure(status)) if messages.is_empty() => Err(status),
                    Reply::Messages(messages, end) => Ok(Response::new(answers(messages, end))),
                    Reply::Silence => pending().await,
                    Reply::Break => {
                        *broken.lock().unwrap() = true;
                        Err(Status::unknown("never seen"))
                    }
                }
            }
        });
        let response = tonic::server::Grpc::new(EncodedMessages).server_streaming(answer, request).await;
        let broken = std::mem::take(&mut *is_broken.lock().unwrap());
        if broken { Err(TransportError("connection reset".into())) } else { Ok(response) }
    }

    fn reply(&self, question: Question) -> Reply {
        let mut state = self.0.lock().unwrap();
        let reply = state.replies.get_mut(&question.method).and_then(VecDeque::pop_front);
        state.questions.push(question);
        reply.unwrap_or_else(|| Reply::failure(Status::unimplemented("not in the script")))
    }
}

/// Behind a real server.
impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let serve = self.clone().serve(request);
        async { Ok(serve.await.expect("this script breaks no connection")) }.boxed()
    }
}

impl tonic::server::NamedService for Fake {
    const NAME: &'static str = "xmtp.mls.api.v1.MlsApi";
}

fn answers(messages: Vec<Bytes>, end: End) -> stream::BoxStream<'static, Result<Bytes, Status>> {
    let messages = stream::iter(messages).map(Ok);
    match end {
        End::Orderly => messages.boxed(),
        End::Failure(status) => messages.chain(stream::once(async { Err(status) })).boxed(),
        End::Never => messages.chain(stream::pending()).boxed(),
    }
}

pub(super) const GROUP: GroupId = GroupId::new([7; 16]);
pub(super) const OTHER: GroupId = GroupId::new([8; 16]);

/// A private message of a group with some ciphertext.
pub(super) fn mls_message(group: GroupId, content_type: u8, ciphertext: u8) -> Vec<u8> {
    let head = [&[0, 1, 0, 2, 16][..], group.as_bytes(), &[0; 8], &[content_type]].concat();
    [&head[..], &[0, 0, 1, ciphertext]].concat()
}

/// A group message as servers give it out.
pub(super) fn logged(group: GroupId, id: u64) -> GroupMessage {
    let v1 = group_message::V1 {
        id,
        created_ns: 1_000 + id,
        group_id: group.to_vec(),
        data: mls_message(group, 1, 0),
        sender_hmac: vec![1],
        should_push: true,
        is_commit: false,
    };
    GroupMessage { version: Some(group_message::Version::V1(v1)) }
}

/// The same with another content.
pub(super) fn with_data(mut message: GroupMessage, data: Vec<u8>) -> GroupMessage {
    if let Some(group_message::Version::V1(v1)) = &mut message.version {
        v1.data = data;
    }
    message
}

pub(super) fn ids(ids: impl IntoIterator<Item = u64>) -> Vec<SequenceId> {
    ids.into_iter().map(SequenceId).collect()
}
