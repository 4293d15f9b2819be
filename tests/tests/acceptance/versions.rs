//! Groups that ask for a newer protocol version are paused, readable, and resume (PROTOCOL.md 4.5).

use hexmtp::GroupOptions;
use hexmtp::error::ChangeError;
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_tests::world::World;

use crate::observed::{assert_agreement, of, texts};

/// R-GRP-080
#[tokio::test]
async fn a_group_whose_floor_is_raised_pauses_and_resumes_with_a_newer_version() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let newer = alice.claiming("2.0.0").await;
    let group = newer.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("before").await.expect("sent");
    bob.sync().await;
    group.require_version(&ProtocolVersion::parse("1.99.0").expect("a version")).await.expect("raised");
    group.send_text("after").await.expect("sent");
    bob.sync().await;
    bob.sync().await;
    let bobs = of(&bob.client, group.id()).await;
    assert_eq!(texts(&bob.client, group.id()).await, ["before"], "what was read stays readable");
    let sent = bobs.send_text("may I?").await;
    assert!(matches!(sent, Err(ChangeError::Paused { minimum }) if minimum == "1.99.0"));
    let upgraded = bob.claiming("1.99.0").await;
    upgraded.sync_all().await.expect("a sync");
    assert_eq!(texts(&upgraded, group.id()).await, ["before", "after"]);
    of(&upgraded, group.id()).await.send_text("now I may").await.expect("sent");
    group.sync().await.expect("a sync");
    assert_agreement(&[&newer, &upgraded], group.id()).await;
    assert_eq!(texts(&newer, group.id()).await, ["before", "after", "now I may"]);
}

#[tokio::test]
async fn a_group_joined_with_a_higher_floor_is_paused_from_the_start() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let newer = alice.claiming("2.0.0").await;
    let group = newer.create_group(GroupOptions::default(), &[]).await.expect("a group");
    group.require_version(&ProtocolVersion::parse("2.0.0").expect("a version")).await.expect("raised");
    group.add_members(&[bob.inbox_id()]).await.expect("added");
    group.send_text("for newer clients").await.expect("sent");
    bob.sync().await;
    assert!(texts(&bob.client, group.id()).await.is_empty());
    let bobs = of(&bob.client, group.id()).await;
    assert!(matches!(bobs.send_text("hm").await, Err(ChangeError::Paused { .. })));
    let upgraded = bob.claiming("2.0.0").await;
    upgraded.sync_all().await.expect("a sync");
    assert_eq!(texts(&upgraded, group.id()).await, ["for newer clients"]);
}

#[tokio::test]
async fn nobody_asks_for_more_than_they_support_or_for_less_than_before() {
    let world = World::new();
    let alice = world.newcomer().await;
    let group = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let version = |text| ProtocolVersion::parse(text).expect("a version");
    assert!(matches!(group.require_version(&version("1.11.0")).await, Err(ChangeError::NotPermitted(_))));
    group.require_version(&version("1.9.0")).await.expect("raised");
    assert!(matches!(group.require_version(&version("1.8.0")).await, Err(ChangeError::NotPermitted(_))));
    assert_eq!(group.group_context().await.expect("a context").mutable.minimum_version(), Some("1.9.0"));
}
