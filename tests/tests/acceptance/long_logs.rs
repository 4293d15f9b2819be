//! Logs of many pages, and groups that stay open from one step to the next.

use hexmtp::domain::message::text;
use hexmtp::ports::store::Scope;
use hexmtp::{Conversation, GroupOptions, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::world::{Device, World};

use crate::observed::{assert_agreement, of, refused, texts};

/// Alice and bob in a group.
async fn pair(world: &World) -> (Device, Device, Conversation) {
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    (alice, bob, group)
}

/// Publishes that many numbered texts.
async fn say(group: &Conversation, numbers: std::ops::Range<usize>) -> Vec<String> {
    let said: Vec<String> = numbers.map(|number| format!("message {number}")).collect();
    for words in &said {
        let options = SendOptions { optimistic: true, ..SendOptions::default() };
        group.send(&text::encode(words), options).await.expect("stored");
    }
    group.publish_messages().await.expect("published");
    said
}

#[tokio::test]
async fn a_log_of_many_pages_is_read_to_its_end_in_order() {
    let world = World::new();
    let (alice, bob, group) = pair(&world).await;
    let mut said = say(&group, 0..150).await;
    group.update_name("in the middle").await.expect("renamed");
    said.extend(say(&group, 150..320).await);
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, said);
    assert!(refused(&bob.client).await.is_empty());
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

#[tokio::test]
async fn what_was_read_before_a_failure_stays_and_the_rest_follows() {
    let world = World::new();
    let (alice, bob, group) = pair(&world).await;
    let carol = world.newcomer().await;
    let mut said = say(&group, 0..150).await;
    group.add_members(&[carol.inbox_id()]).await.expect("added");
    let later = say(&group, 150..320).await;
    let bobs = of(&bob.client, group.id()).await;
    // Carol's identity is asked for in the middle of the second page.
    world.network.faults().fail_next(Call::IdentityUpdatesAfter, 1);
    assert!(bobs.sync().await.is_err_and(|error| error.retry().is_worth_it()));
    assert_eq!(texts(&bob.client, group.id()).await, said);
    bobs.sync().await.expect("read");
    said.extend(later);
    assert_eq!(texts(&bob.client, group.id()).await, said);
    assert!(refused(&bob.client).await.is_empty());
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

/// R-INT-023
#[tokio::test]
async fn two_clients_of_one_store_read_a_long_log_at_the_same_time() {
    let world = World::new();
    let (alice, bob, group) = pair(&world).await;
    let said = say(&group, 0..450).await;
    let other = bob.reopened().await;
    let (one, two) = (of(&bob.client, group.id()).await, of(&other, group.id()).await);
    let (first, second) = tokio::join!(one.sync(), two.sync());
    first.expect("read");
    second.expect("read");
    assert_eq!(texts(&bob.client, group.id()).await, said);
    assert!(refused(&bob.client).await.is_empty());
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

/// A group that a client has at hand is not what another client of the store has made of it since.
/// R-INT-023
#[tokio::test]
async fn two_clients_of_one_store_take_turns_in_a_group_that_both_have_at_hand() {
    let world = World::new();
    let (alice, bob, group) = pair(&world).await;
    let other = bob.reopened().await;
    let (one, two) = (of(&bob.client, group.id()).await, of(&other, group.id()).await);
    let mut said = Vec::new();
    for round in 0..4 {
        for (name, conversation) in [("one", &one), ("two", &two), ("alice", &group)] {
            let words = format!("{name} in round {round}");
            conversation.send_text(&words).await.expect("sent");
            said.push(words);
        }
        two.update_name(&format!("round {round}")).await.expect("renamed");
        one.sync().await.expect("read");
    }
    alice.sync().await;
    bob.sync().await;
    assert_eq!(texts(&alice.client, group.id()).await, said);
    assert_eq!(texts(&bob.client, group.id()).await, said);
    assert!(refused(&alice.client).await.is_empty() && refused(&bob.client).await.is_empty());
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

#[tokio::test]
async fn the_keys_are_gone_when_a_log_of_many_pages_ends_with_the_own_removal() {
    let world = World::new();
    let (_alice, bob, group) = pair(&world).await;
    let said = say(&group, 0..130).await;
    group.remove_members(&[bob.inbox_id()]).await.expect("removed");
    say(&group, 130..260).await;
    bob.sync().await;
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, said);
    assert!(!of(&bob.client, group.id()).await.is_active().await.expect("known"));
    let loaded = bob.ports.store.load(&[Scope::Group(group.id())]).await.expect("loaded");
    assert!(loaded.iter().all(|snapshot| snapshot.rows.is_empty()));
    assert!(refused(&bob.client).await.is_empty());
}
