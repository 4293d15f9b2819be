//! What was acknowledged stays, whatever happens to the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "semantics/peer.rs"]
#[allow(dead_code, reason = "each test program uses another part")]
mod peer;
#[allow(dead_code, reason = "each test program uses another part")]
mod process;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hexmtp_node::{Node, NodeError, NodeOptions};
use hexmtp_proto::xmtp::mls::api::v1 as wire;
use tokio::sync::watch;

use peer::{Peer, Person, fresh, now, text, v1};
use process::Process;

/// R-NET-142
#[tokio::test]
async fn a_restart_keeps_everything_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let database_url = format!("sqlite://{}", folder.path().join("node.db").display());
    let options = NodeOptions { database_url, ..NodeOptions::default() };
    let (group, alice) = (fresh(), Person::new());
    let other = hexmtp_domain::identity::LocalWallet::from_private_key(fresh()).unwrap();
    let mut messages = Vec::new();
    let mut log = Vec::new();
    for round in 0..3 {
        let node = Node::start(options.clone()).await.unwrap();
        let peer = Peer::connect(&node.url()).await;
        assert_eq!(peer.read(group).await, messages);
        assert_eq!(peer.log_of(alice.inbox(0), 0).await, log);
        peer.send(&[text(group, &format!("{round}")), text(group, "always the same")]).await.unwrap();
        if round < 2 {
            let update = [alice.registration(0), alice.adding(&other, 9)];
            peer.publish(&update[round]).await.unwrap();
        }
        let grown = peer.read(group).await;
        assert_eq!(grown[..messages.len()], messages);
        messages = grown;
        log = peer.log_of(alice.inbox(0), 0).await;
        node.shutdown().await.unwrap();
    }
    assert_eq!(messages.iter().map(|it| it.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(log.iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2]);
}

/// R-NET-143
#[tokio::test]
async fn a_file_serves_one_node_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let database_url = format!("sqlite://{}", folder.path().join("node.db").display());
    let options = NodeOptions { database_url, ..NodeOptions::default() };
    let first = Node::start(options.clone()).await.unwrap();
    assert!(matches!(Node::start(options.clone()).await, Err(NodeError::DatabaseInUse)));
    first.shutdown().await.unwrap();
    Node::start(options).await.unwrap().shutdown().await.unwrap();
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_start_is_told() {
    let start = async |options: NodeOptions| Node::start(options).await.unwrap_err();
    let file =
        |path: &str| NodeOptions { database_url: format!("sqlite://{path}"), ..NodeOptions::default() };
    assert!(matches!(start(file("/no/such/folder/node.db")).await, NodeError::DatabaseFile { .. }));
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage");
    std::fs::write(&garbage, [7; 8_192]).unwrap();
    assert!(matches!(start(file(garbage.to_str().unwrap())).await, NodeError::Database(_)));
    let node = Node::start(NodeOptions::default()).await.unwrap();
    let taken = NodeOptions { listen: node.address(), ..NodeOptions::default() };
    assert!(matches!(start(taken).await, NodeError::Listen { .. }));
    node.shutdown().await.unwrap();
    let none = NodeOptions { max_page_size: 0, ..NodeOptions::default() };
    assert!(matches!(start(none).await, NodeError::Setting { setting: "max_page_size", .. }));
    let odd = NodeOptions { cors_origins: vec!["not\nan origin".to_owned()], ..NodeOptions::default() };
    assert!(matches!(start(odd).await, NodeError::Setting { setting: "cors_origins", .. }));
}

/// Sends its messages one after the other, each again until it is acknowledged, whatever happens to the node.
async fn send_all(messages: Vec<Vec<u8>>, mut url: watch::Receiver<String>, count: Arc<AtomicUsize>) {
    let mut peer = Peer::connect_lazily(&url.borrow_and_update());
    for message in messages {
        while peer.send(std::slice::from_ref(&message)).await.is_err() {
            // Nothing was said about it: it may be stored or not.
            if url.has_changed().unwrap() {
                peer = Peer::connect_lazily(&url.borrow_and_update());
            }
            tokio::task::yield_now().await;
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
}

/// Follows a group, from the last message that it has whenever the stream breaks.
async fn follow(
    group: [u8; 16],
    expected: usize,
    mut url: watch::Receiver<String>,
) -> Vec<wire::group_message::V1> {
    let mut found: Vec<wire::group_message::V1> = Vec::new();
    while found.len() < expected {
        let peer = Peer::connect_lazily(&url.borrow_and_update());
        let id_cursor = found.last().map_or(0, |last| last.id);
        let filter = wire::subscribe_group_messages_request::Filter { group_id: group.to_vec(), id_cursor };
        let request = wire::SubscribeGroupMessagesRequest { filters: vec![filter] };
        if let Ok(stream) = peer.mls.clone().subscribe_group_messages(request).await {
            let mut stream = stream.into_inner();
            while found.len() < expected
                && let Ok(Some(message)) = stream.message().await
            {
                found.push(v1(message));
            }
        }
        tokio::task::yield_now().await;
    }
    found
}

/// R-NET-144
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_every_acknowledged_message_is_there_once() {
    const SENDERS: usize = 4;
    const EACH: usize = 150;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.db");
    let mut node = Process::on_file(&file).await;
    let (set_url, url) = watch::channel(node.url.clone());
    let group = fresh();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let messages = (0..EACH).map(|place| text(group, &format!("{sender}.{place}"))).collect();
        senders.push(tokio::spawn(send_all(messages, url.clone(), Arc::clone(&acknowledged))));
    }
    let follower = tokio::spawn(follow(group, SENDERS * EACH, url.clone()));
    // The clock says how long each node lives: once this many more are acknowledged.
    for round in 0..6 {
        let seed = usize::try_from(now().as_nanos() % 1_000).unwrap();
        let goal = acknowledged.load(Ordering::SeqCst) + 20 + (seed * (round + 7)) % 60;
        while acknowledged.load(Ordering::SeqCst) < goal.min(SENDERS * EACH) {
            tokio::task::yield_now().await;
        }
        node.kill().await;
        node = Process::on_file(&file).await;
        set_url.send(node.url.clone()).unwrap();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let stored = Peer::connect(&node.url).await.read(group).await;
    let texts: BTreeSet<&[u8]> = stored.iter().map(|it| &it.data[..]).collect();
    assert_eq!((stored.len(), texts.len()), (SENDERS * EACH, SENDERS * EACH), "each once");
    assert!(stored.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].created_ns < pair[1].created_ns));
    for sender in 0..SENDERS {
        let own: Vec<Vec<u8>> = (0..EACH).map(|place| text(group, &format!("{sender}.{place}"))).collect();
        let in_log: Vec<&Vec<u8>> =
            stored.iter().map(|it| &it.data).filter(|data| own.contains(data)).collect();
        assert_eq!(in_log, own.iter().collect::<Vec<_>>(), "in the order in which they were acknowledged");
    }
    assert_eq!(follower.await.unwrap(), stored, "a subscriber that resumes has each once");
    node.kill().await;
}
