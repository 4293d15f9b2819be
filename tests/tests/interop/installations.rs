//! Second installations, and revoked ones.

use hexmtp::GroupOptions;
use hexmtp_domain::InboxId;
use hexmtp_tests::interop::{OfficialConversation, Scene, assert_same, settle};
use serde_json::json;

/// How many installations of an inbox the official client sees in the group.
async fn installations(group: &OfficialConversation, inbox_id: InboxId) -> usize {
    let members = group.state().await.members;
    let member = members.iter().find(|member| member.inbox == inbox_id.to_string());
    member.map_or(0, |member| member.installations.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_installation_of_theirs() {
    let scene = Scene::begin("installations: a second one of theirs, added by us").await;
    let (ours, phone) = (scene.ours().await, scene.official().await);
    let our_group =
        ours.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.expect("a group");
    let on_phone = phone.joined(our_group.id()).await;
    on_phone.send("from the phone").await;
    our_group.sync().await.expect("a sync");

    let laptop = scene.official_of(phone.wallet()).await;
    our_group.update_installations().await.expect("updated");
    let on_laptop = laptop.joined(our_group.id()).await;
    our_group.send_text("to both").await.expect("sent");
    on_laptop.send("from the laptop").await;
    settle(&[&our_group], &[&on_phone, &on_laptop]).await;
    assert_eq!(assert_same(&our_group, &on_phone).await.messages, 3);
    assert_eq!(assert_same(&our_group, &on_laptop).await.messages, 2);
    assert_eq!(installations(&on_phone, phone.inbox_id()).await, 2);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_installation_of_ours() {
    let scene = Scene::begin("installations: a second one of ours, added by them").await;
    let (phone, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[phone.inbox_id()], json!({})).await;
    let on_phone = phone.joined(their_group.id).await;
    on_phone.send_text("from the phone").await.expect("sent");
    their_group.sync().await;

    let laptop = scene.ours_of(&phone.wallet).await;
    // Official clients look for new installations before they send, at most every five seconds.
    let on_laptop = hexmtp_tests::interop::until("they have added the laptop", || async {
        their_group.send("to both").await;
        laptop.sync().await;
        laptop.client.conversation(their_group.id).await.ok()
    })
    .await;
    on_laptop.send_text("from the laptop").await.expect("sent");
    settle(&[&on_phone, &on_laptop], &[&their_group]).await;
    assert!(assert_same(&on_phone, &their_group).await.messages >= 3);
    assert!(assert_same(&on_laptop, &their_group).await.messages >= 2);
    assert_eq!(installations(&their_group, phone.inbox_id()).await, 2);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_inbox_with_an_installation_of_each() {
    let scene =
        Scene::begin("installations: one inbox with one of ours and one of theirs, in a group of a third")
            .await;
    let (phone, carol) = (scene.ours().await, scene.official().await);
    let laptop = scene.official_of(&phone.wallet).await;
    let carols = carol.create_group(&[phone.inbox_id()], json!({ "name": "both" })).await;
    let on_phone = phone.joined(carols.id).await;
    let on_laptop = laptop.joined(carols.id).await;
    on_phone.send_text("from the phone").await.expect("sent");
    on_laptop.send("from the laptop").await;
    carols.send("to both").await;
    settle(&[&on_phone], &[&on_laptop, &carols]).await;
    assert_eq!(assert_same(&on_phone, &carols).await.messages, 3);
    assert_eq!(assert_same(&on_phone, &on_laptop).await.messages, 3);
    scene.end().await;
}

/// R-NET-215
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_installation_of_theirs() {
    let scene = Scene::begin("installations: one of theirs revoked, removed by us").await;
    let (ours, phone) = (scene.ours().await, scene.official().await);
    let laptop = scene.official_of(phone.wallet()).await;
    let our_group =
        ours.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.expect("a group");
    let on_phone = phone.joined(our_group.id()).await;
    let on_laptop = laptop.joined(our_group.id()).await;
    on_laptop.send("from the laptop").await;

    let lost = json!({ "installations": [laptop.installation_id().to_string()] });
    phone.call("revokeInstallations", lost).await;
    our_group.sync().await.expect("a sync");
    our_group.update_installations().await.expect("updated");
    our_group.send_text("without the laptop").await.expect("sent");
    settle(&[&our_group], &[&on_phone]).await;
    assert_eq!(assert_same(&our_group, &on_phone).await.messages, 2);
    assert_eq!(installations(&on_phone, phone.inbox_id()).await, 1);
    on_laptop.sync().await;
    assert!(!on_laptop.state().await.active, "the laptop is out");
    assert_eq!(on_laptop.texts().await, ["from the laptop"]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_installation_of_ours() {
    let scene =
        Scene::begin("installations: one of ours revoked by the inbox's official one, removed by them").await;
    let (phone, bob, carol) = (scene.ours().await, scene.ours().await, scene.official().await);
    let laptop = scene.official_of(&phone.wallet).await;
    let carols = carol.create_group(&[phone.inbox_id(), bob.inbox_id()], json!({})).await;
    let on_phone = phone.joined(carols.id).await;
    let bobs = bob.joined(carols.id).await;
    let on_laptop = laptop.joined(carols.id).await;
    on_phone.send_text("from the phone").await.expect("sent");

    laptop.call("revokeAllOther", json!({})).await;
    hexmtp_tests::interop::until("they have removed the phone", || async {
        carols.send("without the phone").await;
        on_laptop.sync().await;
        (installations(&carols, phone.inbox_id()).await == 1).then_some(())
    })
    .await;
    on_phone.sync().await.expect("a sync");
    assert!(!on_phone.is_active().await.expect("a state"), "the phone is out");
    on_phone.send_text("no more").await.expect_err("it may not send");
    settle(&[&bobs], &[&carols, &on_laptop]).await;
    assert!(assert_same(&bobs, &carols).await.messages >= 2);
    assert!(assert_same(&bobs, &on_laptop).await.messages >= 2);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_official_installation_that_we_revoke() {
    let scene =
        Scene::begin("installations: one of theirs revoked by the inbox's one of ours, removed by us").await;
    let (phone, carol) = (scene.ours().await, scene.official().await);
    let laptop = scene.official_of(&phone.wallet).await;
    let carols = carol.create_group(&[phone.inbox_id()], json!({})).await;
    let on_phone = phone.joined(carols.id).await;
    let on_laptop = laptop.joined(carols.id).await;
    on_laptop.send("from the laptop").await;

    phone.client.revoke_all_other_installations(&phone.wallet.signer()).await.expect("revoked");
    phone.sync().await;
    on_phone.update_installations().await.expect("updated");
    on_phone.send_text("without the laptop").await.expect("sent");
    settle(&[&on_phone], &[&carols]).await;
    assert_eq!(assert_same(&on_phone, &carols).await.messages, 2);
    assert_eq!(installations(&carols, phone.inbox_id()).await, 1);
    on_laptop.sync().await;
    assert!(!on_laptop.state().await.active, "the laptop is out");
    scene.end().await;
}
