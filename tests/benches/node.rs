//! One call at a time to a `hexmtp-node` in this process, through the client's own adapter: what one client waits for.
//! How much the node bears from many clients at once is for `cargo run --release --example load`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot start must stop"
)]

use std::cell::Cell;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::StreamExt as _;
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions};
use hexmtp_domain::{GroupId, Topic, VectorClock};
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_ports::delivery::{DeliveryService as _, OutboundGroupMessage};
use hexmtp_tests::conformance::network::message;
use hexmtp_tests::postgres::TemporaryPostgres;
use tokio::runtime::Runtime;

const PAGE: usize = 100;

struct Bench {
    name: &'static str,
    node: RunningNode,
    network: GrpcNetwork,
    next: Cell<u64>,
}

impl Bench {
    async fn new(name: &'static str, database_url: String) -> Self {
        let options =
            NodeOptions { listen: ([127, 0, 0, 1], 0).into(), database_url, ..NodeOptions::default() };
        let node = Node::start(options).await.expect("the node starts");
        let network =
            GrpcNetwork::connect(GrpcOptions::new(node.url()).calls_per_minute(None)).expect("a URL");
        Self { name, node, network, next: Cell::new(0) }
    }

    fn number(&self) -> u64 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// A message that the node has not seen.
    fn message(&self, group: GroupId) -> OutboundGroupMessage {
        message(group, &format!("{:0>400}", self.number()))
    }
}

fn group(number: u8) -> GroupId {
    GroupId::new([number; 16])
}

fn publish(criterion: &mut Criterion, runtime: &Runtime, benches: &[Bench]) {
    let mut measured = criterion.benchmark_group("publish");
    for bench in benches {
        for count in [1_usize, 50] {
            measured.throughput(Throughput::Elements(count as u64));
            measured.bench_function(BenchmarkId::new(bench.name, count), |bencher| {
                bencher.to_async(runtime).iter(|| async {
                    let messages = (0..count).map(|_| bench.message(group(1))).collect();
                    bench.network.publish_group_messages(messages).await.expect("the node takes them");
                });
            });
        }
    }
    measured.finish();
}

fn query(criterion: &mut Criterion, runtime: &Runtime, benches: &[Bench]) {
    let mut measured = criterion.benchmark_group("query");
    measured.throughput(Throughput::Elements(PAGE as u64));
    for bench in benches {
        runtime.block_on(async {
            let messages = (0..PAGE).map(|_| bench.message(group(2))).collect();
            bench.network.publish_group_messages(messages).await.expect("the node takes them");
        });
        measured.bench_function(BenchmarkId::new(bench.name, "a page of 100"), |bencher| {
            bencher.to_async(runtime).iter(|| async {
                let page = bench.network.query_group_messages(group(2), &VectorClock::new(), PAGE).await;
                assert_eq!(black_box(page).expect("the node answers").items.len(), PAGE);
            });
        });
    }
    measured.finish();
}

/// From before the publishing to the receipt on a subscription.
fn deliver(criterion: &mut Criterion, runtime: &Runtime, benches: &[Bench]) {
    let mut measured = criterion.benchmark_group("publish and receive");
    for bench in benches {
        let topics = vec![(Topic::Group(group(3)), VectorClock::new())];
        let stream = runtime.block_on(bench.network.subscribe(topics)).expect("the node takes subscriptions");
        let stream = tokio::sync::Mutex::new(stream);
        measured.bench_function(BenchmarkId::new(bench.name, 1), |bencher| {
            bencher.to_async(runtime).iter(|| async {
                let messages = vec![bench.message(group(3))];
                bench.network.publish_group_messages(messages).await.expect("the node takes it");
                stream.lock().await.next().await.expect("the stream goes on").expect("the node delivers");
            });
        });
    }
    measured.finish();
}

fn node(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("sqlite://{}", folder.path().join("node.sqlite").display());
    let postgres = TemporaryPostgres::start();
    let benches = runtime.block_on(async {
        vec![
            Bench::new("SQLite in memory", "sqlite::memory:".to_owned()).await,
            Bench::new("SQLite file", file).await,
            Bench::new("PostgreSQL", postgres.url("bench")).await,
        ]
    });
    publish(criterion, &runtime, &benches);
    query(criterion, &runtime, &benches);
    deliver(criterion, &runtime, &benches);
    for bench in benches {
        drop(bench.network);
        runtime.block_on(bench.node.shutdown()).expect("the node stops");
    }
}

criterion_group!(all, node);
criterion_main!(all);
