//! What an official client tries and may not do, or does at the limits. It seldom asks beforehand: the commit is
//! published, and every member judges it. Both sides have to judge alike, or they lose one another.

use hexmtp::{Conversation, GroupOptions};
use hexmtp_tests::interop::{OfficialConversation, Scene, Wallet, assert_same, settle};
use serde_json::{Value, json};

/// They try something; whatever comes of it, both sides are in the same state afterwards. Gives whether it worked.
async fn tried(ours: &Conversation, theirs: &OfficialConversation, op: &str, arguments: Value) -> bool {
    let result = theirs.attempt(op, arguments).await;
    settle(&[ours], &[theirs]).await;
    assert_same(ours, theirs).await;
    result.is_ok()
}

fn permission(kind: &str, policy: &str) -> (&'static str, Value) {
    ("updatePermission", json!({ "permission": kind, "policy": policy }))
}

/// R-NET-218
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_of_theirs_tries_what_it_may_not() {
    let scene = Scene::begin("attempts: a member of theirs tries what it may not in a group of ours").await;
    let (ours, carol, dave) = (scene.ours().await, scene.official().await, scene.official().await);
    let members = [carol.inbox_id(), dave.inbox_id()];
    let group = ours.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    let carols = carol.joined(group.id()).await;
    let inbox = |inbox_id: hexmtp_domain::InboxId| json!({ "inbox": inbox_id.to_string() });
    let inboxes = |inbox_id: hexmtp_domain::InboxId| json!({ "inboxes": [inbox_id.to_string()] });
    let forbidden = [
        ("addAdmin", inbox(carol.inbox_id())),
        ("addSuperAdmin", inbox(carol.inbox_id())),
        ("removeSuperAdmin", inbox(ours.inbox_id())),
        ("removeMembers", inboxes(dave.inbox_id())),
        ("removeMembers", inboxes(ours.inbox_id())),
        ("disappear", json!({ "fromNs": "1", "inNs": "3600000000000000" })),
        permission("addMember", "deny"),
        permission("addAdmin", "admin"),
        ("updatePermission", json!({ "permission": "metadata", "policy": "deny", "field": "groupName" })),
    ];
    for (op, arguments) in forbidden {
        assert!(!tried(&group, &carols, op, arguments.clone()).await, "{op} {arguments}");
        // What it may do goes on, also in the same epoch.
        let text = format!("after {op}");
        assert!(tried(&group, &carols, "updateDescription", json!({ "value": text })).await);
    }
    // To remove oneself is nothing, not even a commit.
    tried(&group, &carols, "removeMembers", inboxes(carol.inbox_id())).await;
    carols.send("still here").await;
    settle(&[&group], &[&carols]).await;
    assert_eq!(assert_same(&group, &carols).await.messages, 1);
}

/// R-NET-218
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_super_admin_of_theirs_tries_odd_things() {
    let scene = Scene::begin("attempts: a super admin of theirs tries odd things in a group of theirs").await;
    let (ours, carol, dave) = (scene.ours().await, scene.official().await, scene.official().await);
    let carols = carol.create_group(&[ours.inbox_id(), dave.inbox_id()], json!({})).await;
    let group = ours.joined(carols.id).await;
    let stranger = scene.official().await;
    let unknown = hexmtp_domain::identity::inbox_id(&Wallet::new().identifier(), 1);
    let inbox = |inbox_id: hexmtp_domain::InboxId| json!({ "inbox": inbox_id.to_string() });
    let inboxes = |inbox_id: hexmtp_domain::InboxId| json!({ "inboxes": [inbox_id.to_string()] });
    let odd = [
        ("removeSuperAdmin", inbox(carol.inbox_id())),
        ("removeMembers", inboxes(carol.inbox_id())),
        ("addMembers", inboxes(ours.inbox_id())),
        ("addMembers", inboxes(unknown)),
        ("removeMembers", inboxes(stranger.inbox_id())),
        ("addAdmin", inbox(stranger.inbox_id())),
        ("removeAdmin", inbox(stranger.inbox_id())),
        ("removeAdmin", inbox(dave.inbox_id())),
        ("addAdmin", inbox(dave.inbox_id())),
        ("addAdmin", inbox(dave.inbox_id())),
        ("addSuperAdmin", inbox(dave.inbox_id())),
        ("removeMembers", inboxes(dave.inbox_id())),
        ("removeSuperAdmin", inbox(dave.inbox_id())),
        ("removeMembers", inboxes(dave.inbox_id())),
        ("leave", json!({})),
        ("disappear", json!({ "fromNs": "0", "inNs": "0" })),
        ("disappear", json!({ "fromNs": "-1", "inNs": "-5" })),
        ("disappear", json!({ "fromNs": "9223372036854775807", "inNs": "9223372036854775807" })),
        ("stopDisappearing", json!({})),
    ];
    for (op, arguments) in odd {
        tried(&group, &carols, op, arguments).await;
    }
    group.send_text("still here").await.expect("sent");
    settle(&[&group], &[&carols]).await;
    assert!(assert_same(&group, &carols).await.messages >= 1);
}

/// R-NET-218
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_policies_that_they_can_set() {
    let scene = Scene::begin("attempts: every policy that the SDK can name, set by them").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    for policy in ["allow", "deny", "admin", "superAdmin"] {
        for kind in ["addMember", "removeMember", "addAdmin", "removeAdmin"] {
            let (op, arguments) = permission(kind, policy);
            tried(&our_group, &their_group, op, arguments).await;
        }
        for field in ["appData", "description", "groupName", "imageUrl", "disappearFrom", "disappearIn"] {
            let arguments = json!({ "permission": "metadata", "policy": policy, "field": field });
            assert!(tried(&our_group, &their_group, "updatePermission", arguments).await);
        }
    }
    our_group.send_text("still here").await.expect("sent");
    settle(&[&our_group], &[&their_group]).await;
    assert_eq!(assert_same(&our_group, &their_group).await.messages, 1);
}

/// R-NET-219
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_at_their_limits() {
    let scene = Scene::begin(
        "attempts: names, descriptions, addresses and data at their limits and beyond, by either",
    )
    .await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_group = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    let our_group = ours.joined(their_group.id).await;
    let limits =
        [("updateName", 100), ("updateDescription", 1000), ("updateImageUrl", 2048), ("updateAppData", 8192)];
    for (op, limit) in limits {
        let exact = "x".repeat(limit);
        // Two bytes a letter.
        let wide = "\u{e9}".repeat(limit / 2);
        assert!(tried(&our_group, &their_group, op, json!({ "value": exact })).await, "{op} {limit}");
        assert!(tried(&our_group, &their_group, op, json!({ "value": wide })).await, "{op} wide {limit}");
        let beyond =
            [format!("{exact}y"), format!("{wide}y"), "\u{e9}".repeat(limit), "\u{1f44d}".repeat(limit)];
        for value in beyond {
            let bytes = value.len();
            assert!(
                !tried(&our_group, &their_group, op, json!({ "value": value })).await,
                "{op} {bytes} bytes"
            );
        }
    }
    our_group.update_name(&"\u{e9}".repeat(50)).await.expect("a hundred bytes");
    our_group.update_name(&"\u{e9}".repeat(51)).await.expect_err("too many");
    our_group.update_description(&"z".repeat(1000)).await.expect("a thousand bytes");
    settle(&[&our_group], &[&their_group]).await;
    assert_same(&our_group, &their_group).await;
}
