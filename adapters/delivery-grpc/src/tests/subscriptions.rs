use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use hexmtp_domain::{Cursor, InstallationId, Originator, SequenceId, Topic, VectorClock};
use hexmtp_ports::Retry;
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{DeliveryError, DeliveryService, Envelope};
use hexmtp_proto::xmtp::mls::api::v1::{
    GroupMessage, SubscribeGroupMessagesRequest, SubscribeWelcomeMessagesRequest, WelcomeMessage,
    welcome_message,
};
use tokio::time::Instant;
use tonic::{Code, Status};

use super::fake::{End, Fake, GROUP, OTHER, Reply, logged};
use crate::{GrpcNetwork, Method};

const OWN: InstallationId = InstallationId::new([1; 32]);
const SUBSCRIBE: Method = Method::SubscribeGroupMessages;

type Subscription = BoxStream<'static, Result<Envelope, DeliveryError>>;

fn read_up_to(id: u64) -> VectorClock {
    VectorClock::from_iter([Cursor::new(Originator::COMMITS, SequenceId(id))])
}

async fn subscribe(network: &GrpcNetwork) -> Result<Subscription, DeliveryError> {
    network.subscribe(vec![(Topic::Group(GROUP), read_up_to(1)), (Topic::Group(OTHER), read_up_to(0))]).await
}

fn place(envelope: Envelope) -> (Topic, u64) {
    match envelope {
        Envelope::Group(it) => (Topic::Group(it.group_id), it.cursor.sequence_id.0),
        Envelope::Welcome(it) => (Topic::Welcome(it.destination), it.cursor.sequence_id.0),
    }
}

async fn take(subscription: &mut Subscription, count: usize) -> Vec<(Topic, u64)> {
    let mut places = Vec::new();
    for _ in 0..count {
        places.push(place(subscription.next().await.expect("it goes on").unwrap()));
    }
    places
}

fn in_group(ids: impl IntoIterator<Item = u64>) -> Vec<(Topic, u64)> {
    ids.into_iter().map(|id| (Topic::Group(GROUP), id)).collect()
}

fn messages(ids: impl IntoIterator<Item = u64>) -> Vec<GroupMessage> {
    ids.into_iter().map(|id| logged(GROUP, id)).collect()
}

/// Where each subscription began: the number of `GROUP`, then of `OTHER`.
fn beginnings(fake: &Fake) -> Vec<(u64, u64)> {
    let requests: Vec<SubscribeGroupMessagesRequest> = fake.requests(SUBSCRIBE);
    let number = |request: &SubscribeGroupMessagesRequest, group: hexmtp_domain::GroupId| {
        request.filters.iter().find(|it| it.group_id == group.to_vec()).expect("both are followed").id_cursor
    };
    requests.iter().map(|it| (number(it, GROUP), number(it, OTHER))).collect()
}

/// R-NET-174
#[tokio::test(start_paused = true)]
async fn a_broken_subscription_goes_on_behind_what_was_handed_out() {
    let aborted = End::Failure(Status::aborted("the reader is too slow"));
    let fake = Fake::of(
        SUBSCRIBE,
        [
            Reply::stream(&[logged(GROUP, 2), logged(OTHER, 3), logged(GROUP, 5)], aborted),
            // This server sends again what came before.
            Reply::stream(&[logged(GROUP, 5), logged(GROUP, 2), logged(GROUP, 6)], End::Orderly),
            Reply::Break,
            Reply::failure(Status::unknown("h2 protocol error")),
            Reply::stream(&[logged(OTHER, 3), logged(OTHER, 7)], End::Never),
        ],
    );
    let network = fake.network();
    let mut subscription = subscribe(&network).await.unwrap();
    let group = |id| (Topic::Group(GROUP), id);
    let other = |id| (Topic::Group(OTHER), id);
    assert_eq!(take(&mut subscription, 5).await, [group(2), other(3), group(5), group(6), other(7)]);
    assert_eq!(beginnings(&fake), [(1, 0), (5, 3), (6, 3), (6, 3), (6, 3)]);
    assert!(subscription.next().now_or_never().is_none(), "it goes on");
    let statistics = network.statistics().of(SUBSCRIBE);
    assert_eq!((statistics.calls, statistics.retries), (5, 4));
    assert_eq!(statistics.failures.values().sum::<u64>(), 4);
}

/// R-NET-174
#[tokio::test(start_paused = true)]
async fn the_server_may_be_away_for_as_long_as_it_likes() {
    let fake = Fake::of(SUBSCRIBE, [Reply::stream(&messages([2]), End::Orderly)]);
    fake.add(SUBSCRIBE, (0..500).map(|_| Reply::unavailable()));
    fake.add(SUBSCRIBE, [Reply::stream(&messages([3]), End::Never)]);
    let mut subscription = subscribe(&fake.network()).await.unwrap();
    let began = Instant::now();
    assert_eq!(take(&mut subscription, 2).await, in_group([2, 3]));
    assert!(began.elapsed() > Duration::from_secs(3_600));
    let times: Vec<Instant> = fake.questions().iter().map(|it| it.at).collect();
    let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= Duration::from_millis(100) && gaps[0] < Duration::from_millis(210), "{:?}", gaps[0]);
    let longest = gaps.iter().max().unwrap();
    assert!(*longest >= Duration::from_secs(15) && *longest < Duration::from_secs(31), "{longest:?}");
    let mut tail = gaps[20..].to_vec();
    tail.sort_unstable();
    tail.dedup();
    assert!(tail.len() > 1, "clients that lost the same server must not come back together");
}

/// R-NET-175
#[tokio::test(start_paused = true)]
async fn waits_grow_only_while_nothing_comes() {
    // A server that sends one message and breaks, again and again, is taken up soon each time.
    let fake = Fake::of(SUBSCRIBE, (2..12).map(|id| Reply::stream(&messages([id]), End::Orderly)));
    let mut subscription = subscribe(&fake.network()).await.unwrap();
    let began = Instant::now();
    assert_eq!(take(&mut subscription, 10).await, in_group(2..12));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    // One that accepts and breaks without a message is not.
    let fake = Fake::of(SUBSCRIBE, (0..11).map(|_| Reply::stream(&messages([]), End::Orderly)));
    fake.add(SUBSCRIBE, [Reply::stream(&messages([2]), End::Never)]);
    let mut subscription = subscribe(&fake.network()).await.unwrap();
    let began = Instant::now();
    assert_eq!(take(&mut subscription, 1).await, in_group([2]));
    assert!(began.elapsed() > Duration::from_secs(60), "{:?}", began.elapsed());
}

/// R-NET-176
#[tokio::test(start_paused = true)]
async fn only_what_no_repetition_helps_against_ends_a_subscription() {
    for code in [Code::InvalidArgument, Code::Unimplemented, Code::PermissionDenied, Code::Unauthenticated] {
        let refusal = || Status::new(code, "no");
        // Refused at once.
        let fake = Fake::of(SUBSCRIBE, [Reply::failure(refusal())]);
        let outcome = match subscribe(&fake.network()).await {
            Ok(mut subscription) => subscription.next().await.unwrap().map(drop),
            Err(error) => Err(error),
        };
        assert!(matches!(outcome, Err(DeliveryError::Rejected { .. })), "{outcome:?}");
        // Refused when it is taken up again, and in the middle.
        let later = [Reply::stream(&messages([2]), End::Orderly), Reply::failure(refusal())];
        let within = [Reply::stream(&messages([2]), End::Failure(refusal()))];
        for fake in [Fake::of(SUBSCRIBE, later), Fake::of(SUBSCRIBE, within)] {
            fake.add(Method::SubscribeWelcomeMessages, [Reply::stream::<WelcomeMessage>(&[], End::Never)]);
            let topics = vec![(Topic::Group(GROUP), read_up_to(1)), (Topic::Welcome(OWN), read_up_to(0))];
            let mut subscription = fake.network().subscribe(topics).await.unwrap();
            assert_eq!(take(&mut subscription, 1).await, in_group([2]));
            let end = subscription.next().await;
            assert!(matches!(end, Some(Err(DeliveryError::Rejected { .. }))), "{code:?}: {end:?}");
            assert!(subscription.next().await.is_none(), "nothing comes after the end");
        }
    }
}

/// R-NET-176
#[tokio::test(start_paused = true)]
async fn a_moved_server_and_senseless_envelopes_end_a_subscription() {
    let moved = "XMTP V3 streaming is no longer available. Please upgrade your client to XMTP D14N.";
    let fake = Fake::of(SUBSCRIBE, [Reply::stream(&messages([2]), End::Failure(Status::unavailable(moved)))]);
    let mut subscription = subscribe(&fake.network()).await.unwrap();
    assert_eq!(take(&mut subscription, 1).await, in_group([2]));
    assert_eq!(subscription.next().await.unwrap().unwrap_err().retry(), Retry::AfterUpgrade);
    assert!(subscription.next().await.is_none());
    for senseless in [GroupMessage { version: None }, logged(GROUP, 0)] {
        let fake = Fake::of(SUBSCRIBE, [Reply::stream(&[senseless], End::Never)]);
        let mut subscription = subscribe(&fake.network()).await.unwrap();
        let end = subscription.next().await;
        assert!(matches!(end, Some(Err(DeliveryError::Malformed(_)))), "{end:?}");
    }
}

/// R-NET-177
#[tokio::test(start_paused = true)]
async fn the_two_streams_break_and_return_each_for_itself() {
    let welcome = |id| {
        let v1 = welcome_message::V1 { id, installation_key: OWN.to_vec(), ..Default::default() };
        WelcomeMessage { version: Some(welcome_message::Version::V1(v1)) }
    };
    let fake = Fake::of(
        SUBSCRIBE,
        [Reply::stream(&messages([2]), End::Orderly), Reply::stream(&messages([3]), End::Never)],
    );
    fake.add(Method::SubscribeWelcomeMessages, [Reply::stream(&[welcome(5), welcome(6)], End::Never)]);
    let network = fake.network();
    let topics = vec![(Topic::Group(GROUP), read_up_to(1)), (Topic::Welcome(OWN), read_up_to(4))];
    let mut subscription = network.subscribe(topics).await.unwrap();
    let mut places = take(&mut subscription, 4).await;
    places.sort_unstable();
    let own = |id| (Topic::Welcome(OWN), id);
    let mut expected = [in_group([2, 3]), vec![own(5), own(6)]].concat();
    expected.sort_unstable();
    assert_eq!(places, expected);
    let requests: Vec<SubscribeWelcomeMessagesRequest> = fake.requests(Method::SubscribeWelcomeMessages);
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].filters.len(), requests[0].filters[0].id_cursor), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn envelopes_of_other_logs_are_passed_over() {
    let stranger = hexmtp_domain::GroupId::new([9; 16]);
    let fake = Fake::of(SUBSCRIBE, [Reply::stream(&[logged(stranger, 4), logged(GROUP, 5)], End::Never)]);
    let mut subscription = subscribe(&fake.network()).await.unwrap();
    assert_eq!(take(&mut subscription, 1).await, in_group([5]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_at_first_is_an_error() {
    let fake = Fake::of(SUBSCRIBE, (0..9).map(|_| Reply::unavailable()));
    let outcome = subscribe(&fake.network()).await.map(drop);
    assert!(matches!(outcome, Err(DeliveryError::Unavailable(_))), "{outcome:?}");
    assert_eq!(fake.questions().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_named_twice_starts_at_the_earlier_place() {
    let fake = Fake::of(SUBSCRIBE, [Reply::stream(&messages([]), End::Never)]);
    let topics = [9, 4, 6].map(|id| (Topic::Group(GROUP), read_up_to(id))).to_vec();
    let _subscription = fake.network().subscribe(topics).await.unwrap();
    let requests: Vec<SubscribeGroupMessagesRequest> = fake.requests(SUBSCRIBE);
    assert_eq!((requests[0].filters.len(), requests[0].filters[0].id_cursor), (1, 4));
}

/// R-NET-177
#[tokio::test(start_paused = true)]
async fn many_logs_are_followed_in_several_streams() {
    let group = |number: u128| hexmtp_domain::GroupId::new(number.to_be_bytes());
    let replies = [5_000, 5_001].map(|number| Reply::stream(&[logged(group(number), 1)], End::Never));
    let fake = Fake::of(SUBSCRIBE, replies);
    let topics = (1..=5_001).map(|number| (Topic::Group(group(number)), read_up_to(0))).collect();
    let mut subscription = fake.network().subscribe(topics).await.unwrap();
    let mut places = take(&mut subscription, 2).await;
    places.sort_unstable();
    assert_eq!(places, [5_000, 5_001].map(|number| (Topic::Group(group(number)), 1)));
    let requests: Vec<SubscribeGroupMessagesRequest> = fake.requests(SUBSCRIBE);
    assert_eq!(requests.iter().map(|it| it.filters.len()).collect::<Vec<_>>(), [5_000, 1]);
}

#[tokio::test(start_paused = true)]
async fn without_topics_nothing_comes_and_nothing_is_asked() {
    let fake = Fake::default();
    let mut subscription = fake.network().subscribe(Vec::new()).await.unwrap();
    assert!(subscription.next().now_or_never().is_none());
    assert!(fake.questions().is_empty());
}
