//! Groups of several sizes, and changes of their membership.

use futures_util::future::join_all;
use hexmtp::{Conversation, GroupOptions};
use hexmtp_domain::InboxId;
use hexmtp_tests::interop::{Official, OfficialConversation, Ours, Scene, Wallet, assert_same, settle};
use serde_json::json;

/// Everybody sends a text, one after the other, and at the end everybody holds the same.
async fn everybody_talks(ours: &[Conversation], theirs: &[OfficialConversation]) {
    for (number, conversation) in ours.iter().enumerate() {
        conversation.sync().await.expect("a sync");
        conversation.send_text(&format!("ours {number}")).await.expect("sent");
    }
    for (number, conversation) in theirs.iter().enumerate() {
        conversation.send(&format!("theirs {number}")).await;
    }
    settle(&ours.iter().collect::<Vec<_>>(), &theirs.iter().collect::<Vec<_>>()).await;
    // Equality is transitive: each of ours with one of theirs, and each of theirs with one of ours.
    for conversation in ours {
        let same = assert_same(conversation, &theirs[0]).await;
        assert_eq!(same.messages, ours.len() + theirs.len());
    }
    for conversation in &theirs[1..] {
        assert_eq!(assert_same(&ours[0], conversation).await.messages, ours.len() + theirs.len());
    }
}

fn named(name: &str) -> GroupOptions {
    GroupOptions { name: name.to_owned(), ..GroupOptions::default() }
}

async fn joined_by_us(ours: &[Ours], id: hexmtp_domain::GroupId) -> Vec<Conversation> {
    let mut joined = Vec::new();
    for one in ours {
        joined.push(one.joined(id).await);
    }
    joined
}

async fn joined_by_them(theirs: &[Official], id: hexmtp_domain::GroupId) -> Vec<OfficialConversation> {
    let mut joined = Vec::new();
    for one in theirs {
        joined.push(one.joined(id).await);
    }
    joined
}

/// So many of ours and of theirs, at least two each; the first two of ours are installations of one inbox, and so are those of theirs.
async fn people(scene: &Scene, ours: usize, theirs: usize) -> (Vec<Ours>, Vec<Official>) {
    let first = Wallet::new();
    let mut our_people = vec![scene.ours_in_memory(&first).await, scene.ours_in_memory(&first).await];
    for _ in 2..ours {
        our_people.push(scene.ours_in_memory(&Wallet::new()).await);
    }
    let first = scene.official().await;
    let second = scene.official_of(first.wallet()).await;
    let mut their_people = vec![first, second];
    their_people.extend(join_all((2..theirs).map(|_| scene.official())).await);
    (our_people, their_people)
}

fn inboxes(ours: &[Ours], theirs: &[Official], without: InboxId) -> Vec<InboxId> {
    let all = ours.iter().map(Ours::inbox_id).chain(theirs.iter().map(Official::inbox_id));
    let all: std::collections::BTreeSet<InboxId> = all.filter(|inbox_id| *inbox_id != without).collect();
    all.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_create_a_group_of_two() {
    let scene = Scene::begin("group of 2: they create").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let options =
        json!({ "name": "pair", "description": "of two", "imageUrl": "https://x.y/z.png", "appData": "{}" });
    let their_group = theirs.create_group(&[ours.inbox_id()], options).await;
    let our_group = ours.joined(their_group.id).await;
    assert_eq!(our_group.name().await.expect("a name"), "pair");
    everybody_talks(&[our_group], &[their_group]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_create_a_group_of_two() {
    let scene = Scene::begin("group of 2: we create").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let our_group = ours.client.create_group(named("pair"), &[theirs.inbox_id()]).await.expect("a group");
    let their_group = theirs.joined(our_group.id()).await;
    assert_eq!(their_group.state().await.name.as_deref(), Some("pair"));
    everybody_talks(&[our_group], &[their_group]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_of_three() {
    let scene = Scene::begin("group of 3: they create, we create").await;
    let (alice, bob) = (scene.ours().await, scene.ours().await);
    let (carol, dave) = (scene.official().await, scene.official().await);

    let by_carol =
        carol.create_group(&[alice.inbox_id(), dave.inbox_id()], json!({ "name": "carol's" })).await;
    let ours = vec![alice.joined(by_carol.id).await];
    let theirs = [by_carol.clone(), dave.joined(by_carol.id).await];
    everybody_talks(&ours, &theirs).await;

    let members = [bob.inbox_id(), carol.inbox_id()];
    let by_alice = alice.client.create_group(named("alice's"), &members).await.expect("a group");
    let theirs = [carol.joined(by_alice.id()).await];
    let ours = [by_alice.clone(), bob.joined(by_alice.id()).await];
    everybody_talks(&ours, &theirs).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_create_a_group_of_twenty_installations() {
    let scene = Scene::begin("group of 20 installations, 10 of each side: they create").await;
    let (ours, theirs) = people(&scene, 10, 10).await;
    let group = theirs[0].create_group(&inboxes(&ours, &theirs, theirs[0].inbox_id()), json!({})).await;
    let state = group.state().await;
    assert_eq!(state.members.iter().map(|member| member.installations.len()).sum::<usize>(), 20);
    let our_groups = joined_by_us(&ours, group.id).await;
    let mut their_groups = vec![group.clone()];
    their_groups.extend(joined_by_them(&theirs[1..], group.id).await);
    everybody_talks(&our_groups, &their_groups).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_create_a_group_of_twenty_installations() {
    let scene = Scene::begin("group of 20 installations, 10 of each side: we create").await;
    let (ours, theirs) = people(&scene, 10, 10).await;
    let members = inboxes(&ours, &theirs, ours[0].inbox_id());
    let group = ours[0].client.create_group(named("many"), &members).await.expect("a group");
    let mut our_groups = vec![group.clone()];
    our_groups.extend(joined_by_us(&ours[1..], group.id()).await);
    let their_groups = joined_by_them(&theirs, group.id()).await;
    let state = their_groups[0].state().await;
    assert_eq!(state.members.iter().map(|member| member.installations.len()).sum::<usize>(), 20);
    everybody_talks(&our_groups, &their_groups).await;
}
