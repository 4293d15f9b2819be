//! Messages and conversations that come by themselves.

use std::time::Duration;

use futures_util::StreamExt;
use hexmtp::GroupOptions;
use hexmtp_tests::interop::{Scene, assert_same, settle};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

/// How long to wait for what comes by itself.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn next(stream: &mut UnboundedReceiver<Value>) -> Value {
    timeout(LIMIT, stream.recv()).await.expect("something comes in time").expect("the stream goes on")
}

/// The next texts of their stream.
pub(crate) async fn next_texts(stream: &mut UnboundedReceiver<Value>, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        if let Some(text) = next(stream).await["text"].as_str() {
            texts.push(text.to_owned());
        }
    }
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_on_both_sides() {
    let scene = Scene::begin("streams: ours of their messages, theirs of ours, new groups included").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let mut our_stream = ours.client.stream_messages().await.expect("a stream");
    let mut their_stream = theirs.stream("streamMessages").await;
    let mut their_conversations = theirs.stream("streamConversations").await;

    let our_group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    assert_eq!(next(&mut their_conversations).await["group"], our_group.id().to_string());
    for number in 0..20 {
        our_group.send_text(&format!("ours {number}")).await.expect("sent");
    }
    let expected: Vec<String> = (0..20).map(|number| format!("ours {number}")).collect();
    assert_eq!(next_texts(&mut their_stream, 20).await, expected);

    let their_group = theirs.conversation(our_group.id());
    for number in 0..20 {
        their_group.send(&format!("theirs {number}")).await;
    }
    let mut seen = Vec::new();
    while seen.len() < 40 {
        let streamed = timeout(LIMIT, our_stream.next()).await.expect("in time").expect("the stream goes on");
        let message = streamed.expect("a message").message;
        seen.extend(message.body.as_text().map(str::to_owned));
    }
    let theirs_seen: Vec<&String> = seen.iter().filter(|text| text.starts_with("theirs")).collect();
    let expected: Vec<String> = (0..20).map(|number| format!("theirs {number}")).collect();
    assert_eq!(theirs_seen, expected.iter().collect::<Vec<_>>());
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 40);
    scene.end().await;
}
