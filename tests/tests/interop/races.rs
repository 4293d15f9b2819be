//! Commits of both sides in one epoch: the first in the log wins, the other is made anew.

use hexmtp::{Conversation, GroupOptions};
use hexmtp_domain::group::mutable_metadata::GROUP_NAME;
use hexmtp_domain::group::permissions::{AccessPolicy, PolicyChange};
use hexmtp_ports::store::CommitOutcome;
use hexmtp_tests::interop::{OfficialConversation, Scene, assert_same, settle, until};
use serde_json::json;

/// How many of the group's commits came too late, as we saw it.
async fn late_commits(group: &Conversation) -> usize {
    let log = group.commit_log().await.expect("a log");
    log.iter().filter(|line| line.outcome == CommitOutcome::WrongEpoch).count()
}

async fn pair(scene: &Scene) -> (Conversation, OfficialConversation) {
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let our_group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(our_group.id()).await;
    their_group.send("hello").await;
    settle(&[&our_group], &[&their_group]).await;
    (our_group, their_group)
}

/// Our name and their description were made in one epoch; both are there, and one of the two commits was made anew.
async fn assert_one_came_late(our_group: &Conversation, their_group: &OfficialConversation) {
    settle(&[our_group], &[their_group]).await;
    assert_same(our_group, their_group).await;
    let state = their_group.state().await;
    assert_eq!((state.name.as_deref(), state.description.as_deref()), (Some("ours"), Some("theirs")));
    assert_eq!(late_commits(our_group).await, 1, "there was a race");
}

/// R-NET-200
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_lose_a_race() {
    let scene = Scene::begin("races: their commit comes second in its epoch").await;
    let (our_group, their_group) = pair(&scene).await;
    our_group.update_name("ours").await.expect("renamed");
    // They have not read our commit: theirs is for the epoch that it ended.
    their_group.call("updateDescription", json!({ "value": "theirs" })).await;
    assert_one_came_late(&our_group, &their_group).await;
    scene.end().await;
}

/// R-NET-201
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_lose_a_race() {
    let scene = Scene::begin("races: our commit comes second in its epoch").await;
    let (our_group, their_group) = pair(&scene).await;
    their_group.call("updateDescription", json!({ "value": "theirs" })).await;
    // We have not read their commit: ours is for the epoch that it ended.
    our_group.update_name("ours").await.expect("renamed");
    assert_one_came_late(&our_group, &their_group).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_rename_and_send_at_once_again_and_again() {
    let scene = Scene::begin("races: both commit and send at the same time, 12 rounds").await;
    let (our_group, their_group) = pair(&scene).await;
    for round in 0..12 {
        let (our_name, their_name) = (format!("ours {round}"), format!("theirs {round}"));
        tokio::join!(
            async { our_group.update_name(&our_name).await.expect("renamed") },
            their_group.rename(&their_name),
            async { our_group.send_text(&our_name).await.expect("sent") },
            their_group.send(&their_name),
        );
    }
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 25);
    assert!(late_commits(&our_group).await > 0, "there were races");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_add_members_at_once() {
    let scene = Scene::begin("races: both add a member in one epoch").await;
    let (our_group, their_group) = pair(&scene).await;
    let (bob, dave) = (scene.ours().await, scene.official().await);
    tokio::join!(
        async { our_group.add_members(&[dave.inbox_id()]).await.expect("added") },
        their_group.add(bob.inbox_id()),
    );
    let bobs = bob.joined(our_group.id()).await;
    let daves = dave.joined(our_group.id()).await;
    bobs.send_text("here").await.expect("sent");
    daves.send("here, too").await;
    settle(&[&our_group, &bobs], &[&their_group, &daves]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 3);
    assert_eq!(assert_same(&bobs, &daves).await.messages, 2);
    assert_eq!(their_group.state().await.members.len(), 4);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_change_the_same_member_at_once() {
    let scene = Scene::begin("races: both add the same member in one epoch, both remove it, one each").await;
    let (our_group, their_group) = pair(&scene).await;
    let dave = scene.official().await;
    tokio::join!(
        async { our_group.add_members(&[dave.inbox_id()]).await.expect("added") },
        their_group.add(dave.inbox_id()),
    );
    let daves = dave.joined(our_group.id()).await;
    daves.send("here").await;
    settle(&[&our_group], &[&their_group, &daves]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 2);
    assert_eq!(assert_same(&our_group, &daves).await.messages, 1);

    their_group.rename("by an admin").await;
    settle(&[&our_group], &[&their_group]).await;
    our_group.add_admin(their_group.client.inbox_id()).await.expect("an admin more");
    their_group.sync().await;
    // Unread commits of the other side: each makes its own on the old epoch.
    our_group.remove_members(&[dave.inbox_id()]).await.expect("removed");
    their_group.remove(dave.inbox_id()).await;
    settle(&[&our_group], &[&their_group]).await;
    assert_same(&our_group, &their_group).await;
    assert_eq!(their_group.state().await.members.len(), 2);

    their_group.add(dave.inbox_id()).await;
    our_group.update_name("meanwhile").await.expect("renamed");
    our_group.remove_members(&[dave.inbox_id()]).await.expect("removed");
    their_group.add(dave.inbox_id()).await;
    settle(&[&our_group], &[&their_group]).await;
    assert_same(&our_group, &their_group).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_follow_a_new_installation_at_once() {
    let scene = Scene::begin("races: both add a member's new installation in one epoch").await;
    let (our_group, their_group) = pair(&scene).await;
    let dave = scene.official().await;
    our_group.add_members(&[dave.inbox_id()]).await.expect("added");
    let daves = dave.joined(our_group.id()).await;
    settle(&[&our_group], &[&their_group, &daves]).await;
    let laptop = scene.official_of(dave.wallet()).await;
    let on_laptop = until("the laptop is in", || async {
        tokio::join!(
            async { our_group.update_installations().await.expect("updated") },
            their_group.send("for the laptop"),
        );
        laptop.sync().await;
        laptop.list().await.contains(&our_group.id()).then(|| laptop.conversation(our_group.id()))
    })
    .await;
    on_laptop.send("from the laptop").await;
    settle(&[&our_group], &[&their_group, &daves, &on_laptop]).await;
    assert!(assert_same(&our_group, &their_group).await.messages >= 3);
    assert!(assert_same(&our_group, &on_laptop).await.messages >= 1);
    scene.end().await;
}

/// The official client does not ask whether it may: it publishes the commit, and everybody refuses it, itself included.
/// Its next commit in that epoch has the generation of the first one, for it takes its ratchet back.
///
/// R-NET-217
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_commit_of_theirs_is_followed_by_a_good_one() {
    let scene =
        Scene::begin("races: a commit of theirs that all refuse, then a good one in the same epoch").await;
    let (our_group, their_group) = pair(&scene).await;
    let only_admins =
        PolicyChange::UpdateMetadata { field: GROUP_NAME.to_owned(), policy: AccessPolicy::Admin };
    our_group.update_permission(only_admins).await.expect("changed");
    their_group.sync().await;
    for round in 0..3 {
        their_group.attempt("updateName", json!({ "value": "no" })).await.expect_err("for admins only");
        their_group.call("updateDescription", json!({ "value": format!("round {round}") })).await;
    }
    settle(&[&our_group], &[&their_group]).await;
    assert_same(&our_group, &their_group).await;
    let log = our_group.commit_log().await.expect("a log");
    let refused = log.iter().filter(|line| line.outcome == CommitOutcome::Invalid).count();
    assert_eq!(refused, 3, "the official client has published them");
}
