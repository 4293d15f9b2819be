//! Clients that end and begin again from their files.

use hexmtp_tests::interop::{Scene, assert_same, settle};
use serde_json::json;

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
}
