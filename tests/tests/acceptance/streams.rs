//! Streams: each message once, in order, whatever the network does, and from any position on.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use hexmtp::{GroupOptions, MessageStream, StreamedMessage};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::world::World;

use crate::observed::of;

/// Everything that the stream has to give now, once all tasks have done what they can.
async fn drain(world: &World, stream: &mut MessageStream) -> Vec<StreamedMessage> {
    let mut streamed = Vec::new();
    loop {
        world.runtime.settle();
        tokio::task::yield_now().await;
        match stream.next().now_or_never() {
            Some(Some(message)) => streamed.push(message.expect("a message")),
            Some(None) => return streamed,
            None => {
                world.runtime.settle();
                match stream.next().now_or_never() {
                    Some(Some(message)) => streamed.push(message.expect("a message")),
                    _ => return streamed,
                }
            }
        }
    }
}

fn texts(streamed: &[StreamedMessage]) -> Vec<String> {
    streamed.iter().filter_map(|item| item.message.body.as_text().map(ToOwned::to_owned)).collect()
}

#[tokio::test]
async fn a_stream_tells_of_messages_in_conversations_that_did_not_exist_when_it_was_opened() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let mut stream = bob.client.stream_messages().await.expect("a stream");
    assert!(drain(&world, &mut stream).await.is_empty());
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    dm.send_text("one").await.expect("sent");
    assert_eq!(texts(&drain(&world, &mut stream).await), ["one"]);
    dm.send_text("two").await.expect("sent");
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("three").await.expect("sent");
    assert_eq!(texts(&drain(&world, &mut stream).await), ["two", "three"]);
    of(&bob.client, dm.id()).await.send_text("four, my own").await.expect("sent");
    assert_eq!(texts(&drain(&world, &mut stream).await), ["four, my own"]);
}

#[tokio::test]
async fn lost_subscriptions_and_syncs_in_between_double_and_lose_nothing() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let mut stream = bob.client.stream_messages().await.expect("a stream");
    let mut received = Vec::new();
    let mut expected = Vec::new();
    for round in 0..12 {
        let text = format!("message {round}");
        dm.send_text(&text).await.expect("sent");
        expected.push(text);
        match round % 4 {
            0 => world.network.faults().end_subscriptions(),
            1 => bob.sync().await,
            2 => world.network.faults().fail_next(Call::Subscribe, 2),
            _ => {}
        }
        received.extend(texts(&drain(&world, &mut stream).await));
    }
    // Time passes, so that the subscription is taken up again.
    for _ in 0..10 {
        world.runtime.advance(Duration::from_secs(30));
        received.extend(texts(&drain(&world, &mut stream).await));
    }
    assert_eq!(received, expected);
}

#[tokio::test]
async fn a_stream_goes_on_after_the_position_of_the_last_message_that_was_handled() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let mut stream = bob.client.stream_messages().await.expect("a stream");
    for number in 0..5 {
        dm.send_text(&number.to_string()).await.expect("sent");
    }
    let streamed = drain(&world, &mut stream).await;
    let handled = streamed.iter().find(|item| item.message.body.as_text() == Some("2")).expect("the third");
    let position = handled.position;
    drop(stream);
    let again = bob.reopened().await;
    let mut stream = again.stream_messages_from(position);
    dm.send_text("5").await.expect("sent");
    assert_eq!(texts(&drain(&world, &mut stream).await), ["3", "4", "5"]);
}

#[tokio::test]
async fn a_stream_of_one_conversation_tells_of_no_other() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    let mut stream = of(&bob.client, dm.id()).await.stream_messages().await.expect("a stream");
    group.send_text("to the group").await.expect("sent");
    dm.send_text("to Bob").await.expect("sent");
    assert_eq!(texts(&drain(&world, &mut stream).await), ["to Bob"]);
}

#[tokio::test]
async fn the_subscription_ends_with_the_last_stream_and_streams_end_with_the_store() {
    let world = World::new();
    let bob = world.newcomer().await;
    let mut one = bob.client.stream_messages().await.expect("a stream");
    let two = bob.client.stream_messages().await.expect("a stream");
    drain(&world, &mut one).await;
    let subscribed = world.network.calls().of(Call::Subscribe);
    assert_eq!(subscribed, 1, "two streams share one subscription");
    drop(two);
    bob.client.close().await.expect("closed");
    world.runtime.settle();
    assert!(one.next().await.is_none(), "the stream ends");
}
