//! Members added and removed by either side.

use hexmtp::GroupOptions;
use hexmtp_tests::interop::{Scene, assert_same, settle};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_add_and_remove() {
    let scene = Scene::begin("membership: they add and remove members of both sides").await;
    let (alice, bob) = (scene.ours().await, scene.ours().await);
    let (carol, dave) = (scene.official().await, scene.official().await);
    let carols = carol.create_group(&[alice.inbox_id()], json!({})).await;
    let alices = alice.joined(carols.id).await;
    carols.send("before").await;

    carols.add(bob.inbox_id()).await;
    carols.add(dave.inbox_id()).await;
    let bobs = bob.joined(carols.id).await;
    let daves = dave.joined(carols.id).await;
    carols.send("all four").await;
    settle(&[&alices, &bobs], &[&carols, &daves]).await;
    assert_eq!(assert_same(&alices, &carols).await.messages, 2);
    assert_eq!(assert_same(&bobs, &carols).await.messages, 1, "bob came later");
    assert_eq!(assert_same(&alices, &daves).await.messages, 1, "dave came later");

    carols.remove(bob.inbox_id()).await;
    carols.remove(dave.inbox_id()).await;
    carols.send("two again").await;
    settle(&[&alices], &[&carols]).await;
    assert_eq!(assert_same(&alices, &carols).await.messages, 3);
    bobs.sync().await.expect("a sync");
    daves.sync().await;
    assert!(!bobs.is_active().await.expect("a state"), "bob is out");
    assert!(!daves.state().await.active, "dave is out");
    assert_eq!(crate::texts(&bobs).await, ["all four"]);

    carols.add(bob.inbox_id()).await;
    let bobs = bob.joined(carols.id).await;
    carols.send("welcome back").await;
    settle(&[&alices, &bobs], &[&carols]).await;
    assert!(bobs.is_active().await.expect("a state"), "bob is in again");
    assert_eq!(assert_same(&alices, &carols).await.messages, 4);
    assert_eq!(crate::texts(&bobs).await, ["all four", "welcome back"]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_add_and_remove() {
    let scene = Scene::begin("membership: we add and remove members of both sides").await;
    let (alice, bob) = (scene.ours().await, scene.ours().await);
    let (carol, dave) = (scene.official().await, scene.official().await);
    let alices =
        alice.client.create_group(GroupOptions::default(), &[carol.inbox_id()]).await.expect("a group");
    let carols = carol.joined(alices.id()).await;
    alices.send_text("before").await.expect("sent");

    alices.add_members(&[bob.inbox_id()]).await.expect("added");
    alices.add_members(&[dave.inbox_id()]).await.expect("added");
    let bobs = bob.joined(alices.id()).await;
    let daves = dave.joined(alices.id()).await;
    alices.send_text("all four").await.expect("sent");
    settle(&[&alices, &bobs], &[&carols, &daves]).await;
    assert_eq!(assert_same(&alices, &carols).await.messages, 2);
    assert_eq!(assert_same(&bobs, &carols).await.messages, 1, "bob came later");
    assert_eq!(assert_same(&alices, &daves).await.messages, 1, "dave came later");

    alices.remove_members(&[bob.inbox_id(), dave.inbox_id()]).await.expect("removed");
    alices.send_text("two again").await.expect("sent");
    settle(&[&alices], &[&carols]).await;
    assert_eq!(assert_same(&alices, &carols).await.messages, 3);
    bobs.sync().await.expect("a sync");
    daves.sync().await;
    assert!(!bobs.is_active().await.expect("a state"), "bob is out");
    assert!(!daves.state().await.active, "dave is out");
    assert_eq!(daves.texts().await, ["all four"]);

    alices.add_members(&[dave.inbox_id()]).await.expect("added");
    let daves = dave.joined(alices.id()).await;
    daves.send("thank you").await;
    settle(&[&alices], &[&carols, &daves]).await;
    assert!(daves.state().await.active, "dave is in again");
    assert_eq!(assert_same(&alices, &carols).await.messages, 4);
    assert_eq!(daves.texts().await, ["all four", "thank you"]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_they_made_admin_removes() {
    let scene =
        Scene::begin("membership: we remove a member after they made us admin, and the other way round")
            .await;
    let alice = scene.ours().await;
    let (carol, dave) = (scene.official().await, scene.official().await);
    let carols = carol.create_group(&[alice.inbox_id(), dave.inbox_id()], json!({})).await;
    let alices = alice.joined(carols.id).await;
    alices.remove_members(&[dave.inbox_id()]).await.expect_err("members may not remove");
    carols.call("addAdmin", json!({ "inbox": alice.inbox_id().to_string() })).await;
    alices.sync().await.expect("a sync");
    alices.remove_members(&[dave.inbox_id()]).await.expect("admins may");
    settle(&[&alices], &[&carols]).await;
    assert_same(&alices, &carols).await;
    assert_eq!(carols.state().await.members.len(), 2);

    let refused = alices.remove_members(&[carol.inbox_id()]).await;
    refused.expect_err("nobody removes a super admin");
    assert_same(&alices, &carols).await;
    scene.end().await;
}
