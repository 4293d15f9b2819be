//! Clients that end and begin again from their files.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use hexmtp::MessageStream;
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_tests::interop::{Scene, assert_same, settle, until};
use serde_json::json;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_restarts() {
    let scene = Scene::begin("restart: the official client, while we go on").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    their_group.send("before").await;
    our_group.send_text("before, too").await.expect("sent");
    let installation = theirs.installation_id();

    let meanwhile = async {
        our_group.send_text("while they are away").await.expect("sent");
        our_group.update_name("changed while they are away").await.expect("renamed");
    };
    let theirs = scene.restarted(&theirs, meanwhile).await;
    assert_eq!(theirs.installation_id(), installation);
    theirs.sync_all().await;
    let their_group = theirs.conversation(our_group.id());
    their_group.send("after").await;
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 4);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_restarts() {
    let scene = Scene::begin("restart: ours, while they go on").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    our_group.send_text("before").await.expect("sent");
    let installation = ours.installation_id();
    ours.client.close().await.expect("closed");

    their_group.send("while we are away").await;
    their_group.rename("changed while we are away").await;
    let new_group = theirs.create_group(&[ours.inbox_id()], json!({ "name": "new" })).await;
    let ours = ours.reopened(scene.url()).await;
    assert_eq!(ours.installation_id(), installation);
    ours.sync().await;
    let our_group = ours.client.conversation(their_group.id).await.expect("the group");
    our_group.send_text("after").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 3);
    let our_new =
        ours.client.conversation(new_group.id).await.expect("the group that came while we were away");
    assert_same(&our_new, &new_group).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let database_url = format!("sqlite://{}", folder.path().join("node.db").display());
    let node = start(([127, 0, 0, 1], 0).into(), &database_url).await;
    let address = node.address();
    let scene = Scene::over("restart: the node, while streams of both sides are open", &node.url()).await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let mut our_stream = ours.client.stream_messages().await.expect("a stream");
    let mut their_stream = theirs.stream("streamMessages").await;
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    their_group.send("theirs 0").await;
    next_texts_of_ours(&mut our_stream, &["theirs 0"]).await;
    let our_group = ours.client.conversation(their_group.id).await.expect("joined by the stream");

    let mut node = Some(node);
    for round in 1..=3 {
        node.take().expect("it runs").shutdown().await.expect("a clean end");
        node = Some(start(address, &database_url).await);
        our_group.send_text(&format!("ours {round}")).await.expect("sent");
        their_group.send(&format!("theirs {round}")).await;
        next_texts_of_ours(&mut our_stream, &[&format!("theirs {round}")]).await;
    }
    // What was sent before its stream was back, the official client has read and does not stream; what comes then, it
    // streams.
    let mut number = 0;
    until("their stream is back", || {
        number += 1;
        let group = our_group.clone();
        let streamed = std::iter::from_fn(|| their_stream.try_recv().ok());
        let back = streamed.into_iter().any(|value| value["text"].as_str() == Some("ours, again"));
        async move {
            group.send_text("ours, again").await.expect("sent");
            back.then_some(())
        }
    })
    .await;
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 7 + number);
    scene.end().await;
}

async fn start(listen: SocketAddr, database_url: &str) -> RunningNode {
    let options = NodeOptions { listen, database_url: database_url.into(), ..NodeOptions::default() };
    Node::start(options).await.expect("the node starts")
}

/// What others say next in our stream is this.
async fn next_texts_of_ours(stream: &mut MessageStream, expected: &[&str]) {
    let mut seen = Vec::new();
    while seen.len() < expected.len() {
        let next = timeout(Duration::from_secs(60), stream.next()).await.expect("in time");
        let message = next.expect("the stream goes on").expect("a message").message;
        let text = message.body.as_text().map(str::to_owned);
        seen.extend(text.filter(|text| text.starts_with("theirs")));
    }
    assert_eq!(seen, expected);
}
