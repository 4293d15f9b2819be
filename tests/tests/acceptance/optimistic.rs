//! Messages that are stored first and published later, in their order, whatever happens in between.

use std::time::Duration;

use hexmtp::domain::message::{DeliveryStatus, text};
use hexmtp::error::ChangeError;
use hexmtp::{Client, Conversation, GroupOptions, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::GroupId;
use hexmtp_tests::world::World;

use crate::observed::{assert_agreement, messages, of, texts};

async fn prepare(conversation: &Conversation, text: &str) {
    let options = SendOptions { optimistic: true, ..SendOptions::default() };
    conversation.send(&text::encode(text), options).await.expect("stored");
}

async fn deliveries(client: &Client, id: GroupId) -> Vec<DeliveryStatus> {
    let messages = messages(client, id).await;
    let own = messages.into_iter().filter(|message| message.body.as_text().is_some());
    own.map(|message| message.delivery).collect()
}

/// R-MSG-203
#[tokio::test]
async fn without_a_network_messages_are_listed_and_published_in_order_when_it_is_back() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    world.clock.advance(Duration::from_secs(60));
    world.network.faults().set_offline(true);
    let before = world.network.calls();
    prepare(&dm, "one").await;
    prepare(&dm, "two").await;
    assert_eq!(world.network.calls().since(&before), Default::default(), "nothing is asked of the network");
    let failed = dm.send_text("three").await;
    assert!(failed.is_err_and(|error| error.retry().is_worth_it()));
    prepare(&dm, "four").await;
    let expected = ["one", "two", "three", "four"];
    assert_eq!(texts(&alice.client, dm.id()).await, expected);
    assert_eq!(deliveries(&alice.client, dm.id()).await, [DeliveryStatus::Unpublished; 4]);
    assert!(dm.publish_messages().await.is_err_and(|error| error.retry().is_worth_it()));
    world.network.faults().set_offline(false);
    dm.publish_messages().await.expect("published");
    assert_eq!(deliveries(&alice.client, dm.id()).await, [DeliveryStatus::Published; 4]);
    bob.sync().await;
    assert_eq!(texts(&bob.client, dm.id()).await, expected);
    assert_eq!(texts(&alice.client, dm.id()).await, expected);
    // There is nothing more to publish.
    let before = world.network.calls();
    dm.publish_messages().await.expect("nothing to do");
    assert_eq!(world.network.calls().since(&before).of(Call::PublishGroupMessages), 0);
}

/// R-MSG-204
#[tokio::test]
async fn equal_messages_at_one_moment_are_as_many_messages() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    for _ in 0..3 {
        prepare(&dm, "ha").await;
    }
    dm.send_text("ha").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&alice.client, dm.id()).await, ["ha"; 4]);
    assert_eq!(texts(&bob.client, dm.id()).await, ["ha"; 4]);
}

/// R-MSG-203
#[tokio::test]
async fn a_message_that_is_sent_takes_those_along_that_wait_before_it() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    let bobs = of(&bob.client, group.id()).await;
    prepare(&bobs, "one").await;
    prepare(&bobs, "two").await;
    bobs.send_text("three").await.expect("sent");
    alice.sync().await;
    assert_eq!(texts(&alice.client, group.id()).await, ["one", "two", "three"]);
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

/// R-MSG-205
#[tokio::test]
async fn publishing_is_completed_in_order_whichever_call_it_died_at() {
    for call in [Call::PublishGroupMessages, Call::QueryGroupMessages, Call::IdentityUpdatesAfter] {
        for lost in [false, true] {
            let world = World::new();
            let (alice, bob) = (world.newcomer().await, world.newcomer().await);
            let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
            let id = dm.id();
            for number in 0..5 {
                prepare(&dm, &number.to_string()).await;
            }
            world.clock.advance(Duration::from_secs(60));
            let faults = world.network.faults();
            if lost {
                faults.lose_answer_next(call)
            } else {
                faults.fail_next(call, 1)
            }
            assert!(dm.publish_messages().await.is_err(), "{call:?} {lost}");
            drop(dm);
            let again = alice.reopened().await;
            let dm = of(&again, id).await;
            prepare(&dm, "5").await;
            dm.publish_messages().await.expect("published");
            bob.sync().await;
            let expected = ["0", "1", "2", "3", "4", "5"];
            assert_eq!(texts(&bob.client, id).await, expected, "{call:?} {lost}");
            assert_eq!(texts(&again, id).await, expected, "{call:?} {lost}");
            assert_eq!(deliveries(&again, id).await, [DeliveryStatus::Published; 6]);
        }
    }
}

/// R-MSG-206
#[tokio::test]
async fn a_new_installation_of_a_member_reads_what_waited_for_the_network() {
    let world = World::new();
    let person = world.person();
    let (alice, phone) = (world.newcomer().await, world.device(&person).await);
    let group =
        alice.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.expect("a group");
    prepare(&group, "waiting").await;
    let tablet = world.device(&person).await;
    world.clock.advance(Duration::from_secs(60));
    group.publish_messages().await.expect("published");
    for device in [&phone, &tablet] {
        device.sync().await;
        assert_eq!(texts(&device.client, group.id()).await, ["waiting"]);
    }
    assert_agreement(&[&alice.client, &phone.client, &tablet.client], group.id()).await;
}

/// R-MSG-203
#[tokio::test]
async fn messages_that_wait_in_a_group_that_their_sender_was_removed_from_fail() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    let bobs = of(&bob.client, group.id()).await;
    prepare(&bobs, "waiting").await;
    group.remove_members(&[bob.inbox_id()]).await.expect("removed");
    let published = bobs.publish_messages().await;
    assert!(
        matches!(&published, Err(ChangeError::Failed { code }) if code == "change.not_a_member"),
        "{published:?}"
    );
    assert_eq!(deliveries(&bob.client, group.id()).await, [DeliveryStatus::Failed]);
    bobs.publish_messages().await.expect("nothing is left to publish");
}
