//! What official clients do to groups that ours do not do themselves.

use hexmtp::GroupOptions;
use hexmtp_ports::store::ConversationFilter;
use hexmtp_tests::interop::{Scene, Sdk, Setup, assert_same, settle};
use serde_json::json;

/// An official client that keeps its inbox's installations in step makes a group of them all, ours included.
///
/// R-NET-211
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sync_groups_of_their_installations_include_ours() {
    let scene = Scene::begin("unusual: sync groups of an inbox's official installations reach ours").await;
    let (phone, carol) = (scene.ours().await, scene.official().await);
    let wallet = phone.wallet.clone();
    let laptop = scene.official_as(Setup { wallet, device_sync: true, ..Setup::default() }).await;
    laptop.call("syncPreferences", json!({})).await;
    phone.sync().await;
    let shown = phone.client.conversations(ConversationFilter::default()).await.expect("a list");
    assert!(shown.is_empty(), "sync groups are not shown");

    let carols = carol.create_group(&[phone.inbox_id()], json!({})).await;
    let on_phone = phone.joined(carols.id).await;
    let on_laptop = laptop.joined(carols.id).await;
    on_phone.send_text("from the phone").await.expect("sent");
    on_laptop.send("from the laptop").await;
    settle(&[&on_phone], &[&on_laptop, &carols]).await;
    assert_eq!(assert_same(&on_phone, &carols).await.messages, 2);
    scene.end().await;
}

/// Ours cannot process the newer proposals yet and does not say that it can (PROTOCOL.md 4.9). MLS keeps a group from
/// requiring what a member lacks, so the official client cannot migrate a group that ours is in, even by force. What
/// the attempt leaves is the demand for a version that neither ours nor 5.5.0 has: both pause.
///
/// R-NET-210
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_with_one_of_ours_is_not_migrated() {
    let scene =
        Scene::begin("unusual: they try to migrate a group to app-data proposals, we pause as 5.5.0 does")
            .await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let old = scene.official_as(Setup { sdk: Sdk::Old, ..Setup::default() }).await;
    let their_group = theirs.create_group(&[ours.inbox_id(), old.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    let old_group = old.joined(their_group.id).await;
    our_group.send_text("before").await.expect("sent");
    their_group.sync().await;
    their_group.attempt("enableProposals", json!({})).await.expect_err("neither is ready");
    settle(&[&our_group], &[&their_group, &old_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);

    their_group.attempt("enableProposals", json!({ "force": true })).await.expect_err("MLS refuses");
    their_group.send("after").await;
    ours.sync().await;
    old_group.sync().await;
    let theirs_paused = old_group.state().await.paused_for;
    assert!(theirs_paused.is_some(), "5.5.0 pauses");
    assert_eq!(our_group.record().await.expect("a record").paused_for, theirs_paused);
    assert_eq!(crate::texts(&our_group).await, ["before"]);
    our_group.send_text("no").await.expect_err("nothing is sent while it is paused");

    let our_other = ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await;
    let our_other = our_other.expect("a group");
    let their_other = theirs.joined(our_other.id()).await;
    their_other.send("here it goes on").await;
    settle(&[&our_other], &[&their_other]).await;
    assert_eq!(assert_same(&our_other, &their_other).await.messages, 1);
}

/// R-NET-216
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_is_not_added_to_a_migrated_group() {
    let scene =
        Scene::begin("unusual: they try to add us to a group on app-data proposals, others go on").await;
    let (ours, theirs, carol) = (scene.ours().await, scene.official().await, scene.official().await);
    let migrated = theirs.create_group(&[carol.inbox_id()], json!({})).await;
    migrated.call("enableProposals", json!({})).await;
    let us = json!({ "inboxes": [ours.inbox_id().to_string()] });
    migrated.attempt("addMembers", us).await.expect_err("ours is not ready");
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    our_group.send_text("hello").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);
    scene.end().await;
}

/// R-NET-212
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_welcomes_than_fit_on_a_page() {
    let scene = Scene::begin("unusual: 110 groups joined at once, by either").await;
    let (ours, theirs) =
        (scene.ours_in_memory(&hexmtp_tests::interop::Wallet::new()).await, scene.official().await);
    let mut groups = Vec::new();
    for number in 0..110 {
        groups.push(theirs.create_group(&[ours.inbox_id()], json!({ "name": format!("{number}") })).await);
    }
    ours.sync().await;
    let joined = ours.client.conversations(ConversationFilter::default()).await.expect("a list");
    assert_eq!(joined.len(), 110);
    for group in [&groups[0], &groups[109]] {
        assert_same(&ours.client.conversation(group.id).await.expect("joined"), group).await;
    }

    for _ in 0..110 {
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    }
    theirs.sync_all().await;
    assert_eq!(theirs.list().await.len(), 220);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dm_with_disappearing_messages() {
    let scene = Scene::begin("unusual: a DM with disappearing messages, set at its creation and later").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let settings = json!({ "peer": ours.inbox_id().to_string(), "disappearing": { "fromNs": "1", "inNs": "3600000000000000" } });
    let id = theirs.call("createDm", settings).await;
    let their_dm = theirs.conversation(id.as_str().and_then(|id| id.parse().ok()).expect("an id"));
    let our_dm = ours.joined(their_dm.id).await;
    our_dm.send_text("for now").await.expect("sent");
    settle(&[&our_dm], &[&their_dm]).await;
    assert_eq!(assert_same(&our_dm, &their_dm).await.messages, 1);
    their_dm.call("stopDisappearing", json!({})).await;
    their_dm.send("for ever").await;
    settle(&[&our_dm], &[&their_dm]).await;
    assert_eq!(assert_same(&our_dm, &their_dm).await.messages, 2);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_they_prepare_before_anybody_is_in_it() {
    let scene =
        Scene::begin("unusual: a group that they prepare alone, with messages, before they add us").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let id = theirs.call("createGroupOptimistic", json!({ "options": { "name": "prepared" } })).await;
    let group = theirs.conversation(id.as_str().and_then(|id| id.parse().ok()).expect("an id"));
    group.call("sendText", json!({ "text": "to myself", "optimistic": true })).await;
    group.add(ours.inbox_id()).await;
    group.call("publishMessages", json!({})).await;
    group.send("to you").await;
    let our_group = ours.joined(group.id).await;
    our_group.send_text("thank you").await.expect("sent");
    settle(&[&our_group], &[&group]).await;
    assert_eq!(our_group.name().await.expect("a name"), "prepared");
    assert!(assert_same(&our_group, &group).await.messages >= 2);
    scene.end().await;
}
