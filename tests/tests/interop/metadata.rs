//! Names and everything else that an official client can set, as our clients follow it.

use hexmtp::{Conversation, GroupOptions, GroupPermissions};
use hexmtp_tests::interop::{OfficialConversation, Scene, assert_same, assert_same_state, settle};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_renames() {
    let scene = Scene::begin("rename: by either, in groups of either").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let by_them = theirs.create_group(&[ours.inbox_id()], json!({ "name": "first" })).await;
    let by_us =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let groups = [(ours.joined(by_them.id).await, by_them), (by_us.clone(), theirs.joined(by_us.id()).await)];
    for (our_group, their_group) in groups {
        their_group.rename("renamed by them \u{1f60a}").await;
        settle(&[&our_group], &[&their_group]).await;
        assert_eq!(our_group.name().await.expect("a name"), "renamed by them \u{1f60a}");
        our_group.update_name("renamed by us").await.expect("renamed");
        settle(&[&our_group], &[&their_group]).await;
        assert_eq!(their_group.state().await.name.as_deref(), Some("renamed by us"));
        let same = assert_same(&our_group, &their_group).await;
        assert!(same.changes >= 2, "both changes are in the transcript: {same:?}");
    }
    scene.end().await;
}

/// They change something; we follow and are in the same state.
async fn followed(ours: &Conversation, theirs: &OfficialConversation, op: &str, arguments: Value) {
    let before = ours.record().await.expect("a record").epoch;
    theirs.call(op, arguments).await;
    settle(&[ours], &[theirs]).await;
    assert_same(ours, theirs).await;
    assert!(ours.record().await.expect("a record").epoch > before, "{op} has made a commit");
}

/// R-NET-202
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_they_set_is_followed() {
    let scene =
        Scene::begin("metadata, admins, policies, disappearing messages: set by them, followed by us").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({ "name": "group" })).await;
    let our_group = ours.joined(their_group.id).await;
    let inbox = json!({ "inbox": ours.inbox_id().to_string() });
    let permission = |permission: &str, policy: &str| json!({ "permission": permission, "policy": policy });
    let field =
        |field: &str, policy: &str| json!({ "permission": "metadata", "policy": policy, "field": field });
    let steps = [
        ("updateDescription", json!({ "value": "about" })),
        ("updateImageUrl", json!({ "value": "https://example.org/a.png" })),
        ("updateAppData", json!({ "value": "{\"a\":1}" })),
        ("updateAppData", json!({ "value": "" })),
        ("addAdmin", inbox.clone()),
        ("addSuperAdmin", inbox.clone()),
        ("removeAdmin", inbox.clone()),
        ("removeSuperAdmin", inbox.clone()),
        ("updatePermission", permission("addMember", "admin")),
        ("updatePermission", permission("removeMember", "superAdmin")),
        ("updatePermission", permission("addAdmin", "admin")),
        ("updatePermission", permission("removeAdmin", "deny")),
        ("updatePermission", field("groupName", "admin")),
        ("updatePermission", field("description", "deny")),
        ("updatePermission", field("imageUrl", "superAdmin")),
        ("updatePermission", field("appData", "admin")),
        ("disappear", json!({ "fromNs": "1", "inNs": "3600000000000000" })),
        ("stopDisappearing", json!({})),
        ("disappear", json!({ "fromNs": "2", "inNs": "7200000000000000" })),
    ];
    for (op, arguments) in steps {
        followed(&our_group, &their_group, op, arguments).await;
    }
    our_group.update_name("not any more").await.expect_err("names are for admins now");
    our_group.send_text("still in step").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_that_start_with_options() {
    let scene = Scene::begin("metadata: groups that start with options, of either").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let policies = json!({
        "addMemberPolicy": "admin", "removeMemberPolicy": "superAdmin", "addAdminPolicy": "admin",
        "removeAdminPolicy": "superAdmin", "updateGroupNamePolicy": "allow", "updateGroupDescriptionPolicy": "deny",
        "updateGroupImageUrlSquarePolicy": "admin", "updateMessageDisappearingPolicy": "superAdmin",
        "updateAppDataPolicy": "allow",
    });
    let options = [
        json!({ "permissions": "adminsOnly", "name": "closed" }),
        json!({ "permissions": "custom", "policies": policies, "description": "custom" }),
        json!({ "disappearing": { "fromNs": "10", "inNs": "3600000000000000" }, "appData": "text" }),
    ];
    for options in options {
        let their_group = theirs.create_group(&[ours.inbox_id()], options).await;
        let our_group = ours.joined(their_group.id).await;
        our_group.send_text("hello").await.expect("sent");
        settle(&[&our_group], &[&their_group]).await;
        assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);
    }
    let options = GroupOptions {
        name: "ours".to_owned(),
        description: "about".to_owned(),
        image_url: "https://example.org/b.png".to_owned(),
        permissions: GroupPermissions::AdminsOnly,
        ..GroupOptions::default()
    };
    let our_group = ours.client.create_group(options, &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(our_group.id()).await;
    assert_same_state(&our_group, &their_group).await;
    assert_eq!(their_group.state().await.preset.as_deref(), Some("adminsOnly"));
    their_group.attempt("updateName", json!({ "value": "no" })).await.expect_err("names are for admins");
    scene.end().await;
}

/// R-NET-203
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_update_before_a_first_message() {
    let scene = Scene::begin("key update before a first message: theirs followed by us, ours by them").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let our_group =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(our_group.id()).await;
    let before = our_group.record().await.expect("a record").epoch.0;
    their_group.send("with fresh keys").await;
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(our_group.record().await.expect("a record").epoch.0, before + 1);
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);

    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    let before = their_group.state().await.epoch;
    our_group.send_text("with fresh keys").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(their_group.state().await.epoch, before + 1);
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);
    scene.end().await;
}
