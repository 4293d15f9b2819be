//! Messages in quantity, unpublished at first, and of all types.

use hexmtp::{GroupOptions, SendOptions};
use hexmtp_domain::message::{ContentTypeId, EncodedContent, text};
use hexmtp_tests::interop::{Scene, assert_same, settle};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_messages_each_way_interleaved() {
    let scene = Scene::begin("messages: 100 each way, at the same time").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let our_group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(our_group.id()).await;
    let texts: Vec<String> = (0..100).map(|number| format!("theirs {number}")).collect();
    tokio::join!(
        async {
            for number in 0..100 {
                our_group.send_text(&format!("ours {number}")).await.expect("sent");
            }
        },
        their_group.call("sendMany", json!({ "texts": texts })),
    );
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 200);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_longer_than_one_page() {
    let scene = Scene::begin("messages: a history of 3 pages read at once, by either").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let our_group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    for number in 0..250 {
        our_group.send_text(&format!("ours {number}")).await.expect("sent");
    }
    let their_group = theirs.joined(our_group.id()).await;
    assert_eq!(their_group.texts().await.len(), 250);

    let texts: Vec<String> = (0..250).map(|number| format!("theirs {number}")).collect();
    their_group.call("sendMany", json!({ "texts": texts })).await;
    ours.sync().await;
    assert_eq!(crate::texts(&our_group).await.len(), 500);
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 500);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn optimistic_sends() {
    let scene = Scene::begin("messages: optimistic sends by either").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    for number in 0..10 {
        let words = format!("theirs {number}");
        their_group.call("sendText", json!({ "text": words, "optimistic": true })).await;
        let options = SendOptions { optimistic: true, ..SendOptions::default() };
        our_group.send(&text::encode(&format!("ours {number}")), options).await.expect("stored");
    }
    assert_eq!(their_group.texts().await.len(), 10, "theirs are listed before they are sent");
    assert_eq!(crate::texts(&our_group).await.len(), 10, "ours are listed before they are sent");
    their_group.call("publishMessages", json!({})).await;
    our_group.publish_messages().await.expect("published");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 20);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contents_of_all_types() {
    let scene = Scene::begin("messages: replies, reactions, receipts, unknown types, large ones").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    let first = their_group.send("first").await;
    their_group.call("reply", json!({ "to": first.to_string(), "text": "an answer" })).await;
    let reaction =
        json!({ "to": first.to_string(), "toInbox": theirs.inbox_id().to_string(), "content": "\u{1f44d}" });
    their_group.call("react", reaction).await;
    their_group.call("readReceipt", json!({})).await;
    let own_type = json!({
        "authority": "example.org", "type": "poll", "version": [2, 1], "parameters": { "b": "2", "a": "1" },
        "fallback": "a poll", "content": "00ff10",
    });
    their_group.call("send", json!({ "content": own_type })).await;
    let big = "x".repeat(900_000);
    their_group.send(&big).await;

    let own_type = EncodedContent {
        content_type: ContentTypeId {
            authority_id: "example.org".to_owned(),
            type_id: "poll".to_owned(),
            version_major: 3,
            version_minor: 0,
        },
        parameters: [("z".to_owned(), "26".to_owned()), ("y".to_owned(), String::new())].into(),
        fallback: Some("our poll".to_owned()),
        content: vec![0, 255, 7],
        compression: None,
    };
    our_group.send(&own_type, SendOptions::default()).await.expect("sent");
    our_group.send_text(&big).await.expect("sent");
    our_group.send_text("").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 9);
    scene.end().await;
}

/// Receivers keep the keys of three past epochs. A message of an older one cannot be read, and its sender, who sees it at
/// its place in the log, sends it anew.
///
/// R-NET-220
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_past_epochs() {
    let scene = Scene::begin("messages: sent 1 to 6 epochs behind, those too old sent anew, by either").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    our_group.send_text("in step").await.expect("sent");
    their_group.send("in step").await;
    settle(&[&our_group], &[&their_group]).await;
    let mut messages = 2;
    for behind in 1..=6 {
        // Of theirs three epochs behind there is more to say: see below.
        if behind != 3 {
            for number in 0..behind {
                our_group.update_name(&format!("ours {number}")).await.expect("renamed");
            }
            their_group.send(&format!("theirs, {behind} behind")).await;
            settle(&[&our_group], &[&their_group]).await;
            messages += 1;
            let same = assert_same(&our_group, &their_group).await;
            assert_eq!(same.messages, messages, "theirs, {behind} behind");
        }
        for number in 0..behind {
            their_group.rename(&format!("theirs {number}")).await;
        }
        our_group.send_text(&format!("ours, {behind} behind")).await.expect("sent");
        settle(&[&our_group], &[&their_group]).await;
        messages += 1;
        let same = assert_same(&our_group, &their_group).await;
        assert_eq!(same.messages, messages, "ours, {behind} behind");
    }
}

/// The official sender thinks three epochs too many already and sends again what everybody has read. It dates the
/// message by the second copy, and all receivers, official ones too, by the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_theirs_three_epochs_behind_comes_twice_and_counts_once() {
    let scene = Scene::begin("messages: one of theirs three epochs behind comes twice and counts once").await;
    let (ours, theirs, dave) = (scene.ours().await, scene.official().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id(), dave.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    let daves = dave.joined(their_group.id).await;
    their_group.send("in step").await;
    settle(&[&our_group], &[&their_group, &daves]).await;
    for number in 0..3 {
        our_group.update_name(&format!("ours {number}")).await.expect("renamed");
    }
    their_group.send("theirs, 3 behind").await;
    settle(&[&our_group], &[&their_group, &daves]).await;
    assert_eq!(assert_same(&our_group, &daves).await.messages, 2);
    assert_eq!(their_group.texts().await, crate::texts(&our_group).await);
    scene.end().await;
}
