//! Our clients with the other builds of the official software: the older release, and the browser's bindings.

use hexmtp::GroupOptions;
use hexmtp_tests::interop::{Scene, Sdk, Setup, assert_same, settle};
use serde_json::json;

/// DMs and groups of either, talk, a rename and a member more.
async fn smoke(scene: &Scene, sdk: Sdk) {
    let ours = scene.ours().await;
    let theirs = scene.official_as(Setup { sdk, ..Setup::default() }).await;
    let their_dm = theirs.create_dm(ours.inbox_id()).await;
    their_dm.send("from them").await;
    let our_dm = ours.joined(their_dm.id).await;
    our_dm.send_text("from us").await.expect("sent");
    settle(&[&our_dm], &[&their_dm]).await;
    assert_eq!(assert_same(&our_dm, &their_dm).await.messages, 2);

    let our_group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(our_group.id()).await;
    their_group.send("from them").await;
    our_group.sync().await.expect("a sync");
    our_group.update_name("by us").await.expect("renamed");
    their_group.sync().await;
    their_group.rename("by them").await;
    let dave = scene.official().await;
    their_group.add(dave.inbox_id()).await;
    let daves = dave.joined(our_group.id()).await;
    daves.send("from dave").await;
    our_group.sync().await.expect("a sync");
    our_group.send_text("from us").await.expect("sent");
    settle(&[&our_group], &[&their_group, &daves]).await;
    assert_eq!(our_group.name().await.expect("a name"), "by them");
    assert_eq!(assert_same(&our_group, &daves).await.messages, 2);
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 3);

    let their_group = theirs.create_group(&[ours.inbox_id()], json!({ "name": "theirs" })).await;
    let our_group = ours.joined(their_group.id).await;
    our_group.send_text("hello").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(our_group.name().await.expect("a name"), "theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_release() {
    let scene = Scene::begin("5.5.0: DM, groups of either, rename, a member more").await;
    smoke(&scene, Sdk::Old).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browser_bindings() {
    let scene =
        Scene::begin("browser bindings 1.11.0 over gRPC-Web: DM, groups of either, rename, a member more")
            .await;
    smoke(&scene, Sdk::Wasm).await;
    scene.end().await;
}
