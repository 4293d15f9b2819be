//! The node on PostgreSQL: the same semantics as on SQLite, and what only a server can do to it.

#[path = "../../adapters/node/tests/semantics/mod.rs"]
mod semantics;

use std::time::Duration;

use hexmtp_node::{Node, NodeError, NodeOptions};
use hexmtp_tests::postgres::PostgresServer;
use tokio::time::timeout;

use semantics::peer::{PATIENCE, Peer, Running, fresh, text};
use semantics::subscriptions::{next, subscribe};

fn options() -> NodeOptions {
    NodeOptions { database_url: PostgresServer::shared().new_database(), ..NodeOptions::default() }
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
async fn broken_connections_to_the_database_heal_and_nothing_is_lost_or_doubled() {
    let options = options();
    let url = options.database_url.clone();
    let node = Running::start(options, None).await;
    let (peer, group) = (node.peer().await, fresh());
    let (_, mut messages) = subscribe(&peer, &[(group, 0)]).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE application_name = 'hexmtp-node' AND datname = current_database()";
    for round in 0..5_usize {
        let server = PostgresServer::shared();
        let count = server.execute(&url, cut);
        assert_ne!(count.trim(), "0");
        // A caller who gets an error tries again, as clients do.
        let message = text(group, &round.to_string());
        let sent = async {
            while peer.send(std::slice::from_ref(&message)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, sent).await.expect("the node comes back");
        assert_eq!(next(&mut messages).await.data, message, "who has subscribed gets it");
    }
    let texts: Vec<_> = node.peer().await.read(group).await.into_iter().map(|it| it.data).collect();
    assert_eq!(texts, (0..5).map(|round| text(group, &round.to_string())).collect::<Vec<_>>());
    node.stop().await;
}
