use std::time::Duration;

use hexmtp_domain::{GroupId, VectorClock};
use hexmtp_ports::Retry;
use hexmtp_ports::commit_log::CommitLog;
use hexmtp_ports::delivery::{DeliveryError, DeliveryService, OutboundGroupMessage};
use hexmtp_ports::identity_log::IdentityLog;
use tokio::time::Instant;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use super::fake::{Fake, GROUP, Reply, mls_message};
use crate::{GrpcNetwork, GrpcOptions, Method, RetryPolicy};

const MILLISECOND: Duration = Duration::from_millis(1);

async fn send(network: &GrpcNetwork) -> Result<(), DeliveryError> {
    let data = mls_message(GROUP, 1, 0);
    let message = OutboundGroupMessage { group_id: GROUP, data, sender_hmac: Vec::new(), should_push: true };
    network.publish_group_messages(vec![message]).await
}

async fn newest(network: &GrpcNetwork, groups: &[GroupId]) -> Result<(), DeliveryError> {
    network.newest_group_messages(groups).await.map(drop)
}

fn is_unavailable<T>(outcome: &Result<T, DeliveryError>) -> bool {
    matches!(outcome, Err(error @ DeliveryError::Unavailable(_)) if error.retry() == Retry::SOON)
}

fn is_rejected<T>(outcome: &Result<T, DeliveryError>) -> bool {
    matches!(outcome, Err(error @ DeliveryError::Rejected { .. }) if error.retry() == Retry::Never)
}

/// The spans between the questions.
fn gaps(fake: &Fake) -> Vec<Duration> {
    let times: Vec<Instant> = fake.questions().iter().map(|it| it.at).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// R-NET-157
#[tokio::test(start_paused = true)]
async fn only_what_a_repetition_can_help_is_repeated() {
    let passing = [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Aborted,
        Code::ResourceExhausted,
        Code::Unknown,
        Code::Internal,
        Code::Cancelled,
    ];
    for code in passing {
        let fake = Fake::of(
            Method::SendGroupMessages,
            [
                Reply::failure(Status::new(code, "now")),
                Reply::failure(Status::new(code, "now")),
                Reply::empty(),
            ],
        );
        send(&fake.network()).await.unwrap();
        assert_eq!(fake.questions().len(), 3, "{code:?}");
        let bodies: Vec<_> = fake.questions().into_iter().map(|it| it.body).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]), "the same request each time");
    }
    let refusals = [
        Code::InvalidArgument,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::FailedPrecondition,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::DataLoss,
        Code::Unauthenticated,
    ];
    for code in refusals {
        let fake =
            Fake::of(Method::SendGroupMessages, [Reply::failure(Status::new(code, "never")), Reply::empty()]);
        let outcome = send(&fake.network()).await;
        assert!(is_rejected(&outcome), "{code:?}: {outcome:?}");
        assert_eq!(fake.questions().len(), 1, "{code:?}");
    }
}

/// R-NET-158
#[tokio::test(start_paused = true)]
async fn waits_double_and_have_an_end() {
    let fake = Fake::of(Method::SendGroupMessages, (0..9).map(|_| Reply::unavailable()));
    let network = fake.network();
    let outcome = send(&network).await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
    let gaps = gaps(&fake);
    assert_eq!(gaps.len(), 4, "five attempts");
    for (gap, least) in gaps.iter().zip([100, 200, 400, 800]) {
        let least = least * MILLISECOND;
        // Sleeping rounds up to a millisecond.
        assert!(least <= *gap && *gap <= 2 * least + 2 * MILLISECOND, "{gap:?} after {least:?}");
    }
    assert_eq!(network.statistics().of(Method::SendGroupMessages).retries, 4);
}

/// R-NET-158
#[tokio::test(start_paused = true)]
async fn waits_are_not_the_same_each_time() {
    let mut first = Vec::new();
    for _ in 0..8 {
        let fake = Fake::of(Method::SendGroupMessages, [Reply::unavailable(), Reply::empty()]);
        send(&fake.network()).await.unwrap();
        first.extend(gaps(&fake));
    }
    first.sort_unstable();
    first.dedup();
    assert!(first.len() > 1, "clients that failed together must not come back together");
}

/// R-NET-158
#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_when_the_time_is_up() {
    let policy = RetryPolicy { attempts: 1_000, total: Duration::from_secs(20), ..RetryPolicy::default() };
    let fake = Fake::of(Method::SendGroupMessages, (0..1_000).map(|_| Reply::unavailable()));
    let began = Instant::now();
    let outcome = send(&fake.network_with(GrpcOptions::new("http://fake").retries(policy))).await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
    assert!(began.elapsed() <= Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(fake.questions().len() > 5);
}

#[tokio::test(start_paused = true)]
async fn without_a_policy_every_call_is_tried_once() {
    let fake = Fake::of(Method::SendGroupMessages, [Reply::unavailable(), Reply::empty()]);
    let network = fake.network_with(GrpcOptions::new("http://fake").retries(RetryPolicy::NONE));
    assert!(is_unavailable(&send(&network).await));
    assert_eq!(fake.questions().len(), 1);
}

/// R-NET-159
#[tokio::test(start_paused = true)]
async fn a_broken_connection_and_a_missing_answer_are_repeated() {
    let fake = Fake::of(Method::SendGroupMessages, [Reply::Break, Reply::Silence, Reply::empty()]);
    let network = fake.network_with(GrpcOptions::new("http://fake").request_timeout(Duration::from_secs(3)));
    send(&network).await.unwrap();
    let gaps = gaps(&fake);
    assert!(gaps[0] < Duration::from_secs(1) && gaps[1] >= Duration::from_secs(3), "{gaps:?}");
    let statistics = network.statistics().of(Method::SendGroupMessages);
    assert_eq!((statistics.calls, statistics.retries), (3, 2));
    assert_eq!(statistics.failures.values().sum::<u64>(), 2);
    assert_eq!(statistics.failures.get("DEADLINE_EXCEEDED"), Some(&1));
    assert!(statistics.latency_longest >= Duration::from_secs(3));
    assert!(statistics.latency_total >= statistics.latency_longest);
    assert!(statistics.sent_bytes > 0);
}

/// R-NET-159
#[tokio::test(start_paused = true)]
async fn an_answer_that_stops_halfway_is_asked_for_again() {
    let fake = Fake::of(
        Method::GetNewestGroupMessage,
        [
            Reply::Messages(Vec::new(), super::fake::End::Never),
            Reply::Messages(Vec::new(), super::fake::End::Orderly),
            Reply::empty(),
        ],
    );
    let network = fake.network_with(GrpcOptions::new("http://fake").request_timeout(Duration::from_secs(3)));
    newest(&network, &[]).await.unwrap();
    assert!(fake.questions().is_empty(), "no group, no question");
    let outcome = newest(&network, &[GROUP]).await;
    assert!(matches!(outcome, Err(DeliveryError::Malformed(_))), "{outcome:?}");
    assert_eq!(fake.questions().len(), 3);
}

/// R-NET-160
#[tokio::test(start_paused = true)]
async fn a_busy_server_is_left_alone_for_a_while() {
    let busy = || Status::resource_exhausted("too many calls");
    let mut later = busy();
    later.metadata_mut().insert("grpc-retry-pushback-ms", MetadataValue::from_static("7000"));
    let replies = [Reply::failure(busy()), Reply::failure(later), Reply::empty()];
    let fake = Fake::of(Method::SendGroupMessages, replies);
    send(&fake.network()).await.unwrap();
    let gaps = gaps(&fake);
    assert!(gaps[0] >= Duration::from_secs(1) && gaps[1] >= Duration::from_secs(7), "{gaps:?}");

    let mut not_again = Status::unavailable("not again");
    not_again.metadata_mut().insert("grpc-retry-pushback-ms", MetadataValue::from_static("-1"));
    let fake = Fake::of(Method::SendGroupMessages, [Reply::failure(not_again), Reply::empty()]);
    assert!(is_unavailable(&send(&fake.network()).await));
    assert_eq!(fake.questions().len(), 1);
}

/// R-NET-161
#[tokio::test(start_paused = true)]
async fn a_server_that_has_moved_asks_for_newer_software() {
    let texts = [
        "publishing to XMTP V3 is no longer available. Please upgrade your client to XMTP D14N.",
        "XMTP V3 streaming is no longer available. Please upgrade your client to XMTP D14N.",
    ];
    for text in texts {
        let moved = || [Reply::failure(Status::unavailable(text)), Reply::empty()];
        let fake = Fake::of(Method::SendGroupMessages, moved());
        fake.add(Method::GetInboxIds, moved());
        fake.add(Method::BatchQueryCommitLog, moved());
        let network = fake.network();
        assert_eq!(send(&network).await.unwrap_err().retry(), Retry::AfterUpgrade);
        let wallet = hexmtp_domain::identity::EthereumAddress::new([1; 20]).into();
        assert_eq!(network.inbox_ids(&[wallet]).await.unwrap_err().retry(), Retry::AfterUpgrade);
        let outcome = network.query(&[(GROUP, hexmtp_domain::SequenceId(0))], 1).await;
        assert_eq!(outcome.unwrap_err().retry(), Retry::AfterUpgrade);
        assert_eq!(fake.questions().len(), 3, "none was repeated");
    }
}

/// R-NET-162
#[tokio::test(start_paused = true)]
async fn calls_beyond_the_limit_wait_and_none_fails() {
    let fake = Fake::of(Method::SendGroupMessages, (0..8).map(|_| Reply::empty()));
    let network = fake.network_with(GrpcOptions::new("http://fake").calls_per_minute(Some(6)));
    let began = Instant::now();
    let calls = (0..8).map(|_| send(&network));
    futures_util::future::try_join_all(calls).await.unwrap();
    let times: Vec<u64> = fake.questions().iter().map(|it| (it.at - began).as_secs()).collect();
    assert_eq!(times, [0, 0, 0, 0, 0, 0, 10, 20]);
    let fake = Fake::of(Method::SendGroupMessages, (0..200).map(|_| Reply::empty()));
    let network = fake.network_with(GrpcOptions::new("http://fake").calls_per_minute(None));
    let began = Instant::now();
    for _ in 0..200 {
        send(&network).await.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// R-NET-163
#[tokio::test(start_paused = true)]
async fn every_call_says_who_calls() {
    let fake = Fake::of(Method::SendGroupMessages, [Reply::empty()]);
    let network = fake.network_with(GrpcOptions::new("http://fake").app_version("example/2.1"));
    send(&network).await.unwrap();
    let _ = network.subscribe(vec![(hexmtp_domain::Topic::Group(GROUP), VectorClock::new())]).await;
    assert_eq!(fake.questions().len(), 2);
    for question in fake.questions() {
        assert_eq!(question.headers.get("x-app-version").unwrap(), "example/2.1");
        assert_eq!(question.headers.get("x-libxmtp-version").unwrap(), hexmtp_domain::version::CLAIMED);
    }
}

/// R-NET-159
#[tokio::test(start_paused = true)]
async fn whatever_a_server_says_to_a_publication_it_was_published() {
    let senseless = Reply::Messages(vec![vec![0xff; 9].into()], super::fake::End::Orderly);
    let fake = Fake::of(Method::SendGroupMessages, [senseless]);
    send(&fake.network()).await.unwrap();
}

#[test]
fn errors_tell_neither_too_much_nor_over_many_lines() {
    let status = Status::invalid_argument(format!("line\nline{}", "x".repeat(5_000)));
    let error = DeliveryError::from(crate::failure::Failure::of(Method::SendGroupMessages, &status));
    let text = error.to_string();
    assert!(text.len() < 300 && !text.contains('\n'), "{text}");
}
