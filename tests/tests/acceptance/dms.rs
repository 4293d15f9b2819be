//! Several groups of one pair are one direct conversation (PROTOCOL.md 4.8), and nothing else is.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use hexmtp::domain::Timestamp;
use hexmtp::domain::consent::ConsentState;
use hexmtp::domain::group::ConversationKind;
use hexmtp::domain::group::mutable_metadata::Disappearing;
use hexmtp::domain::message::text;
use hexmtp::{Client, Conversation, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::world::{Device, World};

use crate::crafted;
use crate::observed::{assert_agreement, of, refused, texts, transcript};

/// Alice and Bob, and the DMs that each of them opened before hearing of the other's.
async fn crossed(world: &World) -> (Device, Device, Conversation, Conversation) {
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let (one, two) = tokio::join!(
        alice.client.create_or_find_dm(bob.inbox_id()),
        bob.client.create_or_find_dm(alice.inbox_id()),
    );
    let (one, two) = (one.expect("a DM"), two.expect("a DM"));
    assert_ne!(one.id(), two.id());
    (alice, bob, one, two)
}

async fn the_dm(client: &Client) -> Conversation {
    let mut listed = client.conversations(Default::default()).await.expect("a list");
    assert_eq!(listed.len(), 1, "one conversation is shown");
    listed.remove(0)
}

/// R-GRP-224
#[tokio::test]
async fn crossed_dms_are_one_conversation_that_goes_on_in_the_group_used_last() {
    let world = World::new();
    let (alice, bob, one, two) = crossed(&world).await;
    one.send_text("from Alice").await.expect("sent");
    world.clock.advance(Duration::from_secs(1));
    two.send_text("from Bob").await.expect("sent");
    alice.sync().await;
    bob.sync().await;
    for device in [&alice, &bob] {
        let dm = the_dm(&device.client).await;
        assert_eq!(dm.id(), two.id(), "Bob's message was the last");
        assert_eq!(dm.groups().await.expect("groups"), [two.id(), one.id()]);
    }
    // A handle of either group writes to the group that is in use.
    world.clock.advance(Duration::from_secs(1));
    let sent = one.send_text("to where we talk").await.expect("sent");
    let stored = alice.ports.store.message(sent).await.expect("an answer").expect("a message");
    assert_eq!(stored.group_id, two.id());
    bob.sync().await;
    let expected = ["from Alice", "from Bob", "to where we talk"];
    for (client, id) in [(&alice.client, one.id()), (&bob.client, one.id()), (&bob.client, two.id())] {
        assert_eq!(texts(client, id).await, expected);
    }
    assert_agreement(&[&alice.client, &bob.client], one.id()).await;
    assert_agreement(&[&alice.client, &bob.client], two.id()).await;
}

/// R-GRP-224
#[tokio::test]
async fn what_was_said_once_is_not_said_again_in_the_group_that_came_into_use() {
    let world = World::new();
    let (alice, bob, one, two) = crossed(&world).await;
    one.send_text("first").await.expect("sent");
    let options = SendOptions { idempotency_key: Some("order 17".to_owned()), ..SendOptions::default() };
    world.network.faults().set_offline(true);
    assert!(one.send(&text::encode("one coffee"), options.clone()).await.is_err());
    world.network.faults().set_offline(false);
    world.clock.advance(Duration::from_secs(1));
    two.send_text("second").await.expect("sent");
    alice.client.sync_welcomes().await.expect("a sync");
    // The other group is read, while the message that waits in this one cannot go out yet.
    world.network.faults().fail_next(Call::PublishGroupMessages, 1);
    of(&alice.client, two.id()).await.sync().await.expect_err("not everything could be done");
    assert_eq!(the_dm(&alice.client).await.id(), two.id());
    one.send(&text::encode("one coffee"), options).await.expect("sent");
    bob.sync().await;
    let mut read = texts(&bob.client, two.id()).await;
    read.sort_unstable();
    assert_eq!(read, ["first", "one coffee", "second"]);
    // The settings of the DM are those of the group in use, whichever handle asks.
    let settings = Disappearing { from: Timestamp::from_nanos(1), after_nanos: 1 };
    one.update_disappearing(Some(settings)).await.expect("set");
    let active = the_dm(&alice.client).await;
    assert_eq!(active.disappearing().await.expect("settings"), Some(settings));
    assert_eq!(one.disappearing().await.expect("settings"), Some(settings));
}

/// R-GRP-225
#[tokio::test]
async fn that_two_people_talk_is_told_once() {
    let world = World::new();
    let (alice, bob, one, two) = crossed(&world).await;
    alice.sync().await;
    bob.sync().await;
    for (device, other) in [(&alice, &bob), (&bob, &alice)] {
        let told = transcript(&device.client, one.id()).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].added, [other.inbox_id()], "each tells of its own invitation");
    }
    // A second device joins both groups, and is told once, too.
    assert_eq!(one.groups().await.expect("groups").len(), 2);
    assert_eq!(two.groups().await.expect("groups").len(), 2);
}

/// R-GRP-226
#[tokio::test]
async fn a_handle_reads_and_streams_all_groups_of_its_pair() {
    let world = World::new();
    let (alice, bob, one, two) = crossed(&world).await;
    alice.sync().await;
    let mut stream = one.stream_messages().await.expect("a stream");
    bob.sync().await;
    let options = SendOptions { optimistic: true, ..SendOptions::default() };
    two.send(&text::encode("waiting"), options).await.expect("stored");
    two.publish_messages().await.expect("published");
    one.sync().await.expect("a sync");
    assert_eq!(texts(&alice.client, one.id()).await, ["waiting"], "both groups are read");
    let other = bob.client.create_group(Default::default(), &[alice.inbox_id()]).await.expect("a group");
    other.send_text("elsewhere").await.expect("sent");
    alice.sync().await;
    let mut streamed = Vec::new();
    for _ in 0..20 {
        world.runtime.settle();
        while let Some(Some(item)) = stream.next().now_or_never() {
            streamed.extend(item.expect("a message").message.body.as_text().map(ToOwned::to_owned));
        }
    }
    assert_eq!(streamed, ["waiting"], "both groups are streamed, and no other");
}

/// R-GRP-227
#[tokio::test]
async fn what_the_person_decided_about_a_dm_holds_for_all_its_groups() {
    let world = World::new();
    let (alice, bob, one, two) = crossed(&world).await;
    world.clock.advance(Duration::from_secs(1));
    alice.sync().await;
    let alices = of(&alice.client, two.id()).await;
    assert_eq!(alices.consent().await.expect("consent"), ConsentState::Allowed, "she wanted to talk to Bob");
    world.clock.advance(Duration::from_secs(1));
    alices.set_consent(ConsentState::Denied).await.expect("set");
    assert_eq!(one.consent().await.expect("consent"), ConsentState::Denied);
    world.clock.advance(Duration::from_secs(1));
    one.send_text("well, then").await.expect("sent");
    for conversation in [&one, &alices] {
        assert_eq!(conversation.consent().await.expect("consent"), ConsentState::Allowed);
    }
    bob.sync().await;
    assert_eq!(texts(&bob.client, two.id()).await, ["well, then"]);
}

/// R-GRP-228
#[tokio::test]
async fn a_group_that_only_names_a_pair_does_not_pass_for_their_dm() {
    let world = World::new();
    let (alice, bob, mallory) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let pair = (alice.inbox_id(), bob.inbox_id());
    let mut trap = crafted::found(&world, &mallory, &alice, |context| {
        context.immutable.dm_members = Some(pair);
    })
    .await;
    trap.say(&world, "it is me, Bob").await;
    alice.sync().await;
    assert_eq!(texts(&alice.client, trap.id).await, ["it is me, Bob"], "Alice was added to a group");
    assert_eq!(of(&alice.client, trap.id).await.kind().await.expect("a kind"), ConversationKind::Group);
    assert!(texts(&alice.client, dm.id()).await.is_empty(), "and it is no part of the DM");
    assert_eq!(dm.groups().await.expect("groups"), [dm.id()]);
    let found = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    assert_eq!(found.id(), dm.id());
    let sent = dm.send_text("for Bob alone").await.expect("sent");
    let stored = alice.ports.store.message(sent).await.expect("an answer").expect("a message");
    assert_eq!(stored.group_id, dm.id());
    // With a DM's kind it is refused at the door.
    let refused_before = refused(&alice.client).await.len();
    crafted::found(&world, &mallory, &alice, |context| {
        context.immutable.kind = ConversationKind::Dm;
        context.immutable.dm_members = Some(pair);
    })
    .await;
    alice.sync().await;
    assert_eq!(refused(&alice.client).await.len(), refused_before + 1);
}

/// R-MSG-207
#[tokio::test]
async fn what_devices_tell_one_another_is_no_message_for_people() {
    let world = World::new();
    let person = world.person();
    let (phone, tablet, bob) =
        (world.device(&person).await, world.device(&person).await, world.newcomer().await);
    let dm = bob.client.create_or_find_dm(phone.inbox_id()).await.expect("a DM");
    tablet.sync().await;
    let mut stream = tablet.client.stream_messages().await.expect("a stream");
    let mut hidden = crafted::found(&world, &phone, &tablet, |context| {
        context.immutable.kind = ConversationKind::Sync;
    })
    .await;
    tablet.sync().await;
    hidden.say(&world, "archive").await;
    dm.send_text("hello").await.expect("sent");
    tablet.client.conversation(hidden.id).await.expect("joined").sync().await.expect("a sync");
    tablet.sync().await;
    let mut streamed = Vec::new();
    for _ in 0..20 {
        world.runtime.settle();
        while let Some(Some(item)) = stream.next().now_or_never() {
            streamed.extend(item.expect("a message").message.body.as_text().map(ToOwned::to_owned));
        }
    }
    assert_eq!(streamed, ["hello"]);
    assert_eq!(texts(&tablet.client, hidden.id).await, ["archive"], "it was stored");
    assert_eq!(the_dm(&tablet.client).await.id(), dm.id());
}
