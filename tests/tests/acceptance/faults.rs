//! Lost calls, lost answers, crashes between any two steps, two processes on one store.

use hexmtp::domain::message::{DeliveryStatus, text};
use hexmtp::ports::delivery::DeliveryService;
use hexmtp::{GroupOptions, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::world::World;

use crate::observed::{assert_agreement, messages, of, refused, texts};

#[tokio::test]
async fn a_message_whose_publication_failed_is_sent_once_by_the_next_sync() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    world.network.faults().fail_next(Call::PublishGroupMessages, 1);
    let sent = dm.send_text("through the storm").await;
    assert!(sent.is_err_and(|error| error.retry().is_worth_it()));
    let stored = messages(&alice.client, dm.id()).await.pop().expect("stored");
    assert_eq!(stored.delivery, DeliveryStatus::Unpublished);
    alice.sync().await;
    alice.sync().await;
    bob.sync().await;
    assert_eq!(texts(&bob.client, dm.id()).await, ["through the storm"]);
    assert!(refused(&bob.client).await.is_empty());
}

/// R-INT-021
#[tokio::test]
async fn a_message_whose_answer_was_lost_arrives_once() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    world.network.faults().lose_answer_next(Call::PublishGroupMessages);
    assert!(dm.send_text("once").await.is_err());
    alice.sync().await;
    bob.sync().await;
    assert_eq!(texts(&bob.client, dm.id()).await, ["once"]);
    let stored = messages(&alice.client, dm.id()).await.pop().expect("stored");
    assert_eq!(stored.delivery, DeliveryStatus::Published);
    assert!(refused(&bob.client).await.is_empty());
}

/// Every call that a use case makes fails once, or is served without an answer; the client is thrown away each time,
/// as in a crash, and another one on the same store completes the work.
/// R-INT-023
#[tokio::test]
async fn a_group_is_completed_whichever_call_the_process_dies_at() {
    let calls = [
        Call::PublishGroupMessages,
        Call::QueryGroupMessages,
        Call::PublishWelcomes,
        Call::FetchKeyPackages,
        Call::IdentityUpdatesAfter,
    ];
    for call in calls {
        for lost in [false, true] {
            let world = World::new();
            let (alice, bob) = (world.newcomer().await, world.newcomer().await);
            let group = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
            let faults = world.network.faults();
            if lost {
                faults.lose_answer_next(call)
            } else {
                faults.fail_next(call, 1)
            }
            let _ = group.add_members(&[bob.inbox_id()]).await;
            let id = group.id();
            drop(group);
            let again = alice.reopened().await;
            again.sync_all().await.expect("a sync");
            let group = of(&again, id).await;
            // A call that failed before anything was stored left nothing to complete.
            if group.members().await.expect("members").len() == 1 {
                group.add_members(&[bob.inbox_id()]).await.expect("added");
            }
            group.send_text("done").await.expect("sent");
            bob.sync().await;
            assert_eq!(texts(&bob.client, id).await, ["done"], "{call:?}, answer lost: {lost}");
            assert_agreement(&[&again, &bob.client], id).await;
        }
    }
}

/// R-NET-032
#[tokio::test]
async fn nothing_is_skipped_while_identity_logs_cannot_be_reached() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    group.add_members(&[carol.inbox_id()]).await.expect("added");
    group.send_text("after the commit").await.expect("sent");
    world.network.faults().fail_next(Call::IdentityUpdatesAfter, 1);
    let bobs = of(&bob.client, group.id()).await;
    let failed = bobs.sync().await;
    assert!(failed.is_err_and(|error| error.retry().is_worth_it()));
    assert!(texts(&bob.client, group.id()).await.is_empty(), "nothing behind the commit was read");
    bobs.sync().await.expect("a sync");
    assert_eq!(texts(&bob.client, group.id()).await, ["after the commit"]);
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

#[tokio::test]
async fn two_processes_on_one_store_send_and_sync_at_the_same_time() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    let twin = alice.reopened().await;
    let twins = of(&twin, group.id()).await;
    for round in 0..10 {
        let (left, right) = (format!("left {round}"), format!("right {round}"));
        let name = format!("round {round}");
        let (one, two, three) =
            tokio::join!(group.send_text(&left), twins.send_text(&right), twins.update_name(&name));
        one.expect("sent");
        two.expect("sent");
        three.expect("renamed");
    }
    bob.sync().await;
    let mut received = texts(&bob.client, group.id()).await;
    assert_eq!(received, texts(&twin, group.id()).await);
    received.sort();
    let mut expected: Vec<String> =
        (0..10).flat_map(|round| [format!("left {round}"), format!("right {round}")]).collect();
    expected.sort();
    assert_eq!(received, expected, "each message exists once");
    assert_agreement(&[&alice.client, &twin, &bob.client], group.id()).await;
    assert!(refused(&bob.client).await.is_empty());
}

#[tokio::test]
async fn many_tasks_send_to_one_group_and_keep_their_order() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    let options = || SendOptions::default();
    let sends = (0..30).map(|number| {
        let group = group.clone();
        async move { group.send(&text::encode(&number.to_string()), options()).await.expect("sent") }
    });
    futures_util::future::join_all(sends).await;
    bob.sync().await;
    let received = texts(&bob.client, group.id()).await;
    assert_eq!(received.len(), 30);
    assert_eq!(received, texts(&alice.client, group.id()).await);
}

/// R-NET-220
#[tokio::test]
async fn a_message_that_nobody_could_read_is_sent_anew() {
    for (behind, copies) in [(3, 1), (4, 2), (9, 2)] {
        let world = World::new();
        let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
        let members = [bob.inbox_id(), carol.inbox_id()];
        let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
        bob.sync().await;
        let bobs = of(&bob.client, group.id()).await;
        bobs.send_text("in step").await.expect("sent");
        alice.sync().await;
        let log = || async { world.network.query_group_messages(group.id(), &Default::default(), 100).await };
        for number in 0..behind {
            group.update_name(&format!("{number}")).await.expect("renamed");
        }
        let before = log().await.expect("a log").items.len();
        bobs.send_text("out of step").await.expect("sent");
        assert_eq!(log().await.expect("a log").items.len(), before + copies, "{behind} behind");
        for device in [&alice, &bob, &carol] {
            device.sync().await;
            assert_eq!(
                texts(&device.client, group.id()).await,
                ["in step", "out of step"],
                "{behind} behind"
            );
        }
        assert_agreement(&[&alice.client, &bob.client, &carol.client], group.id()).await;
    }
}
