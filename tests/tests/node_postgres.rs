//! The node on PostgreSQL: the same semantics as on SQLite, and what only a server can do to it.

#[path = "../../adapters/node/tests/semantics/mod.rs"]
mod semantics;

use std::sync::atomic::{AtomicU64, Ordering};

use hexmtp_node::{Node, NodeError, NodeOptions};
use hexmtp_tests::postgres::TemporaryPostgres;
use tokio::time::timeout;

use semantics::peer::{PATIENCE, Peer, Running, fresh, text};
use semantics::subscriptions::{next, subscribe};

/// A node on a database that nobody else has.
fn options() -> NodeOptions {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("node_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    NodeOptions { database_url: TemporaryPostgres::shared().url(&name), ..NodeOptions::default() }
}

async fn start() -> Running {
    Running::start(options(), None).await
}

semantics::semantics!(start);

/// R-NET-143
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_serves_one_node_at_a_time() {
    let options = options();
    let first = Node::start(options.clone()).await.unwrap();
    let second = Node::start(options.clone()).await;
    assert!(matches!(second, Err(NodeError::DatabaseInUse)), "{second:?}");
    first.shutdown().await.unwrap();
    Node::start(options).await.unwrap().shutdown().await.unwrap();
}

/// R-NET-142
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_everything_and_numbers_go_on() {
    let options = options();
    let group = fresh();
    for round in 1..=3_usize {
        let node = Node::start(options.clone()).await.unwrap();
        let peer = Peer::connect(&node.url()).await;
        peer.send(&[text(group, &round.to_string())]).await.unwrap();
        let ids: Vec<u64> = peer.read(group).await.into_iter().map(|it| it.id).collect();
        assert_eq!(ids, (1..=3).take(round).collect::<Vec<_>>());
        node.shutdown().await.unwrap();
    }
}

/// R-NET-145
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_comes_back_and_nothing_is_lost_or_doubled() {
    // A server of its own: others must not feel this.
    let server = TemporaryPostgres::start();
    let options = NodeOptions { database_url: server.url("node"), ..NodeOptions::default() };
    let node = Running::start(options, None).await;
    let (peer, group) = (node.peer().await, fresh());
    let (_, mut messages) = subscribe(&peer, &[(group, 0)]).await;
    peer.send(&[text(group, "first")]).await.unwrap();
    // From here on it is live: what comes, comes without the database.
    assert_eq!(next(&mut messages).await.data, text(group, "first"));
    for round in 0..6_usize {
        let message = text(group, &round.to_string());
        // A caller who gets an error tries again, as clients do.
        let sent = async {
            while peer.send(std::slice::from_ref(&message)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, sent).await.expect("the node comes back");
        if round % 2 == 0 {
            server.crash();
        } else {
            server.restart();
        }
        assert_eq!(next(&mut messages).await.data, message, "who has subscribed gets it");
    }
    let read = async {
        while peer.query_outcome(group).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, read).await.expect("the readers come back");
    let texts: Vec<_> = peer.read(group).await.into_iter().map(|it| it.data).collect();
    assert_eq!(texts[1..], (0..6).map(|round| text(group, &round.to_string())).collect::<Vec<_>>());
    node.stop().await;
}
