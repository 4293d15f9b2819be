//! `MlsApi.Subscribe`: one stream on which the client says what it follows, and changes it (XIP-83).
//!
//! The node begins with `Started`. Each `Mutate` is a wave: first the history of what it adds, under the wave's
//! number, then `TopicsLive`, then `CatchupComplete`; live messages have the number zero. When nothing was sent for a
//! while the node pings, and ends the session if no pong comes.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use hexmtp_domain::Topic;
use hexmtp_proto::xmtp::mls::api::v1::subscribe_request::{self, v1 as request};
use hexmtp_proto::xmtp::mls::api::v1::subscribe_response::{self, v1 as response};
use hexmtp_proto::xmtp::mls::api::v1::{Ping, Pong, SubscribeRequest, SubscribeResponse};
use tokio::time::{Instant, sleep_until};
use tonic::{Status, Streaming};

use crate::checks::{self, invalid};
use crate::envelope::Body;
use crate::feed::{Event, Feed};
use crate::mls_api::in_v1;
use crate::options::NodeOptions;

/// The most bytes of messages in one frame, unless one message has more.
const FRAME_BYTES: usize = 1024 * 1024;
/// While so many waves are not complete, nothing more is read from the client.
const MAX_WAVES: usize = 64;
/// The most messages in one frame.
const FRAME_MESSAGES: usize = 100;

/// The node's side of the stream.
pub(crate) struct Session {
    requests: Streaming<SubscribeRequest>,
    /// Whether the client has said all that it wants to say.
    is_half_closed: bool,
    feed: Feed,
    frames: VecDeque<response::Response>,
    max_topics: usize,
    keep_alive: Duration,
    last_sent: Instant,
    last_nonce: u64,
    /// When the ping was sent that is not answered yet.
    pinged: Option<Instant>,
}

/// What a session waits for.
enum Step {
    Request(Option<Result<SubscribeRequest, Status>>),
    Event(Result<Event, Status>),
    Silence,
}

impl Session {
    /// A session that has not begun.
    pub(crate) fn new(requests: Streaming<SubscribeRequest>, feed: Feed, options: &NodeOptions) -> Self {
        let interval = u32::try_from(options.stream_keep_alive.as_millis()).unwrap_or(u32::MAX);
        let started = response::Started { keepalive_interval_ms: interval, capabilities: Vec::new() };
        Self {
            requests,
            is_half_closed: false,
            feed,
            frames: VecDeque::from([response::Response::Started(started)]),
            max_topics: options.max_topics,
            keep_alive: options.stream_keep_alive,
            last_sent: Instant::now(),
            last_nonce: 0,
            pinged: None,
        }
    }

    /// The frames of the session, until it ends.
    pub(crate) fn into_stream(self) -> BoxStream<'static, Result<SubscribeResponse, Status>> {
        let frames = stream::unfold(Some(self), |session| async move {
            let mut session = session?;
            match session.next().await {
                Ok(Some(frame)) => Some((Ok(in_version(frame)), Some(session))),
                Ok(None) => None,
                Err(status) => Some((Err(status), None)),
            }
        });
        frames.boxed()
    }

    async fn next(&mut self) -> Result<Option<response::Response>, Status> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                self.last_sent = Instant::now();
                return Ok(Some(frame));
            }
            if self.is_half_closed && self.feed.is_caught_up() {
                return Ok(None);
            }
            let listens = !self.is_half_closed && self.feed.waves() < MAX_WAVES;
            let deadline = self.pinged.unwrap_or(self.last_sent) + self.keep_alive;
            let step = tokio::select! {
                request = self.requests.next(), if listens => Step::Request(request),
                event = self.feed.next() => Step::Event(event),
                () = sleep_until(deadline), if !self.is_half_closed => Step::Silence,
            };
            match step {
                Step::Request(Some(request)) => self.take(request?)?,
                // Who has half-closed cannot answer a ping.
                Step::Request(None) => self.is_half_closed = true,
                Step::Event(event) => self.tell(event?)?,
                Step::Silence => self.ping()?,
            }
        }
    }

    fn ping(&mut self) -> Result<(), Status> {
        if self.pinged.is_some() {
            return Err(Status::deadline_exceeded("a ping was not answered"));
        }
        self.last_nonce += 1;
        self.pinged = Some(Instant::now());
        self.frames.push_back(response::Response::Ping(Ping { nonce: self.last_nonce }));
        Ok(())
    }

    fn take(&mut self, request: SubscribeRequest) -> Result<(), Status> {
        let Some(subscribe_request::Version::V1(request)) = request.version else {
            return Err(invalid("the version of the request is not known"));
        };
        match request.request {
            Some(request::Request::Mutate(mutate)) => self.mutate(mutate)?,
            Some(request::Request::Ping(ping)) => {
                self.frames.push_back(response::Response::Pong(Pong { nonce: ping.nonce }));
            }
            Some(request::Request::Pong(pong)) if pong.nonce == self.last_nonce => self.pinged = None,
            // A late pong, or a request of a later revision that was not announced.
            Some(request::Request::Pong(_)) | None => {}
        }
        Ok(())
    }

    fn mutate(&mut self, mutate: request::Mutate) -> Result<(), Status> {
        let removes = mutate.removes.iter().map(|bytes| topic(bytes)).collect::<Result<Vec<_>, _>>()?;
        let adds = mutate.adds.iter().map(|it| Ok((topic(&it.topic)?, it.id_cursor)));
        let adds = checks::topics(adds, self.max_topics)?;
        self.feed.remove(&removes);
        if mutate.history_only {
            self.feed.replay(mutate.mutate_id, adds);
        } else {
            self.feed.add(mutate.mutate_id, adds);
        }
        checks::at_most(self.feed.topics(), self.max_topics, "topics")
    }

    /// Makes a frame of an event, and of those behind it that are there already and fit.
    fn tell(&mut self, event: Event) -> Result<(), Status> {
        let mut frame = match event {
            Event::Live(topics) => {
                let topics = topics.into_iter().map(Topic::to_bytes).collect();
                self.frames.push_back(response::Response::TopicsLive(response::TopicsLive { topics }));
                return Ok(());
            }
            Event::Complete(mutate_id) => {
                let complete = response::CatchupComplete { mutate_id };
                self.frames.push_back(response::Response::CatchupComplete(complete));
                return Ok(());
            }
            Event::Entry(envelope, mutate_id) => {
                let mut frame = Frame::new(mutate_id);
                frame.push(&envelope.body, envelope.size);
                frame
            }
        };
        while !frame.is_full() {
            match self.feed.ready().transpose()? {
                None => break,
                Some(Event::Entry(envelope, mutate_id)) if mutate_id == frame.messages.mutate_id => {
                    frame.push(&envelope.body, envelope.size);
                }
                Some(other) => {
                    self.frames.push_back(frame.finish());
                    return self.tell(other);
                }
            }
        }
        self.frames.push_back(frame.finish());
        Ok(())
    }
}

/// Messages of one wave.
struct Frame {
    messages: response::Messages,
    bytes: usize,
}

impl Frame {
    fn new(mutate_id: u64) -> Self {
        Self { messages: response::Messages { mutate_id, ..response::Messages::default() }, bytes: 0 }
    }

    fn push(&mut self, body: &Body, size: usize) {
        self.bytes += size;
        match body {
            Body::Group(message) => self.messages.group_messages.push(in_v1(message.clone())),
            Body::Welcome(message) => self.messages.welcome_messages.push(message.clone()),
        }
    }

    fn is_full(&self) -> bool {
        let count = self.messages.group_messages.len() + self.messages.welcome_messages.len();
        self.bytes >= FRAME_BYTES || count >= FRAME_MESSAGES
    }

    fn finish(self) -> response::Response {
        response::Response::Messages(self.messages)
    }
}

/// A topic of one of the two kinds that this stream serves.
fn topic(bytes: &[u8]) -> Result<Topic, Status> {
    match Topic::from_bytes(bytes) {
        Ok(topic @ (Topic::Group(_) | Topic::Welcome(_))) => Ok(topic),
        Ok(_) => Err(invalid("only groups and welcomes can be subscribed")),
        Err(error) => Err(invalid(error.to_string())),
    }
}

fn in_version(frame: response::Response) -> SubscribeResponse {
    let version = subscribe_response::V1 { response: Some(frame) };
    SubscribeResponse { version: Some(subscribe_response::Version::V1(version)) }
}
