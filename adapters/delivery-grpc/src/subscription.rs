//! Subscriptions: one stream of the server for groups and one for welcomes, each taken up again whenever it breaks, as one stream for the reader.
//!
//! The reader's own polling drives everything, so nothing is buffered here: what the reader does not take stays in the
//! HTTP/2 window, then with the server, which breaks the stream when it has enough of that. The places behind what was
//! handed out are kept, and a broken stream begins anew from there.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use hexmtp_domain::{GroupId, SequenceId, Topic, VectorClock, WelcomeDestination};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{DeliveryError, Envelope};
use prost::bytes::Bytes;
use tokio::time::{Instant, sleep};
use tonic::{Status, Streaming};

use crate::call::Caller;
use crate::failure::Failure;
use crate::followed::{Followed, Places};
use crate::limits;
use crate::retry::{Retries, Waits, wait_after, waits};

type Followers = Vec<BoxStream<'static, Result<Envelope, Failure>>>;

/// Begins a subscription.
///
/// # Errors
/// [`DeliveryError`] when a topic cannot be subscribed, or when the server cannot be reached now. Later it may be away
/// for as long as it likes.
pub(crate) async fn open(
    caller: &Arc<Caller>,
    topics: Vec<(Topic, VectorClock)>,
) -> Result<BoxStream<'static, Result<Envelope, DeliveryError>>, DeliveryError> {
    let mut groups: Places<GroupId> = Places::new();
    let mut welcomes: Places<WelcomeDestination> = Places::new();
    for (topic, clock) in topics {
        match topic {
            Topic::Group(group) => start_at(&mut groups, group, clock.highest()),
            Topic::Welcome(destination) => start_at(&mut welcomes, destination, clock.highest()),
            Topic::Identity(_) | Topic::KeyPackage(_) => {
                let reason = "only groups and welcomes can be subscribed".to_owned();
                return Err(DeliveryError::Rejected { reason });
            }
        }
    }
    let (mut followers, more) = futures_util::try_join!(begin(caller, groups), begin(caller, welcomes))?;
    followers.extend(more);
    if followers.is_empty() {
        return Ok(Box::pin(stream::pending()));
    }
    Ok(Box::pin(up_to_the_first_error(stream::select_all(followers))))
}

/// A log that is named twice starts at the earlier place.
fn start_at<K: Ord>(places: &mut Places<K>, key: K, read: SequenceId) {
    places.entry(key).and_modify(|place| *place = read.min(*place)).or_insert(read);
}

/// Begins as many streams as it takes: servers bound the topics of one.
async fn begin<K: Followed>(caller: &Arc<Caller>, places: Places<K>) -> Result<Followers, Failure> {
    let places: Vec<(K, SequenceId)> = places.into_iter().collect();
    let mut followers: Followers = Vec::new();
    for places in places.chunks(limits::TOPICS) {
        let follower = Follower::begin(Arc::clone(caller), places.iter().copied().collect()).await?;
        followers.push(Box::pin(follower.follow()));
    }
    Ok(followers)
}

/// Ends at once behind an error, even while other followers wait.
fn up_to_the_first_error(
    envelopes: impl Stream<Item = Result<Envelope, Failure>> + Unpin,
) -> impl Stream<Item = Result<Envelope, DeliveryError>> {
    stream::unfold(Some(envelopes), |envelopes| async {
        let mut envelopes = envelopes?;
        match envelopes.next().await? {
            Ok(envelope) => Some((Ok(envelope), Some(envelopes))),
            Err(failure) => Some((Err(failure.into()), None)),
        }
    })
}

/// Follows logs of one kind.
struct Follower<K> {
    caller: Arc<Caller>,
    /// How far each log was handed out.
    places: Places<K>,
    incoming: Option<Streaming<Bytes>>,
    since: Instant,
    /// The waits of the present trouble; none once things went well again.
    waits: Option<Waits>,
}

impl<K: Followed> Follower<K> {
    async fn begin(caller: Arc<Caller>, places: Places<K>) -> Result<Self, Failure> {
        let mut retries = Retries::new(K::METHOD, &caller.options.retries);
        let request = K::request(&places);
        let incoming = loop {
            match caller.subscribe(K::METHOD, request.clone()).await {
                Ok(incoming) => break incoming,
                Err(status) => retries.pause(status).await?,
            }
            caller.counters.retried(K::METHOD);
        };
        Ok(Self { caller, places, incoming: Some(incoming), since: Instant::now(), waits: None })
    }

    fn follow(self) -> impl Stream<Item = Result<Envelope, Failure>> {
        stream::unfold(Some(self), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(envelope) => Some((Ok(envelope), Some(follower))),
                Err(failure) => Some((Err(failure), None)),
            }
        })
    }

    /// The next envelope, however long that takes.
    async fn next(&mut self) -> Result<Envelope, Failure> {
        loop {
            let Some(incoming) = self.incoming.as_mut() else {
                self.take_up().await?;
                continue;
            };
            match incoming.message().await {
                Ok(Some(message)) => {
                    if let Some(envelope) = self.news(message)? {
                        return Ok(envelope);
                    }
                }
                // Servers end streams when they stop, some without an error.
                Ok(None) => self.pause(Status::aborted("the server ended the stream")).await?,
                Err(status) => self.pause(status).await?,
            }
        }
    }

    /// An envelope that was not handed out before, and that was asked for.
    fn news(&mut self, message: Bytes) -> Result<Option<Envelope>, Failure> {
        self.caller.counters.received(K::METHOD, message.len());
        let (key, id, envelope) = K::read(message)?;
        let Some(place) = self.places.get_mut(&key) else {
            tracing::warn!(log = ?key, "the server sent an envelope of a log that is not followed");
            return Ok(None);
        };
        if id <= *place {
            return Ok(None);
        }
        *place = id;
        self.waits = None;
        Ok(Some(envelope))
    }

    /// After a stream broke: waits, unless no repetition helps.
    async fn pause(&mut self, status: Status) -> Result<(), Failure> {
        if self.incoming.take().is_some() {
            self.caller.counters.failed(K::METHOD, &status);
            // A stream that lasted was a good one, even if nothing came.
            if self.since.elapsed() >= self.caller.options.reconnect_longest_wait {
                self.waits = None;
            }
        }
        let options = &self.caller.options;
        let fresh = || waits(options.reconnect_first_wait, options.reconnect_longest_wait);
        let Some(wait) = wait_after(&status, self.waits.get_or_insert_with(fresh)) else {
            return Err(Failure::of(K::METHOD, &status));
        };
        tracing::debug!(method = K::METHOD.name(), code = ?status.code(), ?wait, "the subscription is taken up again");
        sleep(wait).await;
        Ok(())
    }

    /// Takes the subscription up again, behind what was handed out.
    async fn take_up(&mut self) -> Result<(), Failure> {
        self.caller.counters.retried(K::METHOD);
        match self.caller.subscribe(K::METHOD, K::request(&self.places)).await {
            Ok(incoming) => {
                self.incoming = Some(incoming);
                self.since = Instant::now();
                Ok(())
            }
            Err(status) => self.pause(status).await,
        }
    }
}
