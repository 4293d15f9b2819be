//! Connections that are cut, delayed, half closed, swallowed and refused.

use std::time::Duration;

use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions};
use hexmtp_node::{Node, NodeOptions};
use hexmtp_tests::proxy::{Proxy, Side};

use crate::people::{Dice, Party, until};

/// How many messages of each person are acknowledged.
const EACH: usize = 20;
const ALL: usize = 3 * EACH;

/// Something that goes wrong with the connections of one person.
async fn misbehave(dice: &Dice, proxy: &Proxy, party: &Party) {
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
            let is_over = async || proxy.refused() >= goal || party.acknowledged() >= ALL;
            until("connections are refused", is_over).await;
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
            misbehave(&dice, &proxies[dice.below(3)], &party).await;
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
