//! All that an official client can do to a group is followed: the reader sees it, and nobody loses step
//! (PROTOCOL.md 4.1 to 4.6).

use hexmtp::GroupOptions;
use hexmtp::domain::group::GroupContext;
use hexmtp::domain::group::mutable_metadata::{
    APP_DATA, COMMIT_LOG_SIGNER, DESCRIPTION, DISAPPEAR_FROM, DISAPPEAR_IN, GROUP_NAME, IMAGE_URL, RoleList,
};
use hexmtp::domain::group::permissions::{AccessPolicy, PermissionsPolicy, Policy, PolicySet};
use hexmtp_domain::GroupId;
use hexmtp_tests::world::{Device, World};

use crate::crafted;
use crate::observed::{assert_agreement, last_change, of, refused, texts, transcript};

/// A group of three that Alice created; Bob and Carol have joined and are up to date.
struct Three {
    world: World,
    alice: Device,
    bob: Device,
    carol: Device,
    id: GroupId,
}

impl Three {
    async fn new() -> Self {
        let world = World::new();
        let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
        let members = [bob.inbox_id(), carol.inbox_id()];
        let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
        bob.sync().await;
        carol.sync().await;
        Self { id: group.id(), world, alice, bob, carol }
    }

    /// Alice commits something; Bob and Carol follow.
    async fn alice_changes(&self, change: impl FnOnce(&mut GroupContext)) {
        crafted::change(&self.world, &self.alice, self.id, change).await;
        self.follow().await;
    }

    /// Everybody reads, is at one, talks, and is at one again.
    async fn follow(&self) {
        let devices = [&self.alice, &self.bob, &self.carol];
        for device in devices {
            device.sync().await;
        }
        assert_agreement(&devices.map(|device| &device.client), self.id).await;
        let said = texts(&self.alice.client, self.id).await.len();
        for (device, text) in devices.into_iter().zip(["Alice", "Bob", "Carol"]) {
            of(&device.client, self.id).await.send_text(text).await.expect("sent");
        }
        for device in devices {
            device.sync().await;
            assert_eq!(texts(&device.client, self.id).await.len(), said + 3, "all read all");
        }
        assert_agreement(&devices.map(|device| &device.client), self.id).await;
    }

    async fn context(&self) -> GroupContext {
        of(&self.bob.client, self.id).await.group_context().await.expect("a context")
    }
}

/// R-GRP-200
#[tokio::test]
async fn new_keys_of_a_leaf_are_followed_without_a_word() {
    let three = Three::new().await;
    three.follow().await;
    let told = transcript(&three.bob.client, three.id).await.len();
    let epoch = of(&three.bob.client, three.id).await.record().await.expect("a record").epoch;
    for device in [&three.alice, &three.carol, &three.alice] {
        crafted::update_keys(&three.world, device, three.id).await;
        three.alice.sync().await;
        three.carol.sync().await;
    }
    three.bob.sync().await;
    let after = of(&three.bob.client, three.id).await.record().await.expect("a record").epoch;
    assert_eq!(after.0, epoch.0 + 3);
    three.follow().await;
    assert_eq!(transcript(&three.bob.client, three.id).await.len(), told);
    assert!(refused(&three.bob.client).await.is_empty());
}

/// R-GRP-201
#[tokio::test]
async fn each_text_attribute_is_followed_and_told_with_its_old_and_new_value() {
    let three = Three::new().await;
    for (field, value) in [
        (GROUP_NAME, "Weekend"),
        (DESCRIPTION, "two days at the lake"),
        (IMAGE_URL, "https://example.org/lake.png"),
        (APP_DATA, "{\"colour\":\"blue\"}"),
        ("made_up_by_an_app", "anything"),
    ] {
        let before = three.context().await.mutable.attribute(field).map(ToOwned::to_owned);
        let set = |context: &mut GroupContext| {
            context.mutable.attributes.insert(field.to_owned(), value.to_owned());
        };
        three.alice_changes(set).await;
        assert_eq!(three.context().await.mutable.attribute(field), Some(value));
        let change = last_change(&three.bob.client, three.id).await;
        assert_eq!(change.initiated_by, three.alice.inbox_id());
        assert_eq!(change.metadata_changes.len(), 1, "{field}");
        assert_eq!(change.metadata_changes[0].field, field);
        assert_eq!(change.metadata_changes[0].old_value, before);
        assert_eq!(change.metadata_changes[0].new_value.as_deref(), Some(value));
    }
    // One that is taken away is told without a new value.
    three
        .alice_changes(|context| {
            context.mutable.attributes.remove("made_up_by_an_app");
        })
        .await;
    let change = last_change(&three.carol.client, three.id).await;
    assert_eq!(change.metadata_changes[0].old_value.as_deref(), Some("anything"));
    assert_eq!(change.metadata_changes[0].new_value, None);
}

/// R-GRP-202
#[tokio::test]
async fn disappearing_settings_are_followed_in_two_commits_and_in_one() {
    let three = Three::new().await;
    let set = |field: &'static str, value: &'static str| {
        move |context: &mut GroupContext| {
            context.mutable.attributes.insert(field.to_owned(), value.to_owned());
        }
    };
    three.alice_changes(set(DISAPPEAR_FROM, "1700000000000000000")).await;
    assert_eq!(three.context().await.mutable.disappearing(), None, "one number is half a setting");
    three.alice_changes(set(DISAPPEAR_IN, "60000000000")).await;
    let settings = three.context().await.mutable.disappearing().expect("settings");
    assert_eq!((settings.from.as_nanos(), settings.after_nanos), (1_700_000_000_000_000_000, 60_000_000_000));
    three
        .alice_changes(|context| {
            set(DISAPPEAR_FROM, "0")(context);
            set(DISAPPEAR_IN, "0")(context);
        })
        .await;
    assert_eq!(three.context().await.mutable.disappearing(), None);
    let change = last_change(&three.bob.client, three.id).await;
    assert_eq!(change.metadata_changes.len(), 2);
}

/// R-GRP-203
#[tokio::test]
async fn the_seed_of_the_commit_log_changes_without_a_word() {
    let three = Three::new().await;
    let told = transcript(&three.bob.client, three.id).await.len();
    let seed = "ab".repeat(32);
    let set = |context: &mut GroupContext| {
        context.mutable.attributes.insert(COMMIT_LOG_SIGNER.to_owned(), seed.clone());
    };
    three.alice_changes(set).await;
    assert_eq!(three.context().await.mutable.attribute(COMMIT_LOG_SIGNER), Some(seed.as_str()));
    assert_eq!(transcript(&three.bob.client, three.id).await.len(), told, "it is a secret");
}

/// R-GRP-204
#[tokio::test]
async fn admins_and_super_admins_come_and_go_and_are_told() {
    let three = Three::new().await;
    let (alice, bob, carol) = (three.alice.inbox_id(), three.bob.inbox_id(), three.carol.inbox_id());
    three.alice_changes(|context| context.mutable.admins = RoleList::of([bob, carol])).await;
    assert_eq!(last_change(&three.carol.client, three.id).await.added_admins.len(), 2);
    three.alice_changes(|context| context.mutable.admins = RoleList::of([carol])).await;
    assert_eq!(last_change(&three.carol.client, three.id).await.removed_admins, [bob]);
    three.alice_changes(|context| context.mutable.super_admins = RoleList::of([alice, bob])).await;
    assert_eq!(last_change(&three.carol.client, three.id).await.added_super_admins, [bob]);
    three.alice_changes(|context| context.mutable.super_admins = RoleList::of([bob])).await;
    assert_eq!(last_change(&three.carol.client, three.id).await.removed_super_admins, [alice]);
    let context = three.context().await;
    assert_eq!(context.mutable.admins, RoleList::of([carol]));
    assert_eq!(context.mutable.super_admins, RoleList::of([bob]));
}

/// R-GRP-205
#[tokio::test]
async fn policies_change_without_a_word_and_hold_from_then_on() {
    let three = Three::new().await;
    let told = transcript(&three.bob.client, three.id).await.len();
    three
        .alice_changes(|context| {
            context.permissions = PolicySet::admins_only();
            let either = vec![Policy::Base(AccessPolicy::SuperAdmin), Policy::Base(AccessPolicy::Admin)];
            context.permissions.remove_member = Policy::Any(either);
            let both =
                vec![Policy::Base(PermissionsPolicy::Admin), Policy::Base(PermissionsPolicy::SuperAdmin)];
            context.permissions.add_admin = Policy::And(both);
        })
        .await;
    assert_eq!(transcript(&three.bob.client, three.id).await.len(), told);
    assert_eq!(three.context().await.permissions.preset(), None);
    let renamed = of(&three.bob.client, three.id).await.update_name("by a member").await;
    assert!(renamed.is_err(), "the new policy holds for Bob");
    of(&three.alice.client, three.id).await.update_name("by Alice").await.expect("renamed");
    three.follow().await;
}

/// R-GRP-206
#[tokio::test]
async fn one_commit_with_changes_of_every_kind_is_one_line_of_the_transcript() {
    let three = Three::new().await;
    let told = transcript(&three.bob.client, three.id).await.len();
    let bob = three.bob.inbox_id();
    three
        .alice_changes(|context| {
            context.mutable.attributes.insert(GROUP_NAME.to_owned(), "All at once".to_owned());
            context.mutable.attributes.insert(DISAPPEAR_IN.to_owned(), "5".to_owned());
            context.mutable.admins = RoleList::of([bob]);
            context.permissions = PolicySet::admins_only();
        })
        .await;
    assert_eq!(transcript(&three.bob.client, three.id).await.len(), told + 1);
    let change = last_change(&three.bob.client, three.id).await;
    assert_eq!((change.metadata_changes.len(), change.added_admins), (2, vec![bob]));
}

/// R-GRP-207
#[tokio::test]
async fn a_commit_that_its_maker_may_not_make_changes_nothing_and_the_next_one_is_followed() {
    let three = Three::new().await;
    let before = three.context().await;
    let bob = three.bob.inbox_id();
    crafted::change(&three.world, &three.bob, three.id, |context| {
        context.mutable.super_admins.inboxes.insert(bob);
    })
    .await;
    for device in [&three.alice, &three.carol] {
        device.sync().await;
        assert_eq!(refused(&device.client).await, ["commit.not_permitted"]);
        let context = of(&device.client, three.id).await.group_context().await.expect("a context");
        assert_eq!(context, before);
    }
    // Bob parted from the group by his own commit; the others go on.
    of(&three.alice.client, three.id).await.update_name("without Bob's tricks").await.expect("renamed");
    three.carol.sync().await;
    assert_agreement(&[&three.alice.client, &three.carol.client], three.id).await;
}

/// R-GRP-208
#[tokio::test]
async fn an_installation_that_is_added_anew_is_in_step_again_and_nothing_is_told() {
    let three = Three::new().await;
    three.follow().await;
    let told = transcript(&three.carol.client, three.id).await.len();
    crafted::readd(&three.world, &three.alice, three.id, &[&three.bob]).await;
    three.follow().await;
    crafted::readd(&three.world, &three.alice, three.id, &[&three.bob, &three.carol]).await;
    // Without the welcomes the commit reads like a removal; with them the two are back.
    for device in [&three.bob, &three.carol] {
        of(&device.client, three.id).await.sync().await.expect("a sync");
        assert!(!of(&device.client, three.id).await.is_active().await.expect("a state"));
    }
    three.follow().await;
    let told_to = [&three.alice, &three.carol].map(|device| device.client.clone());
    for client in told_to {
        let updates = transcript(&client, three.id).await;
        assert!(updates.iter().all(|update| update.removed.is_empty() && update.left.is_empty()));
    }
    assert!(transcript(&three.carol.client, three.id).await.len() <= told + 1, "Carol was added once more");
}

/// R-GRP-209
#[tokio::test]
async fn either_side_of_a_dm_changes_its_disappearing_settings() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    bob.sync().await;
    for (device, value) in [(&alice, "10"), (&bob, "20")] {
        for field in [DISAPPEAR_FROM, DISAPPEAR_IN] {
            crafted::change(&world, device, dm.id(), |context| {
                context.mutable.attributes.insert(field.to_owned(), value.to_owned());
            })
            .await;
        }
        alice.sync().await;
        bob.sync().await;
        assert_agreement(&[&alice.client, &bob.client], dm.id()).await;
        let settings = dm.group_context().await.expect("a context").mutable.disappearing();
        assert_eq!(settings.expect("settings").after_nanos.to_string(), value);
    }
    dm.send_text("still in step").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, dm.id()).await, ["still in step"]);
}
