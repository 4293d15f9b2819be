//! The network behind a server passes the suites of the network, against our own node.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use futures_util::StreamExt;
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions, Method};
use hexmtp_domain::{Topic, VectorClock};
use hexmtp_node::{Node, NodeOptions};
use hexmtp_platform_test::SeededEntropy;
use hexmtp_ports::delivery::{Envelope, OutboundGroupMessage};
use hexmtp_tests::conformance::network::{Network, PATIENCE, message};
use tokio::runtime::Handle;

const UNREAD_LIMIT: usize = 200;

/// A network of its own for each case: key packages of the captured installations would meet otherwise.
fn network() -> Network {
    let network = Arc::new(grpc_network(NodeOptions::default()));
    Network {
        delivery: network.clone(),
        identity_log: network.clone(),
        commit_log: network,
        entropy: Arc::new(SeededEntropy::new(1)),
        unread_limit: UNREAD_LIMIT,
    }
}

fn grpc_network(options: NodeOptions) -> GrpcNetwork {
    let starting = Node::start(NodeOptions { subscriber_messages: UNREAD_LIMIT, ..options });
    let node = tokio::task::block_in_place(|| Handle::current().block_on(starting)).expect("a node");
    let network = GrpcNetwork::connect(GrpcOptions::new(node.url())).expect("a network");
    // It runs as long as the test's runtime does.
    std::mem::forget(node);
    network
}

mod delivery {
    hexmtp_tests::delivery_suite!(tokio::test(flavor = "multi_thread", worker_threads = 1), super::network);
}

mod subscription {
    hexmtp_tests::subscription_suite!(
        tokio::test(flavor = "multi_thread", worker_threads = 1),
        super::network
    );
}

mod identity_log {
    hexmtp_tests::identity_log_suite!(
        tokio::test(flavor = "multi_thread", worker_threads = 1),
        super::network
    );
}

mod commit_log {
    hexmtp_tests::commit_log_suite!(tokio::test(flavor = "multi_thread", worker_threads = 1), super::network);
}

/// R-NET-174. More stays unread than the connection's windows and the node hold, so the node breaks the stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_whom_the_node_drops_misses_nothing() {
    const COUNT: usize = 600;
    let grpc = grpc_network(NodeOptions { subscriber_bytes: 256 * 1024, ..NodeOptions::default() });
    let network = Network { delivery: Arc::new(grpc.clone()), ..network() };
    let group = network.new_group();
    let topics = vec![(Topic::Group(group), VectorClock::new())];
    let mut subscription = network.delivery.subscribe(topics).await.expect("a subscription");
    let text = "x".repeat(15_000);
    let large = |number: usize| message(group, &format!("{number} {text}"));
    let sent: Vec<OutboundGroupMessage> = (0..COUNT).map(large).collect();
    for part in sent.chunks(20) {
        network.delivery.publish_group_messages(part.to_vec()).await.expect("published");
    }
    for expected in sent {
        let next = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("an envelope comes");
        match next {
            Some(Ok(Envelope::Group(envelope))) => assert_eq!(envelope.data, expected.data),
            other => panic!("no group message: {other:?}"),
        }
    }
    let failures = grpc.statistics().of(Method::SubscribeGroupMessages).failures;
    assert!(failures.get("ABORTED").is_some_and(|count| *count > 0), "it was never dropped: {failures:?}");
}
