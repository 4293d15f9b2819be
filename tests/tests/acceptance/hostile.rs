//! Bad input from the network: the one item is refused and recorded, everything else goes on.

use hexmtp::GroupOptions;
use hexmtp::domain::InboxId;
use hexmtp::domain::group::mutable_metadata::GROUP_NAME;
use hexmtp::domain::group::permissions::{AccessPolicy, PolicyChange};
use hexmtp::domain::message::text;
use hexmtp::ports::delivery::{DeliveryService, WelcomePayload};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_tests::world::World;

use crate::crafted;
use crate::observed::{assert_agreement, of, refused, texts};

/// R-NET-031
#[tokio::test]
async fn malformed_group_messages_are_recorded_and_passed() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    let faults = world.network.faults();
    group.send_text("before").await.expect("sent");
    let log = world.network.query_group_messages(group.id(), &Default::default(), 100).await.expect("a log");
    let message = log.items.last().expect("a message").data.clone();
    faults.inject_group_envelope(group.id(), Vec::new());
    faults.inject_group_envelope(group.id(), vec![0xff; 500]);
    faults.inject_group_envelope(group.id(), message[..message.len() - 1].to_vec());
    let mut altered = message.clone();
    *altered.last_mut().expect("a byte") ^= 1;
    faults.inject_group_envelope(group.id(), altered);
    // The same bytes again, as a server that repeats itself would send them.
    faults.inject_group_envelope(group.id(), message);
    group.send_text("after").await.expect("sent");
    for device in [&alice, &bob] {
        device.sync().await;
        assert_eq!(texts(&device.client, group.id()).await, ["before", "after"]);
    }
    assert_eq!(refused(&bob.client).await.len(), 5, "each is recorded");
    assert_agreement(&[&alice.client, &bob.client], group.id()).await;
    // What was refused once is not looked at again.
    bob.sync().await;
    assert_eq!(refused(&bob.client).await.len(), 5);
}

/// R-WEL-111
#[tokio::test]
async fn malformed_welcomes_are_recorded_and_passed() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let faults = world.network.faults();
    let package = world.network.fetch_key_packages(&[bob.installation_id()]).await.expect("a key package");
    let package = package[0].clone().expect("a key package");
    // The X25519 init key stands after version, ciphersuite and its length.
    let init_key = package[5..37].to_vec();
    let welcome = |data: &[u8], key: &[u8], algorithm| WelcomePayload::Welcome {
        data: data.to_vec(),
        hpke_public_key: key.to_vec(),
        algorithm,
        metadata: Vec::new(),
    };
    faults.inject_welcome(bob.installation_id(), welcome(&[], &init_key, WrapperAlgorithm::Curve25519));
    faults.inject_welcome(bob.installation_id(), welcome(&[7; 300], &init_key, WrapperAlgorithm::Curve25519));
    faults.inject_welcome(bob.installation_id(), welcome(&[7; 300], &init_key, WrapperAlgorithm::XWing));
    faults.inject_welcome(bob.installation_id(), welcome(&[7; 300], &[1; 32], WrapperAlgorithm::Curve25519));
    faults.inject_welcome(bob.installation_id(), welcome(&[7; 300], &[], WrapperAlgorithm::Symmetric));
    let pointer = WelcomePayload::Pointer {
        data: vec![9; 200],
        hpke_public_key: init_key,
        algorithm: WrapperAlgorithm::XWing,
    };
    faults.inject_welcome(bob.installation_id(), pointer);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("still here").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["still here"]);
    assert_eq!(refused(&bob.client).await.len(), 6);
}

#[tokio::test]
async fn an_installation_without_a_usable_key_package_is_left_out_and_the_others_come() {
    let world = World::new();
    let person = world.person();
    let (alice, phone, tablet) =
        (world.newcomer().await, world.device(&person).await, world.device(&person).await);
    world.network.faults().replace_key_package_raw(tablet.installation_id(), Some(vec![1, 2, 3]));
    let group =
        alice.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.expect("a group");
    group.send_text("to the phone").await.expect("sent");
    phone.sync().await;
    assert_eq!(texts(&phone.client, group.id()).await, ["to the phone"]);
    let context = group.group_context().await.expect("a context");
    assert!(context.membership.failed_installations.contains(&tablet.installation_id()));
    // With no usable key package at all nobody can be added.
    world.network.faults().replace_key_package_raw(phone.installation_id(), None);
    assert!(alice.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.is_err());
}

#[tokio::test]
async fn a_broken_identity_log_stops_only_what_concerns_its_inbox() {
    let world = World::new();
    let (alice, bob, mallory) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    world.network.faults().inject_identity_update(mallory.inbox_id(), &[0xff, 0xff, 0xff]);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    assert!(group.add_members(&[mallory.inbox_id()]).await.is_err());
    group.send_text("without Mallory").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["without Mallory"]);
    assert!(alice.client.inbox_state(mallory.inbox_id()).await.is_err());
    let nobody = InboxId::new([9; 32]);
    assert!(alice.client.inbox_state(nobody).await.is_err());
}

#[tokio::test]
async fn a_member_cannot_forge_what_the_group_did() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    let mut forged = text::encode("not a text");
    forged.content_type.type_id = "group_updated".to_owned();
    of(&bob.client, group.id()).await.send(&forged, Default::default()).await.expect("sent");
    let before = crate::observed::changes(&alice.client, group.id()).await;
    alice.sync().await;
    assert_eq!(crate::observed::changes(&alice.client, group.id()).await, before);
}

/// R-NET-217
#[tokio::test]
async fn who_was_refused_can_commit_in_the_same_epoch() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let members = [bob.inbox_id(), carol.inbox_id()];
    let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    let field = GROUP_NAME.to_owned();
    let only_admins = PolicyChange::UpdateMetadata { field, policy: AccessPolicy::Admin };
    group.update_permission(only_admins).await.expect("changed");
    bob.sync().await;
    carol.sync().await;

    crafted::attempt(&world, &bob, group.id(), |context| {
        context.mutable.attributes.insert(GROUP_NAME.to_owned(), "Bob's".to_owned());
    })
    .await;
    // Carol takes the two commits in one after the other, Alice both at once.
    carol.sync().await;
    of(&bob.client, group.id()).await.update_description("allowed").await.expect("changed");
    carol.sync().await;
    alice.sync().await;
    assert_agreement(&[&alice.client, &bob.client, &carol.client], group.id()).await;
    let mutable = group.group_context().await.expect("a context").mutable;
    assert_eq!((mutable.name(), mutable.description()), ("", "allowed"));
    for device in [&alice, &carol] {
        assert_eq!(refused(&device.client).await, ["commit.not_permitted"]);
    }
}
