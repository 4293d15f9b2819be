//! Members who ask to leave, and the super admins who carry it out.

use hexmtp::{Conversation, GroupOptions};
use hexmtp_tests::interop::{OfficialConversation, Scene, assert_same, settle, until};
use serde_json::json;

/// Both sides read until so many members are left.
async fn reduced_to(members: usize, ours: &[&Conversation], theirs: &[&OfficialConversation]) {
    until("the leaver is out", || async {
        for conversation in ours {
            conversation.sync().await.expect("a sync");
        }
        for conversation in theirs {
            conversation.sync().await;
        }
        (ours[0].members().await.expect("members").len() == members).then_some(())
    })
    .await;
    settle(ours, theirs).await;
}

/// R-NET-207
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_leave_a_group_of_ours() {
    let scene = Scene::begin("leaving: they leave a group of ours, we carry it out").await;
    let ours = scene.ours().await;
    let (carol, dave) = (scene.official().await, scene.official().await);
    let members = [carol.inbox_id(), dave.inbox_id()];
    let our_group = ours.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    let carols = carol.joined(our_group.id()).await;
    let daves = dave.joined(our_group.id()).await;
    daves.call("leave", json!({})).await;
    assert_eq!(daves.state().await.pending_removal, Some(true));
    reduced_to(2, &[&our_group], &[&carols]).await;
    let same = assert_same(&our_group, &carols).await;
    assert_eq!(same.messages, 1, "the request to leave");
    assert_eq!(same.changes, 1, "who has left: {same:?}");
    daves.sync().await;
    assert!(!daves.state().await.active, "dave is out");
    scene.end().await;
}

/// R-NET-208
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_leave_a_group_of_theirs() {
    let scene = Scene::begin("leaving: we leave a group of theirs, they carry it out").await;
    let (alice, bob) = (scene.ours().await, scene.ours().await);
    let carol = scene.official().await;
    let carols = carol.create_group(&[alice.inbox_id(), bob.inbox_id()], json!({})).await;
    let alices = alice.joined(carols.id).await;
    let bobs = bob.joined(carols.id).await;
    bobs.leave().await.expect("asked to leave");
    reduced_to(2, &[&alices], &[&carols]).await;
    let same = assert_same(&alices, &carols).await;
    assert_eq!(same.messages, 1, "the request to leave");
    assert!(same.changes >= 1, "who has left: {same:?}");
    bobs.sync().await.expect("a sync");
    assert!(!bobs.is_active().await.expect("a state"), "bob is out");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_watch_one_of_theirs_leave() {
    let scene =
        Scene::begin("leaving: one of theirs leaves a group of theirs, we watch; and comes back").await;
    let ours = scene.ours().await;
    let (carol, dave) = (scene.official().await, scene.official().await);
    let carols = carol.create_group(&[ours.inbox_id(), dave.inbox_id()], json!({})).await;
    let our_group = ours.joined(carols.id).await;
    let daves = dave.joined(carols.id).await;
    daves.call("leave", json!({})).await;
    reduced_to(2, &[&our_group], &[&carols]).await;
    assert_eq!(assert_same(&our_group, &carols).await.changes, 1, "who has left");

    our_group.add_members(&[dave.inbox_id()]).await.expect("added");
    let daves = dave.joined(carols.id).await;
    daves.send("back again").await;
    settle(&[&our_group], &[&carols, &daves]).await;
    assert_eq!(assert_same(&our_group, &carols).await.messages, 2);
    assert_eq!(daves.state().await.pending_removal, Some(false));
    scene.end().await;
}
