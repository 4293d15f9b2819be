//! Everything that our clients can set, as official clients follow it.

use std::future::Future;

use hexmtp::error::ChangeError;
use hexmtp::{Conversation, GroupOptions};
use hexmtp_domain::Timestamp;
use hexmtp_domain::group::mutable_metadata::{
    APP_DATA, DESCRIPTION, DISAPPEAR_FROM, DISAPPEAR_IN, Disappearing, GROUP_NAME, IMAGE_URL,
};
use hexmtp_domain::group::permissions::{AccessPolicy, PermissionsPolicy, PolicyChange};
use hexmtp_tests::interop::{OfficialConversation, Scene, assert_same, settle};
use serde_json::json;

/// We change something; they follow and are in the same state.
async fn followed(
    (ours, theirs): (&Conversation, &OfficialConversation),
    change: impl Future<Output = Result<(), ChangeError>>,
) {
    let before = ours.record().await.expect("a record").epoch;
    change.await.expect("changed");
    settle(&[ours], &[theirs]).await;
    assert_same(ours, theirs).await;
    assert!(ours.record().await.expect("a record").epoch > before, "it was a commit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_and_roles_that_we_set_are_followed() {
    let scene = Scene::begin("metadata, admins, disappearing messages: set by us, followed by them").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(group.id()).await;
    let both = (&group, &their_group);
    let inbox_id = theirs.inbox_id();
    let from = Timestamp::from_nanos(1);
    let day = Disappearing { from, after_nanos: 86_400_000_000_000 };

    followed(both, group.update_description("about")).await;
    followed(both, group.update_image_url("https://example.org/a.png")).await;
    followed(both, group.update_app_data("{\"a\":1}")).await;
    followed(both, group.update_disappearing(Some(day))).await;
    assert!(their_group.state().await.disappearing.is_some_and(|settings| settings.in_ns == day.after_nanos));
    followed(both, group.update_disappearing(None)).await;
    followed(both, group.add_admin(inbox_id)).await;
    followed(both, group.add_super_admin(inbox_id)).await;
    their_group.rename("by a super admin").await;
    group.sync().await.expect("a sync");
    followed(both, group.remove_super_admin(inbox_id)).await;
    followed(both, group.remove_admin(inbox_id)).await;
    their_group.send("still in step").await;
    settle(&[&group], &[&their_group]).await;
    assert_eq!(assert_same(&group, &their_group).await.messages, 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_that_we_set_are_followed() {
    let scene = Scene::begin("policies: set by us, followed and obeyed by them").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(group.id()).await;
    let field = |field: &str, policy| PolicyChange::UpdateMetadata { field: field.to_owned(), policy };
    let changes = [
        PolicyChange::AddMember(AccessPolicy::Admin),
        PolicyChange::RemoveMember(AccessPolicy::SuperAdmin),
        PolicyChange::AddAdmin(PermissionsPolicy::Admin),
        PolicyChange::RemoveAdmin(PermissionsPolicy::Deny),
        field(GROUP_NAME, AccessPolicy::Admin),
        field(DESCRIPTION, AccessPolicy::Deny),
        field(IMAGE_URL, AccessPolicy::SuperAdmin),
        field(APP_DATA, AccessPolicy::Admin),
        field(DISAPPEAR_FROM, AccessPolicy::SuperAdmin),
        field(DISAPPEAR_IN, AccessPolicy::SuperAdmin),
    ];
    for change in changes {
        followed((&group, &their_group), group.update_permission(change)).await;
    }
    their_group.attempt("updateName", json!({ "value": "no" })).await.expect_err("names are for admins now");
    let dave = scene.official().await;
    let inboxes = json!({ "inboxes": [dave.inbox_id().to_string()] });
    their_group.attempt("addMembers", inboxes).await.expect_err("adding is for admins now");
    settle(&[&group], &[&their_group]).await;
    assert_same(&group, &their_group).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dm_in_which_we_let_messages_disappear() {
    let scene = Scene::begin("DM: disappearing messages set by us, followed by them").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_dm = theirs.create_dm(ours.inbox_id()).await;
    let our_dm = ours.joined(their_dm.id).await;
    let settings = Disappearing { from: Timestamp::from_nanos(5), after_nanos: 3_600_000_000_000_000 };
    followed((&our_dm, &their_dm), our_dm.update_disappearing(Some(settings))).await;
    our_dm.send_text("for now").await.expect("sent");
    their_dm.sync().await;
    assert_eq!(their_dm.state().await.disappearing.map(|theirs| theirs.in_ns), Some(settings.after_nanos));
    settle(&[&our_dm], &[&their_dm]).await;
    assert_eq!(assert_same(&our_dm, &their_dm).await.messages, 1);
    scene.end().await;
}
