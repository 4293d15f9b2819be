//! Several processes on one installation: everything is published once, whoever dies when.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hexmtp::domain::GroupId;
use hexmtp::ports::store::{LeaseName, LeaseRecord, Scope};
use hexmtp::{Client, GroupOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::recorded::Recorded;
use hexmtp_tests::world::{Device, World};

use crate::observed::{assert_agreement, of, refused, texts};

/// How long a dead process keeps others from its outbox.
const LEASE: Duration = Duration::from_secs(5);

/// Alice with a group with Bob in it, who has joined.
async fn conversation(world: &World) -> (Device, Device, GroupId) {
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    (alice, bob, group.id())
}

fn recorded(world: &World) -> Recorded {
    Recorded::new(Arc::new(world.network.clone()))
}

/// Another client on the device's store, over this network: another process on the installation.
async fn process(network: &Recorded, device: &Device) -> Client {
    let mut ports = device.ports.clone();
    ports.delivery = Arc::new(network.clone());
    Client::builder(ports).open().await.expect("registered")
}

async fn lease(device: &Device, id: GroupId) -> Option<LeaseRecord> {
    device.ports.store.lease(LeaseName::Outbox(id)).await.expect("a lease or none")
}

/// Begins something and ends it as a crash would, at the call that is held.
fn crash(work: impl Future) {
    assert!(work.now_or_never().is_none(), "it was over before it could crash");
}

/// Lets time pass until the work is done, at most an hour, and tells how much passed.
async fn with_time<T>(world: &World, work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = std::pin::pin!(work);
    let mut passed = Duration::ZERO;
    loop {
        if let Some(done) = (&mut work).now_or_never() {
            return (done, passed);
        }
        assert!(passed < Duration::from_secs(3600), "it never ends");
        world.runtime.advance(Duration::from_millis(500));
        passed += Duration::from_millis(500);
        tokio::task::yield_now().await;
    }
}

/// R-INT-210
#[tokio::test]
async fn what_two_processes_send_at_once_is_published_once() {
    let world = World::new();
    let (alice, bob, id) = conversation(&world).await;
    let network = recorded(&world);
    let (left, right) = (process(&network, &alice).await, process(&network, &alice).await);
    let (lefts, rights) = (of(&left, id).await, of(&right, id).await);
    for round in 0..20 {
        let (one, two, name) = (format!("left {round}"), format!("right {round}"), format!("{round}"));
        let work =
            async { tokio::join!(lefts.send_text(&one), rights.send_text(&two), rights.update_name(&name)) };
        let ((one, two, three), _) = with_time(&world, work).await;
        one.expect("sent");
        two.expect("sent");
        three.expect("renamed");
    }
    network.assert_once();
    assert_eq!(lease(&alice, id).await, None);
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await.len(), 40);
    assert_eq!(texts(&bob.client, id).await, texts(&left, id).await);
    assert_agreement(&[&left, &right, &bob.client], id).await;
    assert!(refused(&bob.client).await.is_empty());
}

/// R-INT-211
#[tokio::test]
async fn a_send_takes_two_commits_of_its_group_and_leaves_no_lease() {
    let world = World::new();
    let (alice, _, id) = conversation(&world).await;
    let group = of(&alice.client, id).await;
    group.send_text("knows the members").await.expect("sent");
    let revision = || async {
        let loaded = alice.ports.store.load(&[Scope::Group(id)]).await.expect("a scope");
        loaded.first().expect("one").revision.0
    };
    let before = revision().await;
    group.send_text("ordinary").await.expect("sent");
    assert_eq!(revision().await, before + 2, "one to stage, one to read back");
    assert_eq!(lease(&alice, id).await, None);
}

/// R-INT-212
#[tokio::test]
async fn what_a_dead_process_staged_is_published_once_when_its_lease_has_run_out() {
    let world = World::new();
    let (alice, bob, id) = conversation(&world).await;
    let network = recorded(&world);
    let dying = process(&network, &alice).await;
    of(&dying, id).await.send_text("before").await.expect("sent");
    world.network.faults().hold(Call::PublishGroupMessages);
    crash(of(&dying, id).await.send_text("staged"));
    drop(dying);
    world.network.faults().release(Call::PublishGroupMessages);
    let heir = process(&network, &alice).await;
    let published = network.times().len();
    heir.sync_all().await.expect("a sync leaves it to whom it may concern");
    assert_eq!(network.times().len(), published, "the lease holds");
    let (sent, passed) = with_time(&world, of(&heir, id).await.send_text("after")).await;
    sent.expect("sent");
    assert!(
        passed >= LEASE - Duration::from_secs(1) && passed <= LEASE + Duration::from_secs(1),
        "{passed:?}"
    );
    network.assert_once();
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["before", "staged", "after"]);
    assert_agreement(&[&heir, &bob.client], id).await;
    assert_eq!(lease(&alice, id).await, None);
}

/// R-INT-212
#[tokio::test]
async fn what_a_dead_process_has_published_is_found_in_the_log() {
    let world = World::new();
    let (alice, bob, id) = conversation(&world).await;
    let network = recorded(&world);
    let dying = process(&network, &alice).await;
    of(&dying, id).await.send_text("before").await.expect("sent");
    world.network.faults().hold(Call::QueryGroupMessages);
    crash(of(&dying, id).await.send_text("published"));
    drop(dying);
    world.network.faults().release(Call::QueryGroupMessages);
    let heir = process(&network, &alice).await;
    assert!(lease(&alice, id).await.is_some());
    of(&heir, id).await.sync().await.expect("a sync");
    assert_eq!(lease(&alice, id).await, None, "reading the last payload back gives the lease back");
    let (sent, passed) = with_time(&world, of(&heir, id).await.send_text("after")).await;
    sent.expect("sent");
    assert_eq!(passed, Duration::ZERO);
    network.assert_once();
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["before", "published", "after"]);
}

/// R-INT-212
#[tokio::test]
async fn a_commit_of_a_dead_process_is_finished_once_with_its_welcomes() {
    for call in [Call::PublishGroupMessages, Call::QueryGroupMessages, Call::PublishWelcomes] {
        let world = World::new();
        let (alice, bob, id) = conversation(&world).await;
        let carol = world.newcomer().await;
        let network = recorded(&world);
        let dying = process(&network, &alice).await;
        let group = of(&dying, id).await;
        group.send_text("before").await.expect("sent");
        world.network.faults().hold(call);
        crash(group.add_members(&[carol.inbox_id()]));
        drop((group, dying));
        world.network.faults().release(call);
        let heir = process(&network, &alice).await;
        let (sent, _) = with_time(&world, of(&heir, id).await.send_text("after")).await;
        sent.expect("sent");
        network.assert_once();
        assert_eq!(network.welcomes_to(carol.installation_id()), 1, "{call:?}");
        for device in [&bob, &carol] {
            device.sync().await;
        }
        assert_eq!(texts(&carol.client, id).await, ["after"], "{call:?}");
        assert_agreement(&[&heir, &bob.client, &carol.client], id).await;
        assert_eq!(lease(&alice, id).await, None, "{call:?}");
    }
}

/// R-INT-213
#[tokio::test]
async fn a_process_that_takes_long_keeps_its_lease_and_others_wait_for_it() {
    let world = World::new();
    let (alice, bob, id) = conversation(&world).await;
    let network = recorded(&world);
    let (slow, other) = (process(&network, &alice).await, process(&network, &alice).await);
    let (slows, others) = (of(&slow, id).await, of(&other, id).await);
    slows.send_text("before").await.expect("sent");
    world.network.faults().hold(Call::PublishGroupMessages);
    let mut one = std::pin::pin!(slows.send_text("slow"));
    let mut two = std::pin::pin!(others.send_text("other"));
    let begun = world.network.calls();
    assert!((&mut one).now_or_never().is_none());
    for _ in 0..200 {
        world.runtime.advance(Duration::from_secs(1));
        assert!((&mut one).now_or_never().is_none() && (&mut two).now_or_never().is_none());
    }
    assert_eq!(world.network.calls().since(&begun).of(Call::PublishGroupMessages), 1, "nobody else tried");
    world.network.faults().release(Call::PublishGroupMessages);
    let ((one, two), _) = with_time(&world, async { tokio::join!(one, two) }).await;
    one.expect("sent");
    two.expect("sent");
    network.assert_once();
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["before", "slow", "other"]);
    assert_eq!(lease(&alice, id).await, None);
}

/// R-INT-213
#[tokio::test]
async fn a_caller_returns_when_its_intent_is_settled_whoever_settled_it() {
    let world = World::new();
    let (alice, bob, id) = conversation(&world).await;
    let network = recorded(&world);
    let (left, right) = (process(&network, &alice).await, process(&network, &alice).await);
    let (lefts, rights) = (of(&left, id).await, of(&right, id).await);
    lefts.send_text("before").await.expect("sent");
    // The left one has staged; the right one has only stored its wish when it finds the outbox taken, and both are
    // settled by the left one, while the right one's own calls would fail.
    world.network.faults().hold(Call::PublishGroupMessages);
    let mut one = std::pin::pin!(lefts.send_text("one"));
    assert!((&mut one).now_or_never().is_none());
    let mut two = std::pin::pin!(rights.send_text("two"));
    assert!((&mut two).now_or_never().is_none());
    world.network.faults().release(Call::PublishGroupMessages);
    one.await.expect("sent");
    lefts.publish_messages().await.expect("published");
    let before = world.network.calls();
    two.await.expect("sent");
    assert_eq!(world.network.calls().since(&before).of(Call::PublishGroupMessages), 0);
    network.assert_once();
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["before", "one", "two"]);
}

/// R-INT-214
#[tokio::test]
async fn a_process_whose_network_fails_lets_go_of_the_outbox() {
    let world = World::new();
    let (alice, bob, id) = conversation(&world).await;
    let other = alice.reopened().await;
    of(&alice.client, id).await.send_text("before").await.expect("sent");
    world.network.faults().fail_next(Call::PublishGroupMessages, 1);
    assert!(of(&alice.client, id).await.send_text("failed").await.is_err());
    assert_eq!(lease(&alice, id).await, None);
    of(&other, id).await.send_text("after").await.expect("sent at once");
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["before", "failed", "after"]);
}
