//! Talking: direct conversations, groups, names, devices, restarts.

use hexmtp::domain::consent::ConsentState;
use hexmtp::domain::message::DeliveryStatus;
use hexmtp::error::ChangeError;
use hexmtp::ports::store::ConversationFilter;
use hexmtp::{GroupOptions, SendOptions};
use hexmtp_domain::message::text;
use hexmtp_tests::world::World;

use crate::observed::{assert_agreement, messages, of, refused, texts};

#[tokio::test]
async fn two_people_talk_in_private() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let id = dm.send_text("hello").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, dm.id()).await, ["hello"]);
    let answer = bob.client.create_or_find_dm(alice.inbox_id()).await.expect("the same DM");
    assert_eq!(answer.id(), dm.id(), "the DM that is there is found");
    answer.send_text("hi").await.expect("sent");
    alice.sync().await;
    assert_eq!(texts(&alice.client, dm.id()).await, ["hello", "hi"]);
    // Ids, times and places of the sender's and the receiver's copies are the same.
    let (sent, received) = (messages(&alice.client, dm.id()).await, messages(&bob.client, dm.id()).await);
    let sent = sent.iter().find(|message| message.id == id).expect("sent");
    let received = received.iter().find(|message| message.id == id).expect("received");
    assert_eq!(
        (sent.sent_at, sent.cursor, &sent.content),
        (received.sent_at, received.cursor, &received.content)
    );
    assert_eq!(sent.delivery, DeliveryStatus::Published);
    assert_agreement(&[&alice.client, &bob.client], dm.id()).await;
    assert_eq!(dm.dm_peer().await.expect("a peer"), Some(bob.inbox_id()));
    assert!(refused(&alice.client).await.is_empty() && refused(&bob.client).await.is_empty());
}

#[tokio::test]
async fn a_dm_with_oneself_or_with_a_stranger_is_refused() {
    let world = World::new();
    let alice = world.newcomer().await;
    let alone = alice.client.create_or_find_dm(alice.inbox_id()).await;
    assert!(matches!(alone, Err(ChangeError::DmWithOneself)));
    let stranger = world.person();
    let unknown = alice.client.create_or_find_dm_by_identifier(&stranger.identifier).await;
    assert!(
        matches!(unknown, Err(ChangeError::UnknownIdentifiers(ids)) if ids == [stranger.identifier.clone()])
    );
    let listed = alice.client.conversations(ConversationFilter::default()).await.expect("a list");
    assert!(listed.is_empty(), "nothing is left behind");
}

#[tokio::test]
async fn a_group_talks_and_is_renamed() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let options = GroupOptions { name: "Weekend".to_owned(), ..GroupOptions::default() };
    let members = [bob.inbox_id(), carol.inbox_id()];
    let group = alice.client.create_group(options, &members).await.expect("a group");
    bob.sync().await;
    carol.sync().await;
    assert_eq!(of(&bob.client, group.id()).await.name().await.expect("a name"), "Weekend");
    of(&bob.client, group.id()).await.update_name("Weekend at the lake").await.expect("renamed");
    for (device, text) in [(&alice, "one"), (&bob, "two"), (&carol, "three")] {
        device.sync().await;
        of(&device.client, group.id()).await.send_text(text).await.expect("sent");
    }
    for device in [&alice, &bob, &carol] {
        device.sync().await;
        assert_eq!(texts(&device.client, group.id()).await, ["one", "two", "three"]);
        let name = of(&device.client, group.id()).await.name().await.expect("a name");
        assert_eq!(name, "Weekend at the lake");
        assert!(refused(&device.client).await.is_empty());
    }
    assert_agreement(&[&alice.client, &bob.client, &carol.client], group.id()).await;
}

#[tokio::test]
async fn a_text_that_is_too_long_for_its_field_is_refused_before_anything_happens() {
    let world = World::new();
    let alice = world.newcomer().await;
    let long = "n".repeat(101);
    let options = GroupOptions { name: long.clone(), ..GroupOptions::default() };
    assert!(alice.client.create_group(options, &[]).await.is_err());
    assert!(alice.client.conversations(ConversationFilter::default()).await.expect("a list").is_empty());
    let group = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group of one");
    let renamed = group.update_name(&long).await;
    assert!(matches!(renamed, Err(ChangeError::TooLong(_))), "{renamed:?}");
    assert_eq!(group.name().await.expect("a name"), "");
}

#[tokio::test]
async fn a_second_device_joins_the_conversations_of_its_inbox_and_writes() {
    let world = World::new();
    let person = world.person();
    let (phone, bob) = (world.device(&person).await, world.newcomer().await);
    let group = phone.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    let dm = phone.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let tablet = world.device(&person).await;
    assert_eq!(tablet.inbox_id(), phone.inbox_id());
    phone.sync().await;
    tablet.sync().await;
    bob.sync().await;
    for id in [group.id(), dm.id()] {
        of(&tablet.client, id).await.send_text("from the tablet").await.expect("sent");
        phone.sync().await;
        bob.sync().await;
        for device in [&phone, &bob] {
            assert_eq!(texts(&device.client, id).await, ["from the tablet"]);
        }
        assert_agreement(&[&phone.client, &tablet.client, &bob.client], id).await;
    }
    let members = of(&bob.client, group.id()).await.members().await.expect("members");
    let devices = members.iter().find(|member| member.inbox_id == phone.inbox_id()).expect("a member");
    assert_eq!(devices.installations.len(), 2);
}

#[tokio::test]
async fn the_other_side_adds_a_new_device_when_it_sends() {
    let world = World::new();
    let person = world.person();
    let (bob, phone) = (world.newcomer().await, world.device(&person).await);
    let dm = bob.client.create_or_find_dm(phone.inbox_id()).await.expect("a DM");
    let tablet = world.device(&person).await;
    world.clock.advance(std::time::Duration::from_secs(6));
    dm.send_text("to both of you").await.expect("sent");
    for device in [&phone, &tablet] {
        device.sync().await;
        assert_eq!(texts(&device.client, dm.id()).await, ["to both of you"]);
    }
}

#[tokio::test]
async fn a_client_goes_on_where_it_stopped() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("before").await.expect("sent");
    bob.sync().await;
    drop(group);
    let again = alice.reopened().await;
    assert_eq!(again.installation_id(), alice.installation_id());
    let listed = again.conversations(ConversationFilter::default()).await.expect("a list");
    let id = listed[0].id();
    listed[0].send_text("after").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["before", "after"]);
    assert_agreement(&[&again, &bob.client], id).await;
}

#[tokio::test]
async fn a_message_sent_twice_with_one_key_exists_once() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let options = SendOptions { idempotency_key: Some("order 17".to_owned()), ..SendOptions::default() };
    let first = dm.send(&text::encode("one coffee"), options.clone()).await.expect("sent");
    let second = dm.send(&text::encode("one coffee"), options).await.expect("sent");
    assert_eq!(first, second);
    bob.sync().await;
    assert_eq!(texts(&bob.client, dm.id()).await, ["one coffee"]);
}

#[tokio::test]
async fn optimistic_messages_are_listed_at_once_and_sent_by_the_next_sync() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let options = SendOptions { optimistic: true, ..SendOptions::default() };
    for number in 0..20 {
        dm.send(&text::encode(&number.to_string()), options.clone()).await.expect("stored");
    }
    let stored = messages(&alice.client, dm.id()).await;
    assert_eq!(stored.iter().filter(|message| message.delivery == DeliveryStatus::Unpublished).count(), 20);
    bob.sync().await;
    assert!(texts(&bob.client, dm.id()).await.is_empty());
    alice.sync().await;
    bob.sync().await;
    let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(texts(&bob.client, dm.id()).await, expected);
    assert_eq!(texts(&alice.client, dm.id()).await, expected);
}

#[tokio::test]
async fn own_conversations_are_allowed_and_those_of_others_are_for_the_person_to_decide() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    bob.sync().await;
    let bobs = of(&bob.client, dm.id()).await;
    assert_eq!(dm.consent().await.expect("consent"), ConsentState::Allowed);
    assert_eq!(bobs.consent().await.expect("consent"), ConsentState::Unknown);
    bobs.set_consent(ConsentState::Denied).await.expect("set");
    assert_eq!(bobs.consent().await.expect("consent"), ConsentState::Denied);
    bobs.send_text("changed my mind").await.expect("sent");
    assert_eq!(bobs.consent().await.expect("consent"), ConsentState::Allowed);
}

#[tokio::test]
async fn a_history_longer_than_a_page_arrives_in_order() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let options = SendOptions { optimistic: true, ..SendOptions::default() };
    for number in 0..250 {
        dm.send(&text::encode(&number.to_string()), options.clone()).await.expect("stored");
    }
    alice.sync().await;
    bob.sync().await;
    let expected: Vec<String> = (0..250).map(|number| number.to_string()).collect();
    assert_eq!(texts(&bob.client, dm.id()).await, expected);
}
