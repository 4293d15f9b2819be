//! The official SDK alone over our node: its own clients with each other.

use hexmtp_tests::interop::{Official, OfficialConversation, Scene, Sdk, Setup, until};
use serde_json::{Value, json};

/// Everybody reads until all are in one epoch and hold as many messages, and the same ones.
async fn agree(groups: &[&OfficialConversation], messages: usize) {
    until("they are in one epoch", || async {
        let mut epochs = Vec::new();
        for group in groups {
            group.sync().await;
        }
        for group in groups {
            epochs.push(group.state().await.epoch);
        }
        epochs.windows(2).all(|pair| pair[0] == pair[1]).then_some(())
    })
    .await;
    let mut first: Option<(Vec<String>, Vec<hexmtp_tests::interop::Member>, String)> = None;
    for group in groups {
        let state = group.state().await;
        assert!(!state.maybe_forked, "{}", state.fork_details);
        let listed = group.messages().await.into_iter().filter(|message| message.application);
        let mut ids: Vec<String> = listed.map(|message| message.id).collect();
        ids.sort();
        assert_eq!(ids.len(), messages);
        let mut members = state.members;
        members.sort();
        let (_, last) = state.commits.rsplit_once("applied_epoch_authenticator: \"").expect("a commit");
        let authenticator: String = last.chars().take(6).collect();
        let seen = (ids, members, authenticator);
        match &first {
            Some(first) => assert_eq!(*first, seen),
            None => first = Some(seen),
        }
    }
}

async fn group_of(creator: &Official, others: &[&Official]) -> Vec<OfficialConversation> {
    let inboxes: Vec<_> = others.iter().map(|other| other.inbox_id()).collect();
    let group = creator.create_group(&inboxes, json!({ "name": "official" })).await;
    let mut groups = vec![group.clone()];
    for other in others {
        groups.push(other.joined(group.id).await);
    }
    groups
}

/// R-NET-213
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_clients_with_each_other() {
    let scene =
        Scene::begin("official alone: group, DM, all changes, leaving, second installation, revocation")
            .await;
    let (alice, bob, carol) = (scene.official().await, scene.official().await, scene.official().await);
    let groups = group_of(&alice, &[&bob, &carol]).await;
    let (group, bobs) = (&groups[0], &groups[1]);
    for group in &groups {
        group.send("hello").await;
    }
    agree(&groups.iter().collect::<Vec<_>>(), 3).await;
    let bob_inbox = json!({ "inbox": bob.inbox_id().to_string() });
    let changes: [(&str, Value); 9] = [
        ("updateName", json!({ "value": "changed" })),
        ("updateDescription", json!({ "value": "changed" })),
        ("updateImageUrl", json!({ "value": "https://x.y/z" })),
        ("updateAppData", json!({ "value": "changed" })),
        ("addAdmin", bob_inbox.clone()),
        ("addSuperAdmin", bob_inbox.clone()),
        ("updatePermission", json!({ "permission": "addMember", "policy": "admin" })),
        ("disappear", json!({ "fromNs": "1", "inNs": "3600000000000000" })),
        ("stopDisappearing", json!({})),
    ];
    for (op, arguments) in changes {
        group.call(op, arguments).await;
    }
    agree(&groups.iter().collect::<Vec<_>>(), 3).await;
    assert_eq!(bobs.state().await.name.as_deref(), Some("changed"));

    let laptop = scene.official_of(bob.wallet()).await;
    let on_laptop = until("the laptop is added", || async {
        group.send("for the laptop").await;
        laptop.sync().await;
        laptop.list().await.contains(&group.id).then(|| laptop.conversation(group.id))
    })
    .await;
    on_laptop.send("from the laptop").await;
    bob.call("revokeAllOther", json!({})).await;
    until("the laptop is out", || async {
        group.send("without the laptop").await;
        on_laptop.sync().await;
        (!on_laptop.state().await.active).then_some(())
    })
    .await;

    let dm = alice.create_dm(bob.inbox_id()).await;
    dm.send("just you").await;
    let bobs_dm = bob.joined(dm.id).await;
    bobs_dm.send("just me").await;
    agree(&[&dm, &bobs_dm], 2).await;

    groups[2].call("leave", json!({})).await;
    until("carol has left", || async {
        alice.sync_all().await;
        (group.state().await.members.len() == 2).then_some(())
    })
    .await;
    groups[2].sync().await;
    assert!(!groups[2].state().await.active, "carol is out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_streams() {
    let scene = Scene::begin(
        "official alone: streams of messages and conversations, groups that come later included",
    )
    .await;
    streams(&scene, Sdk::Nightly).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_streams_over_one_call() {
    let scene = Scene::begin("official alone: the same streams over one bidirectional call").await;
    streams(&scene, Sdk::Bidirectional).await;
}

async fn streams(scene: &Scene, sdk: Sdk) {
    let official = || scene.official_as(Setup { sdk, ..Setup::default() });
    let (alice, bob) = (official().await, official().await);
    let mut messages = bob.stream("streamMessages").await;
    let mut conversations = bob.stream("streamConversations").await;
    for round in 0..3 {
        let group = alice.create_group(&[bob.inbox_id()], json!({ "name": "new" })).await;
        let announced = crate::streams::next(&mut conversations).await;
        assert_eq!(announced["group"], group.id.to_string());
        for number in 0..10 {
            group.send(&format!("{round}.{number}")).await;
        }
        let expected: Vec<String> = (0..10).map(|number| format!("{round}.{number}")).collect();
        assert_eq!(crate::streams::next_texts(&mut messages, 10).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_device_sync() {
    let scene = Scene::begin("official alone: device sync on, as the SDK has it by default").await;
    let phone = scene.official_as(Setup { device_sync: true, ..Setup::default() }).await;
    let other = scene.official_as(Setup { device_sync: true, ..Setup::default() }).await;
    let wallet = phone.wallet().clone();
    let laptop = scene.official_as(Setup { wallet, device_sync: true, ..Setup::default() }).await;
    let groups = group_of(&other, &[&phone, &laptop]).await;
    groups[1].send("from the phone").await;
    groups[2].send("from the laptop").await;
    agree(&groups.iter().collect::<Vec<_>>(), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_new_releases() {
    let scene = Scene::begin("official alone: 5.5.0 and 6.1 in one group").await;
    let old = scene.official_as(Setup { sdk: Sdk::Old, ..Setup::default() }).await;
    let new = scene.official().await;
    let groups = group_of(&old, &[&new]).await;
    groups[0].send("old").await;
    groups[1].send("new").await;
    agree(&[&groups[0], &groups[1]], 2).await;
}

/// R-NET-214
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browser_bindings() {
    let scene =
        Scene::begin("official alone: browser bindings over gRPC-Web, with each other and with 6.1").await;
    let wasm = || scene.official_as(Setup { sdk: Sdk::Wasm, ..Setup::default() });
    let (alice, bob, carol) = (wasm().await, wasm().await, scene.official().await);
    let groups = group_of(&alice, &[&bob, &carol]).await;
    let mut stream = bob.stream("streamMessages").await;
    groups[0].send("from a browser").await;
    groups[2].send("from Node").await;
    assert_eq!(crate::streams::next_texts(&mut stream, 2).await, ["from a browser", "from Node"]);
    groups[1].send("from another browser").await;
    groups[2].rename("by Node").await;
    agree(&groups.iter().collect::<Vec<_>>(), 3).await;
    assert_eq!(groups[1].state().await.name.as_deref(), Some("by Node"));
}
