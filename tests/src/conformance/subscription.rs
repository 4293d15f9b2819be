//! What every [`DeliveryService`](hexmtp_ports::delivery::DeliveryService) does with subscriptions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use futures_util::StreamExt;
use hexmtp_domain::{Cursor, InboxId, Topic, VectorClock};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{DeliveryError, Envelope, GroupEnvelope, OutboundGroupMessage};

use super::delivery::{publish, read, welcome};
use super::network::{Network, PATIENCE, message};

/// Runs all cases: `subscription_suite!(test, make)`, where `#[test]` runs a case and `make()` is a [`Network`].
#[macro_export]
macro_rules! subscription_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            subscription,
            [
                the_log_comes_first_and_then_what_is_sent,
                what_the_clock_covers_does_not_come,
                nothing_is_missing_or_twice_while_others_send,
                every_subscriber_gets_everything,
                only_the_topics_asked_for_come,
                only_groups_and_welcomes_can_be_subscribed,
                a_reader_who_does_not_read_for_long_misses_nothing,
            ]
        );
    };
}

type Subscription = BoxStream<'static, Result<Envelope, DeliveryError>>;

async fn subscribe(network: &Network, topics: &[Topic]) -> Subscription {
    let topics = topics.iter().map(|topic| (*topic, VectorClock::new())).collect();
    network.delivery.subscribe(topics).await.unwrap()
}

async fn next(subscription: &mut Subscription) -> Envelope {
    let next = tokio::time::timeout(PATIENCE, subscription.next()).await;
    next.expect("an envelope should have come").expect("the subscription goes on").unwrap()
}

async fn next_of_group(subscription: &mut Subscription) -> GroupEnvelope {
    match next(subscription).await {
        Envelope::Group(envelope) => envelope,
        Envelope::Welcome(other) => panic!("a welcome came: {other:?}"),
    }
}

/// R-NET-014
pub async fn the_log_comes_first_and_then_what_is_sent(network: Network) {
    let group = network.new_group();
    for text in ["one", "two"] {
        publish(&network, message(group, text)).await;
    }
    let mut subscription = subscribe(&network, &[Topic::Group(group)]).await;
    publish(&network, message(group, "three")).await;
    let mut received = Vec::new();
    for _ in 0..3 {
        received.push(next_of_group(&mut subscription).await);
    }
    publish(&network, message(group, "four")).await;
    received.push(next_of_group(&mut subscription).await);
    assert_eq!(received, read(&network, group, &VectorClock::new()).await);
}

/// R-NET-007
pub async fn what_the_clock_covers_does_not_come(network: Network) {
    let group = network.new_group();
    for text in ["one", "two", "three"] {
        publish(&network, message(group, text)).await;
    }
    let log = read(&network, group, &VectorClock::new()).await;
    for count in 0..3 {
        let clock: VectorClock = log[..count].iter().map(|it| it.cursor).collect();
        let mut subscription = network.delivery.subscribe(vec![(Topic::Group(group), clock)]).await.unwrap();
        assert_eq!(next_of_group(&mut subscription).await, log[count]);
    }
}

/// R-NET-014
pub async fn nothing_is_missing_or_twice_while_others_send(network: Network) {
    const COUNT: usize = 120;
    let group = network.new_group();
    let sender = network.clone();
    let sending = tokio::spawn(async move {
        for number in 0..COUNT {
            publish(&sender, message(group, &format!("{number}"))).await;
            tokio::task::yield_now().await;
        }
    });
    // Each round subscribes at another moment of the sending.
    for round in 0..4 {
        let mut subscription = subscribe(&network, &[Topic::Group(group)]).await;
        let expected = if round == 3 { COUNT } else { (round + 1) * COUNT / 4 };
        let mut received = Vec::new();
        for _ in 0..expected {
            received.push(next_of_group(&mut subscription).await);
        }
        let log = read(&network, group, &VectorClock::new()).await;
        assert_eq!(received, log[..expected]);
    }
    sending.await.unwrap();
}

/// R-NET-014
pub async fn every_subscriber_gets_everything(network: Network) {
    let group = network.new_group();
    let mut early = subscribe(&network, &[Topic::Group(group)]).await;
    publish(&network, message(group, "one")).await;
    let mut late = subscribe(&network, &[Topic::Group(group)]).await;
    let dropped = subscribe(&network, &[Topic::Group(group)]).await;
    publish(&network, message(group, "two")).await;
    drop(dropped);
    publish(&network, message(group, "three")).await;
    for expected in read(&network, group, &VectorClock::new()).await {
        assert_eq!(next_of_group(&mut early).await, expected);
        assert_eq!(next_of_group(&mut late).await, expected);
    }
}

/// R-NET-015
pub async fn only_the_topics_asked_for_come(network: Network) {
    let (one, two, other) = (network.new_group(), network.new_group(), network.new_group());
    let (destination, elsewhere) = (network.new_destination(), network.new_destination());
    publish(&network, message(one, "before")).await;
    let topics = [Topic::Group(one), Topic::Group(two), Topic::Welcome(destination)];
    let mut subscription = subscribe(&network, &topics).await;
    publish(&network, message(other, "not asked for")).await;
    publish(&network, message(two, "after")).await;
    network.delivery.publish_welcomes(vec![welcome(elsewhere, "not asked for")]).await.unwrap();
    network.delivery.publish_welcomes(vec![welcome(destination, "after")]).await.unwrap();
    let (mut groups, mut welcomes) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        match next(&mut subscription).await {
            Envelope::Group(envelope) => groups.push(envelope.group_id),
            Envelope::Welcome(envelope) => welcomes.push(envelope.destination),
        }
    }
    groups.sort_unstable();
    let mut expected = [one, two];
    expected.sort_unstable();
    assert_eq!(groups, expected);
    assert_eq!(welcomes, [destination]);
    // Whatever else were on its way would come before this one.
    publish(&network, message(one, "last")).await;
    assert_eq!(next_of_group(&mut subscription).await.data, message(one, "last").data);
}

/// R-NET-015
pub async fn only_groups_and_welcomes_can_be_subscribed(network: Network) {
    let group = Topic::Group(network.new_group());
    for topic in [Topic::Identity(InboxId::new(network.draw())), Topic::KeyPackage(network.new_destination())]
    {
        let topics = vec![(group, VectorClock::new()), (topic, VectorClock::new())];
        let outcome = network.delivery.subscribe(topics).await.map(drop);
        assert!(matches!(outcome, Err(DeliveryError::Rejected { .. })), "{outcome:?}");
    }
}

/// R-NET-016. Whether the subscription ends or takes itself up again is the adapter's choice; the reader who begins
/// again behind what it has gets everything once either way.
pub async fn a_reader_who_does_not_read_for_long_misses_nothing(network: Network) {
    let group = network.new_group();
    let mut subscription = subscribe(&network, &[Topic::Group(group)]).await;
    publish(&network, message(group, "first")).await;
    let mut received = vec![next_of_group(&mut subscription).await];
    let sent: Vec<OutboundGroupMessage> =
        (0..=network.unread_limit).map(|number| message(group, &format!("{number}"))).collect();
    for part in sent.chunks(50) {
        network.delivery.publish_group_messages(part.to_vec()).await.unwrap();
    }
    let mut log = Vec::new();
    while let Some(last) = (log.len() < sent.len() + 1).then(|| log.iter().map(cursor).collect()) {
        log.extend(network.delivery.query_group_messages(group, &last, 1_000).await.unwrap().items);
    }
    while received.len() < log.len() {
        let next = tokio::time::timeout(PATIENCE, subscription.next()).await;
        match next.expect("an envelope or the end should have come") {
            Some(Ok(Envelope::Group(envelope))) => received.push(envelope),
            Some(Err(DeliveryError::SubscriptionEnded)) => {
                assert!(subscription.next().await.is_none(), "nothing comes after the end");
                let clock = received.iter().map(cursor).collect();
                let topics = vec![(Topic::Group(group), clock)];
                subscription = network.delivery.subscribe(topics).await.unwrap();
            }
            other => panic!("neither an envelope nor the end came: {other:?}"),
        }
    }
    assert_eq!(received, log);
    // What were doubled at the end would come before this one.
    publish(&network, message(group, "last")).await;
    assert_eq!(next_of_group(&mut subscription).await.data, message(group, "last").data);
}

const fn cursor(envelope: &GroupEnvelope) -> Cursor {
    envelope.cursor
}
