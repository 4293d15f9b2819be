//! Connections that are cut, delayed, half closed, swallowed and refused.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions, Method};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{GroupId, InstallationId, SequenceId, Topic, VectorClock};
use hexmtp_node::{Node, NodeOptions};
use hexmtp_ports::delivery::{DeliveryService, Envelope, OutboundWelcome, WelcomePayload};
use hexmtp_tests::conformance::network::message;
use hexmtp_tests::proxy::{Proxy, Side};

use crate::people::{Dice, Party, impatient, until};

/// How many messages of each person are acknowledged.
const EACH: usize = 20;
const ALL: usize = 3 * EACH;

/// Something that goes wrong with the connections of one person. What refuses connections does so until it has refused
/// some, or until nobody needs them any more.
async fn misbehave(dice: &Dice, proxy: &Proxy, is_over: impl Fn() -> bool) {
    match dice.below(8) {
        0 => proxy.cut(),
        1 => proxy.cut_after(u64::try_from(dice.below(6_000)).expect("it fits")),
        2 => proxy.half_close(Side::Server),
        3 => proxy.half_close(Side::Client),
        4 => proxy.black_hole(),
        5 => proxy.delay(Duration::from_millis(u64::try_from(dice.below(20)).expect("it fits"))),
        6 => {
            // A delay and a cut in the middle of what is delayed.
            proxy.delay(Duration::from_millis(15));
            proxy.cut_after(u64::try_from(dice.below(2_000)).expect("it fits"));
        }
        _ => {
            let goal = proxy.refused() + 1 + u64::try_from(dice.below(4)).expect("it fits");
            proxy.refuse(true);
            proxy.cut();
            until("connections are refused", async || proxy.refused() >= goal || is_over()).await;
            proxy.refuse(false);
        }
    }
}

async fn clients_recover_from(seed: u64) {
    let node = Node::start(NodeOptions::default()).await.expect("a node");
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(Proxy::start(node.address()).await.expect("a proxy"));
    }
    let urls = [proxies[0].url(), proxies[1].url(), proxies[2].url()];
    let party = Party::new(urls).await;
    let connections: u64 = proxies.iter().map(Proxy::accepted).sum();
    let faults = async {
        let dice = Dice::new(seed);
        let mut faults = 0;
        while party.acknowledged() < ALL {
            misbehave(&dice, &proxies[dice.below(3)], || party.acknowledged() >= ALL).await;
            faults += 1;
            party.progress(1 + dice.below(3), ALL).await;
        }
        faults
    };
    let (faults, ()) = tokio::join!(faults, party.send_all(EACH));
    for proxy in &proxies {
        proxy.delay(Duration::ZERO);
        // Whatever swallows what is said has to be found out without help.
        proxy.black_hole();
    }
    let direct = GrpcNetwork::connect(GrpcOptions::new(node.url())).expect("a network");
    party.assert_everything_arrived(&direct).await;
    assert!(faults >= 5, "only {faults} faults");
    assert!(
        proxies.iter().map(Proxy::accepted).sum::<u64>() > connections,
        "nothing was ever connected anew"
    );
    let statistics = party.people.iter().map(|it| it.network.statistics());
    let retries: u64 = statistics.map(|it| it.iter().map(|(_, method)| method.retries).sum::<u64>()).sum();
    assert!(retries > 0, "no call ever failed");
}

/// R-NET-180
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_recover_from_bad_connections_seed_1() {
    clients_recover_from(1).await;
}

/// R-NET-180
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_recover_from_bad_connections_seed_2() {
    clients_recover_from(2).await;
}

/// R-NET-180
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_recover_from_bad_connections_seed_3() {
    clients_recover_from(3).await;
}

/// R-NET-180. Below the clients, whose stores would hide it: the subscription itself has neither gap nor repetition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_over_bad_connections_has_everything_once() {
    const COUNT: usize = 400;
    let node = Node::start(NodeOptions::default()).await.expect("a node");
    let proxy = Proxy::start(node.address()).await.expect("a proxy");
    let direct = GrpcNetwork::connect(GrpcOptions::new(node.url())).expect("a network");
    let (groups, destination) =
        ([GroupId::new([1; 16]), GroupId::new([2; 16])], InstallationId::new([3; 32]));
    let topics = groups.map(Topic::Group).into_iter().chain([Topic::Welcome(destination)]);
    let reader = impatient(proxy.url());
    let subscribed = reader.subscribe(topics.map(|topic| (topic, VectorClock::new())).collect()).await;
    let mut subscription = subscribed.expect("a subscription");
    let received = AtomicUsize::new(0);
    let sending = async {
        for number in 0..COUNT {
            if number % 5 == 0 {
                direct.publish_welcomes(vec![welcome(destination, number)]).await.expect("published");
            } else {
                let sent = message(groups[number % 2], &format!("{number}"));
                direct.publish_group_messages(vec![sent]).await.expect("published");
            }
        }
    };
    let reading = async {
        let mut logs: BTreeMap<Topic, Vec<u64>> = BTreeMap::new();
        for _ in 0..COUNT {
            let (topic, id) = match subscription.next().await.expect("it goes on").expect("it heals") {
                Envelope::Group(it) => (Topic::Group(it.group_id), it.cursor.sequence_id.0),
                Envelope::Welcome(it) => (Topic::Welcome(it.destination), it.cursor.sequence_id.0),
            };
            logs.entry(topic).or_default().push(id);
            received.fetch_add(1, Ordering::Relaxed);
        }
        logs
    };
    let faults = async {
        let dice = Dice::new(5);
        let is_over = || received.load(Ordering::Relaxed) >= COUNT;
        while !is_over() {
            misbehave(&dice, &proxy, is_over).await;
            let goal = (received.load(Ordering::Relaxed) + 1 + dice.below(25)).min(COUNT);
            until("envelopes come", async || received.load(Ordering::Relaxed) >= goal).await;
        }
    };
    let (logs, (), ()) = tokio::join!(reading, sending, faults);
    for group in groups {
        let log = direct.query_group_messages(group, &VectorClock::new(), COUNT).await.expect("a log");
        let ids: Vec<u64> = log.items.iter().map(|it| it.cursor.sequence_id.0).collect();
        assert_eq!(logs.get(&Topic::Group(group)), Some(&ids));
    }
    let log = direct.query_welcomes(destination, SequenceId(0), COUNT).await.expect("a log");
    let ids: Vec<u64> = log.items.iter().map(|it| it.cursor.sequence_id.0).collect();
    assert_eq!(logs.get(&Topic::Welcome(destination)), Some(&ids));
    let retries = |method| reader.statistics().of(method).retries;
    assert!(retries(Method::SubscribeGroupMessages) >= 3 && retries(Method::SubscribeWelcomeMessages) >= 3);
}

fn welcome(destination: InstallationId, number: usize) -> OutboundWelcome {
    let payload = WelcomePayload::Welcome {
        data: format!("{number}").into_bytes(),
        hpke_public_key: vec![3; 32],
        algorithm: WrapperAlgorithm::Curve25519,
        metadata: vec![4; 5],
    };
    OutboundWelcome { destination, payload }
}

/// R-NET-179
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_whose_connection_died_silently_goes_on() {
    let node = Node::start(NodeOptions::default()).await.expect("a node");
    let proxy = Proxy::start(node.address()).await.expect("a proxy");
    let party = Party::new([node.url(), proxy.url(), node.url()]).await;
    let direct = GrpcNetwork::connect(GrpcOptions::new(node.url())).expect("a network");
    for _ in 0..2 {
        let connections = proxy.accepted();
        proxy.black_hole();
        // Only the first one sends; the second one hears of it over a connection that has to be made anew.
        party.send_one(0).await;
        party.assert_everything_arrived(&direct).await;
        assert!(proxy.accepted() > connections, "it came over a connection that swallows everything");
    }
}
