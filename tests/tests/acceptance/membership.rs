//! Coming and going: by inbox and by identifier, with several devices, by welcome and by pointer.

use hexmtp::domain::message::{DeliveryStatus, MessageBody, text};
use hexmtp::error::ChangeError;
use hexmtp::{GroupOptions, GroupPermissions, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{Secret, SequenceId};
use hexmtp_ports::delivery::{DeliveryService, WelcomePayload};
use hexmtp_ports::mls::KeyPackageParams;
use hexmtp_ports::store::{ChangeSet, KeyPackageRecord, Revision, RowChange, Scope};
use hexmtp_tests::world::{Device, World};

use crate::observed::{assert_agreement, changes, messages, of, refused, texts};

#[tokio::test]
async fn members_come_by_inbox_and_by_identifier_and_read_from_then_on() {
    let world = World::new();
    let person = world.person();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.device(&person).await);
    let group = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    group.send_text("alone").await.expect("sent");
    group.add_members(&[bob.inbox_id()]).await.expect("added");
    group.send_text("two").await.expect("sent");
    group.add_members_by_identifier(std::slice::from_ref(&person.identifier)).await.expect("added");
    group.send_text("three").await.expect("sent");
    bob.sync().await;
    carol.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["two", "three"]);
    assert_eq!(texts(&carol.client, group.id()).await, ["three"]);
    assert_agreement(&[&alice.client, &bob.client, &carol.client], group.id()).await;
    // Alice sees two additions, Bob that he was added and one addition, Carol that she was added.
    assert_eq!(changes(&alice.client, group.id()).await, 2);
    assert_eq!(changes(&bob.client, group.id()).await, 2);
    assert_eq!(changes(&carol.client, group.id()).await, 1);
}

#[tokio::test]
async fn unknown_identifiers_are_named_and_nobody_is_added() {
    let world = World::new();
    let (alice, known) = (world.newcomer().await, world.person());
    let bob = world.device(&known).await;
    let group = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let stranger = world.person();
    let wanted = [known.identifier.clone(), stranger.identifier.clone()];
    let added = group.add_members_by_identifier(&wanted).await;
    assert!(
        matches!(added, Err(ChangeError::UnknownIdentifiers(ids)) if ids == [stranger.identifier.clone()])
    );
    bob.sync().await;
    assert!(bob.client.conversation(group.id()).await.is_err());
    let answers = alice.client.can_message(&wanted).await.expect("answers");
    assert_eq!(answers, [true, false]);
}

#[tokio::test]
async fn a_removed_member_keeps_what_it_has_and_reads_no_further() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let members = [bob.inbox_id(), carol.inbox_id()];
    let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    group.send_text("all three").await.expect("sent");
    carol.sync().await;
    let waiting = SendOptions { optimistic: true, ..SendOptions::default() };
    let carols = of(&carol.client, group.id()).await;
    carols.send(&text::encode("too late"), waiting).await.expect("stored");
    group.remove_members(&[carol.inbox_id()]).await.expect("removed");
    group.send_text("only two").await.expect("sent");
    bob.sync().await;
    carol.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["all three", "only two"]);
    assert_eq!(texts(&carol.client, group.id()).await, ["all three", "too late"]);
    let carols = of(&carol.client, group.id()).await;
    assert_eq!(
        messages(&carol.client, group.id())
            .await
            .iter()
            .filter(|m| m.delivery == DeliveryStatus::Failed)
            .count(),
        1
    );
    assert!(!carols.is_active().await.expect("a state"));
    assert!(matches!(carols.send_text("let me in").await, Err(ChangeError::NotAMember)));
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
    let last = messages(&carol.client, group.id()).await.pop().expect("a message");
    assert!(refused(&carol.client).await.is_empty(), "what came after is passed and not refused");
    let MessageBody::GroupUpdated(update) = last.body else { panic!("Carol is told of her removal") };
    assert_eq!(update.removed, [carol.inbox_id()]);
}

#[tokio::test]
async fn a_removed_member_that_is_added_again_reads_again() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("first").await.expect("sent");
    bob.sync().await;
    group.remove_members(&[bob.inbox_id()]).await.expect("removed");
    group.send_text("without Bob").await.expect("sent");
    bob.sync().await;
    group.add_members(&[bob.inbox_id()]).await.expect("added");
    group.send_text("with Bob").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["first", "with Bob"]);
    of(&bob.client, group.id()).await.send_text("thanks").await.expect("sent");
    alice.sync().await;
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
}

/// R-INT-020
#[tokio::test]
async fn policies_decide_before_anything_is_published() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let options = GroupOptions { permissions: GroupPermissions::AdminsOnly, ..GroupOptions::default() };
    let group = alice.client.create_group(options, &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    let bobs = of(&bob.client, group.id()).await;
    bobs.send_text("I may talk").await.expect("sent");
    let before = world.network.calls();
    for refused in [
        bobs.add_members(&[carol.inbox_id()]).await,
        bobs.update_name("mine").await,
        bobs.remove_members(&[alice.inbox_id()]).await,
    ] {
        assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
    }
    assert_eq!(world.network.calls().since(&before).of(Call::PublishGroupMessages), 0);
    group.add_members(&[carol.inbox_id()]).await.expect("an admin may");
    bob.sync().await;
    carol.sync().await;
    assert_agreement(&[&alice.client, &bob.client, &carol.client], group.id()).await;
}

#[tokio::test]
async fn nobody_changes_the_membership_of_a_dm() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    assert!(matches!(dm.add_members(&[carol.inbox_id()]).await, Err(ChangeError::NotPermitted(_))));
    assert!(matches!(dm.remove_members(&[bob.inbox_id()]).await, Err(ChangeError::NotPermitted(_))));
    assert!(matches!(dm.update_name("ours").await, Err(ChangeError::NotPermitted(_))));
}

/// R-WEL-110
#[tokio::test]
async fn twenty_installations_join_by_one_welcome_and_pointers_to_it() {
    let world = World::new();
    let alice = world.newcomer().await;
    let mut others: Vec<Device> = Vec::new();
    for _ in 0..10 {
        let person = world.person();
        others.push(world.device(&person).await);
        others.push(world.device(&person).await);
    }
    let inboxes: Vec<_> = others.iter().step_by(2).map(Device::inbox_id).collect();
    let group = alice.client.create_group(GroupOptions::default(), &inboxes).await.expect("a group");
    group.send_text("welcome, everybody").await.expect("sent");
    for device in &others {
        device.sync().await;
        assert_eq!(texts(&device.client, group.id()).await, ["welcome, everybody"]);
        assert!(refused(&device.client).await.is_empty());
    }
    let clients: Vec<_> = others.iter().chain([&alice]).map(|device| &device.client).collect();
    assert_agreement(&clients, group.id()).await;
    let members = group.members().await.expect("members");
    assert_eq!(members.len(), 11);
    assert_eq!(members.iter().map(|member| member.installations.len()).sum::<usize>(), 21);
}

/// R-INT-022
#[tokio::test]
async fn two_members_commit_in_one_epoch_and_both_changes_happen() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let members = [bob.inbox_id(), carol.inbox_id()];
    let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    bob.sync().await;
    carol.sync().await;
    let (dave, erin) = (world.newcomer().await, world.newcomer().await);
    let (daves, erins) = ([dave.inbox_id()], [erin.inbox_id()]);
    let bobs = of(&bob.client, group.id()).await;
    let carols = of(&carol.client, group.id()).await;
    let (one, two, three) = tokio::join!(
        bobs.update_name("Bob was here"),
        carols.add_members(&daves),
        group.add_members(&erins),
    );
    one.expect("renamed");
    two.expect("added");
    three.expect("added");
    for device in [&alice, &bob, &carol, &dave, &erin] {
        device.sync().await;
        let name = of(&device.client, group.id()).await.name().await.expect("a name");
        assert_eq!(name, "Bob was here");
    }
    let clients = [&alice, &bob, &carol, &dave, &erin].map(|device| &device.client);
    assert_agreement(&clients, group.id()).await;
    assert_eq!(group.members().await.expect("members").len(), 5);
}

#[tokio::test]
async fn a_dm_that_both_sides_open_at_once_is_one_conversation_in_two_groups() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let (one, two) = tokio::join!(
        alice.client.create_or_find_dm(bob.inbox_id()),
        bob.client.create_or_find_dm(alice.inbox_id()),
    );
    let (one, two) = (one.expect("a DM"), two.expect("a DM"));
    one.send_text("from Alice").await.expect("sent");
    two.send_text("from Bob").await.expect("sent");
    alice.sync().await;
    bob.sync().await;
    // From here on both find the same group: the one that was used last.
    let alices = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("found");
    let bobs = bob.client.create_or_find_dm(alice.inbox_id()).await.expect("found");
    assert_eq!(alices.id(), bobs.id());
    for device in [&alice, &bob] {
        let listed = device.client.conversations(Default::default()).await.expect("a list");
        assert_eq!(listed.len(), 1, "two groups of one pair are one conversation");
        assert_eq!(texts(&device.client, one.id()).await, ["from Alice", "from Bob"]);
        assert_eq!(texts(&device.client, two.id()).await, ["from Alice", "from Bob"]);
    }
}

/// Replaces a device's key package by one that knows no X-Wing, as an older client would publish it.
async fn publish_old_key_package(world: &World, device: &Device) {
    let key = device.key().await;
    let params = KeyPackageParams {
        key: &key,
        inbox_id: device.inbox_id(),
        now: device.ports.clock.now(),
        wrapper_public_key: None,
    };
    let made = device.ports.mls.create_key_package(params).expect("a key package");
    let mut changes = ChangeSet::expecting(Scope::KeyPackage(made.reference), Revision(0));
    changes.mls = made.changes;
    changes.rows = vec![RowChange::PutKeyPackage(KeyPackageRecord {
        reference: made.reference,
        init_key: (made.init_public_key, made.init_private_key),
        wrapper_key: (Vec::new(), Secret::new(Vec::new())),
        created_at: device.ports.clock.now(),
        uploaded: true,
        superseded_at: None,
    })];
    device.ports.store.commit(changes).await.expect("stored");
    world.network.upload_key_package(made.tls).await.expect("uploaded");
}

/// R-WEL-113
#[tokio::test]
async fn an_installation_without_x_wing_is_welcomed_with_x25519_beside_those_with_pointers() {
    let world = World::new();
    let (alice, old) = (world.newcomer().await, world.newcomer().await);
    publish_old_key_package(&world, &old).await;
    let others = [world.newcomer().await, world.newcomer().await, world.newcomer().await];
    let inboxes: Vec<_> = others.iter().chain([&old]).map(Device::inbox_id).collect();
    let group = alice.client.create_group(GroupOptions::default(), &inboxes).await.expect("a group");
    group.send_text("old and new").await.expect("sent");
    let welcomes =
        world.network.query_welcomes(old.installation_id(), SequenceId(0), 10).await.expect("welcomes");
    assert!(matches!(
        welcomes.items[0].payload,
        WelcomePayload::Welcome { algorithm: WrapperAlgorithm::Curve25519, .. }
    ));
    for device in others.iter().chain([&old]) {
        device.sync().await;
        assert_eq!(texts(&device.client, group.id()).await, ["old and new"]);
    }
    let pointed =
        world.network.query_welcomes(others[0].installation_id(), SequenceId(0), 10).await.expect("welcomes");
    assert!(matches!(pointed.items[0].payload, WelcomePayload::Pointer { .. }));
}
