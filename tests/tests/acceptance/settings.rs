//! Names, texts, pictures, disappearing messages, admins, policies: changed by who may, and read by all.

use hexmtp::domain::Timestamp;
use hexmtp::domain::group::mutable_metadata::Disappearing;
use hexmtp::domain::group::permissions::{AccessPolicy, PermissionsPolicy, PolicyChange, Preset};
use hexmtp::error::ChangeError;
use hexmtp::{Client, Conversation, GroupOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::GroupId;
use hexmtp_tests::world::{Device, World};

use crate::observed::{assert_agreement, last_change, of, refused, transcript};

const HOUR: Disappearing =
    Disappearing { from: Timestamp::from_nanos(1_700_000_000_000_000_000), after_nanos: 3_600_000_000_000 };

/// A group of Alice, who made it, Bob and Carol.
async fn three(world: &World) -> (Device, Device, Device, GroupId) {
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let members = [bob.inbox_id(), carol.inbox_id()];
    let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    bob.sync().await;
    carol.sync().await;
    (alice, bob, carol, group.id())
}

async fn assert_all_follow(devices: &[&Device], id: GroupId) {
    for device in devices {
        device.sync().await;
        assert!(refused(&device.client).await.is_empty());
    }
    let clients: Vec<&Client> = devices.iter().map(|device| &device.client).collect();
    assert_agreement(&clients, id).await;
}

async fn texts_of(conversation: &Conversation) -> [String; 4] {
    [
        conversation.name().await.expect("a name"),
        conversation.description().await.expect("a description"),
        conversation.image_url().await.expect("an address"),
        conversation.app_data().await.expect("a text"),
    ]
}

/// R-GRP-219
#[tokio::test]
async fn every_member_changes_the_texts_and_all_read_them() {
    let world = World::new();
    let (alice, bob, carol, id) = three(&world).await;
    let bobs = of(&bob.client, id).await;
    let (name, about, image, data) = ("Lake", "Two days", "https://example.org/l.png", "{\"n\":1}");
    bobs.update_name(name).await.expect("renamed");
    bobs.update_description(about).await.expect("described");
    bobs.update_image_url(image).await.expect("a picture");
    bobs.update_app_data(data).await.expect("a text");
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    for device in [&alice, &bob, &carol] {
        let conversation = of(&device.client, id).await;
        assert_eq!(texts_of(&conversation).await, [name, about, image, data]);
        let updates = transcript(&device.client, id).await;
        let fields: Vec<_> = updates.iter().flat_map(|update| &update.metadata_changes).collect();
        let fields: Vec<_> = fields.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["group_name", "description", "group_image_url_square", "app_data"]);
        assert_eq!(conversation.creator().await.expect("a creator"), alice.inbox_id());
    }
    // To set what is set already needs no commit.
    let before = world.network.calls();
    bobs.update_description(about).await.expect("nothing to do");
    assert_eq!(world.network.calls().since(&before).of(Call::PublishGroupMessages), 0);
}

/// R-GRP-220
#[tokio::test]
async fn texts_have_their_limits_in_bytes_and_dms_have_no_texts() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    for (index, limit) in [100, 1000, 2048, 8192].into_iter().enumerate() {
        let set = async |conversation: &Conversation, text: &str| match index {
            0 => conversation.update_name(text).await,
            1 => conversation.update_description(text).await,
            2 => conversation.update_image_url(text).await,
            _ => conversation.update_app_data(text).await,
        };
        // Two bytes a character.
        let longest = "ü".repeat(limit / 2);
        set(&group, &longest).await.expect("as long as allowed");
        assert_eq!(texts_of(&group).await[index], longest);
        let before = world.network.calls();
        let refused = set(&group, &format!("{longest}.")).await;
        assert!(matches!(refused, Err(ChangeError::TooLong(_))), "{refused:?}");
        assert!(matches!(set(&dm, "ours").await, Err(ChangeError::NotPermitted(_))));
        assert_eq!(world.network.calls().since(&before).of(Call::PublishGroupMessages), 0);
        assert_eq!(texts_of(&group).await[index], longest);
    }
}

/// R-GRP-221
#[tokio::test]
async fn disappearing_settings_change_in_one_commit() {
    let world = World::new();
    let (alice, bob, carol, id) = three(&world).await;
    let group = of(&alice.client, id).await;
    let refused = of(&bob.client, id).await.update_disappearing(Some(HOUR)).await;
    assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
    let told = transcript(&carol.client, id).await.len();
    group.update_disappearing(Some(HOUR)).await.expect("set");
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    for device in [&alice, &bob, &carol] {
        assert_eq!(of(&device.client, id).await.disappearing().await.expect("settings"), Some(HOUR));
    }
    assert_eq!(transcript(&carol.client, id).await.len(), told + 1);
    assert_eq!(last_change(&carol.client, id).await.metadata_changes.len(), 2);
    for bad in [(0, 1), (1, 0), (-1, 1), (1, -1)] {
        let bad = Disappearing { from: Timestamp::from_nanos(bad.0), after_nanos: bad.1 };
        let refused = group.update_disappearing(Some(bad)).await;
        assert!(matches!(refused, Err(ChangeError::NotPermitted(_))), "{refused:?}");
    }
    group.update_disappearing(None).await.expect("ended");
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    assert_eq!(of(&bob.client, id).await.disappearing().await.expect("settings"), None);
}

/// R-GRP-221
#[tokio::test]
async fn both_sides_of_a_dm_let_messages_disappear() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    bob.sync().await;
    let bobs = of(&bob.client, dm.id()).await;
    bobs.update_disappearing(Some(HOUR)).await.expect("set");
    alice.sync().await;
    assert_eq!(dm.disappearing().await.expect("settings"), Some(HOUR));
    dm.update_disappearing(None).await.expect("ended");
    assert_all_follow(&[&alice, &bob], dm.id()).await;
    assert_eq!(bobs.disappearing().await.expect("settings"), None);
}

/// R-GRP-219
#[tokio::test]
async fn a_group_starts_with_what_its_creator_wants() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let options = GroupOptions {
        name: "Lake".to_owned(),
        app_data: "data".to_owned(),
        disappearing: Some(HOUR),
        ..GroupOptions::default()
    };
    let group = alice.client.create_group(options.clone(), &[bob.inbox_id()]).await.expect("a group");
    bob.sync().await;
    let bobs = of(&bob.client, group.id()).await;
    assert_eq!(texts_of(&bobs).await, ["Lake", "", "", "data"]);
    assert_eq!(bobs.disappearing().await.expect("settings"), Some(HOUR));
    let nothing = Disappearing { after_nanos: 0, ..HOUR };
    let bad = GroupOptions { disappearing: Some(nothing), ..options };
    assert!(matches!(alice.client.create_group(bad, &[]).await, Err(ChangeError::NotPermitted(_))));
}

/// R-GRP-222
#[tokio::test]
async fn roles_are_given_and_taken_by_who_may() {
    let world = World::new();
    let (alice, bob, carol, id) = three(&world).await;
    let group = of(&alice.client, id).await;
    let (bobs, carols) = (of(&bob.client, id).await, of(&carol.client, id).await);
    for refused in [
        bobs.add_admin(bob.inbox_id()).await,
        bobs.add_super_admin(bob.inbox_id()).await,
        bobs.remove_super_admin(alice.inbox_id()).await,
    ] {
        assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
    }
    let stranger = world.newcomer().await.inbox_id();
    assert!(matches!(group.add_admin(stranger).await, Err(ChangeError::NotPermitted(_))));
    assert!(matches!(group.remove_super_admin(alice.inbox_id()).await, Err(ChangeError::Refused(_))));
    group.add_admin(bob.inbox_id()).await.expect("an admin");
    bob.sync().await;
    assert!(bobs.admins().await.expect("admins").contains(&bob.inbox_id()));
    bobs.update_disappearing(Some(HOUR)).await.expect("an admin may");
    assert!(matches!(bobs.add_admin(carol.inbox_id()).await, Err(ChangeError::Refused(_))));
    group.remove_admin(bob.inbox_id()).await.expect("no admin any more");
    group.add_super_admin(carol.inbox_id()).await.expect("a super admin");
    carol.sync().await;
    // Alice resigns and leaves; Carol's client lets her go.
    group.remove_super_admin(alice.inbox_id()).await.expect("resigned");
    assert_eq!(group.super_admins().await.expect("super admins"), [carol.inbox_id()].into());
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    assert_eq!(last_change(&bob.client, id).await.removed_super_admins, [alice.inbox_id()]);
    group.leave().await.expect("asked");
    carol.sync().await;
    bob.sync().await;
    assert_eq!(last_change(&bob.client, id).await.left, [alice.inbox_id()]);
    assert_agreement(&[&bob.client, &carol.client], id).await;
    carols.add_admin(bob.inbox_id()).await.expect("an admin");
}

/// R-GRP-223
#[tokio::test]
async fn a_policy_changes_by_a_super_admin_and_holds_for_all() {
    let world = World::new();
    let (alice, bob, carol, id) = three(&world).await;
    let (group, bobs) = (of(&alice.client, id).await, of(&bob.client, id).await);
    let rename = |policy| PolicyChange::UpdateMetadata { field: "group_name".to_owned(), policy };
    let refused = bobs.update_permission(rename(AccessPolicy::Allow)).await;
    // What is so already is no change; anything else is not Bob's to make.
    assert!(refused.is_ok());
    let refused = bobs.update_permission(rename(AccessPolicy::Deny)).await;
    assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
    assert_eq!(group.permissions().await.expect("policies").preset(), Some(Preset::AllMembers));
    group.update_permission(rename(AccessPolicy::SuperAdmin)).await.expect("changed");
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    assert_eq!(bobs.permissions().await.expect("policies").preset(), None);
    assert!(matches!(bobs.update_name("mine").await, Err(ChangeError::Refused(_))));
    group.update_name("Alice's").await.expect("renamed");
    group.update_permission(PolicyChange::AddMember(AccessPolicy::Admin)).await.expect("changed");
    group.update_permission(PolicyChange::RemoveMember(AccessPolicy::Allow)).await.expect("changed");
    group.update_permission(PolicyChange::AddAdmin(PermissionsPolicy::Admin)).await.expect("changed");
    group.update_permission(PolicyChange::RemoveAdmin(PermissionsPolicy::Deny)).await.expect("changed");
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    let dave = world.newcomer().await;
    assert!(matches!(bobs.add_members(&[dave.inbox_id()]).await, Err(ChangeError::Refused(_))));
    bobs.remove_members(&[carol.inbox_id()]).await.expect("a member may now");
    group.sync().await.expect("a sync");
    group.add_admin(bob.inbox_id()).await.expect("an admin");
    assert!(matches!(group.remove_admin(bob.inbox_id()).await, Err(ChangeError::Refused(_))));
    assert_all_follow(&[&alice, &bob], id).await;
}

/// R-GRP-222, R-GRP-223
#[tokio::test]
async fn nobody_is_in_charge_of_a_dm() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let deny = PolicyChange::UpdateMetadata { field: "description".to_owned(), policy: AccessPolicy::Deny };
    for refused in [
        dm.add_admin(alice.inbox_id()).await,
        dm.add_super_admin(alice.inbox_id()).await,
        dm.remove_admin(bob.inbox_id()).await,
        dm.update_permission(deny).await,
    ] {
        assert!(matches!(refused, Err(ChangeError::NotPermitted(_))), "{refused:?}");
    }
    assert!(dm.admins().await.expect("admins").is_empty());
    assert!(dm.super_admins().await.expect("super admins").is_empty());
}

/// R-INT-200
#[tokio::test]
async fn every_change_is_completed_whichever_call_it_died_at() {
    for call in [Call::PublishGroupMessages, Call::QueryGroupMessages] {
        for lost in [false, true] {
            for change in 0..4 {
                let world = World::new();
                let (alice, bob, carol, id) = three(&world).await;
                let group = of(&alice.client, id).await;
                let faults = world.network.faults();
                if lost {
                    faults.lose_answer_next(call)
                } else {
                    faults.fail_next(call, 1)
                }
                let refused = match change {
                    0 => group.update_app_data("data").await,
                    1 => group.update_disappearing(Some(HOUR)).await,
                    2 => group.add_admin(bob.inbox_id()).await,
                    _ => group.update_permission(PolicyChange::AddMember(AccessPolicy::Deny)).await,
                };
                assert!(refused.is_err(), "{call:?} {lost} {change}");
                alice.reopened().await.sync_all().await.expect("a sync");
                assert_all_follow(&[&bob, &carol], id).await;
                let bobs = of(&bob.client, id).await;
                let done = [
                    bobs.app_data().await.expect("a text") == "data",
                    bobs.disappearing().await.expect("settings") == Some(HOUR),
                    bobs.admins().await.expect("admins").contains(&bob.inbox_id()),
                    bobs.permissions().await.expect("policies").preset().is_none(),
                ];
                assert!(done[change], "{call:?} {lost} {change}");
            }
        }
    }
}

/// R-INT-022
#[tokio::test]
async fn changes_of_different_kinds_in_one_epoch_all_happen() {
    let world = World::new();
    let (alice, bob, carol, id) = three(&world).await;
    let group = of(&alice.client, id).await;
    group.add_super_admin(bob.inbox_id()).await.expect("a super admin");
    bob.sync().await;
    carol.sync().await;
    let (bobs, carols) = (of(&bob.client, id).await, of(&carol.client, id).await);
    let (one, two, three) = tokio::join!(
        group.update_disappearing(Some(HOUR)),
        bobs.add_admin(carol.inbox_id()),
        carols.update_name("Carol's"),
    );
    one.expect("set");
    two.expect("an admin");
    three.expect("renamed");
    assert_all_follow(&[&alice, &bob, &carol], id).await;
    let epochs = [group.epoch().await.expect("an epoch"), carols.epoch().await.expect("an epoch")];
    assert_eq!(epochs[0], epochs[1]);
    assert_eq!(
        group.epoch_authenticator().await.expect("an authenticator"),
        carols.epoch_authenticator().await.expect("an authenticator")
    );
    assert_eq!(group.disappearing().await.expect("settings"), Some(HOUR));
    assert_eq!(group.name().await.expect("a name"), "Carol's");
    assert!(group.admins().await.expect("admins").contains(&carol.inbox_id()));
}
