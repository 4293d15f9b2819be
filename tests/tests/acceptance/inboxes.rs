//! The own inbox: accounts that come, installations that go, and what that means for conversations.

use std::time::Duration;

use hexmtp::error::{ChangeError, InboxChangeError, RegisterError};
use hexmtp::{Client, GroupOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::world::{Device, World};

use crate::observed::{assert_agreement, of, refused, texts};

/// Each of these devices is in the group, and each of the others is not.
async fn assert_installations(
    client: &Client,
    id: hexmtp_domain::GroupId,
    there: &[&Device],
    gone: &[&Device],
) {
    let members = of(client, id).await.members().await.expect("members");
    let installations: Vec<_> = members.into_iter().flat_map(|member| member.installations).collect();
    assert!(there.iter().all(|device| installations.contains(&device.installation_id())), "one is missing");
    assert!(!gone.iter().any(|device| installations.contains(&device.installation_id())), "one is left");
}

/// R-IDN-200
#[tokio::test]
async fn a_revoked_installation_is_removed_by_its_own_inbox_and_reads_what_it_has() {
    let world = World::new();
    let person = world.person();
    let (phone, tablet, bob) =
        (world.device(&person).await, world.device(&person).await, world.newcomer().await);
    let group = phone.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    let dm = phone.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    for id in [group.id(), dm.id()] {
        of(&phone.client, id).await.send_text("before").await.expect("sent");
    }
    tablet.sync().await;
    phone.client.revoke_installations(&person.signer, &[tablet.installation_id()]).await.expect("revoked");
    let state = bob.client.inbox_state(phone.inbox_id()).await.expect("a state");
    assert_eq!(state.installations().len(), 1);
    // Even when the process dies right after the revocation, the next start follows it everywhere.
    let phone_again = phone.reopened().await;
    phone_again.sync_all().await.expect("a sync");
    bob.sync().await;
    for id in [group.id(), dm.id()] {
        assert_installations(&bob.client, id, &[&phone, &bob], &[&tablet]).await;
        of(&phone_again, id).await.send_text("after").await.expect("sent");
        bob.sync().await;
        assert_agreement(&[&phone_again, &bob.client], id).await;
    }
    tablet.sync().await;
    assert!(tablet.client.is_revoked());
    for id in [group.id(), dm.id()] {
        assert_eq!(texts(&tablet.client, id).await, ["before"], "it reads what it has, and no further");
        assert!(!of(&tablet.client, id).await.is_active().await.expect("an answer"));
    }
    assert!(refused(&tablet.client).await.is_empty());
}

/// R-IDN-201
#[tokio::test]
async fn other_members_remove_a_revoked_installation_when_they_next_send() {
    let world = World::new();
    let person = world.person();
    let (phone, tablet, bob) =
        (world.device(&person).await, world.device(&person).await, world.newcomer().await);
    let group = bob.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.expect("a group");
    tablet.sync().await;
    phone.client.revoke_installations(&person.signer, &[tablet.installation_id()]).await.expect("revoked");
    world.clock.advance(Duration::from_secs(6));
    group.send_text("for the phone").await.expect("sent");
    assert_installations(&bob.client, group.id(), &[&phone, &bob], &[&tablet]).await;
    phone.sync().await;
    tablet.sync().await;
    assert_eq!(texts(&phone.client, group.id()).await, ["for the phone"]);
    assert!(texts(&tablet.client, group.id()).await.is_empty());
    assert_agreement(&[&phone.client, &bob.client], group.id()).await;
}

/// R-IDN-202
#[tokio::test]
async fn a_revoked_client_is_told_so_whatever_it_wants_to_change() {
    let world = World::new();
    let person = world.person();
    let (phone, tablet, bob) =
        (world.device(&person).await, world.device(&person).await, world.newcomer().await);
    let group = phone.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    tablet.sync().await;
    let tablets = of(&tablet.client, group.id()).await;
    tablets.send_text("still mine").await.expect("sent");
    phone.client.revoke_all_other_installations(&person.signer).await.expect("revoked");
    assert!(!tablet.client.is_revoked(), "it has not heard of it yet");
    world.clock.advance(Duration::from_secs(6));
    // It learns of it when it wants to send.
    let sent = tablets.send_text("too late").await;
    assert!(matches!(sent, Err(ChangeError::InstallationRevoked)), "{sent:?}");
    assert!(tablet.client.is_revoked());
    for refused in [
        tablets.update_name("mine").await,
        tablets.leave().await,
        tablets.add_members(&[bob.inbox_id()]).await,
        tablet.client.create_group(GroupOptions::default(), &[]).await.map(drop),
        tablet.client.create_or_find_dm(bob.inbox_id()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(ChangeError::InstallationRevoked)), "{refused:?}");
    }
    let added = tablet.client.add_account(&world.person().signer).await;
    assert!(matches!(added, Err(InboxChangeError::InstallationRevoked)), "{added:?}");
    // It uploads nothing any more, and what it has stays readable, after a restart too.
    let before = world.network.calls();
    world.clock.advance(Duration::from_secs(40 * 24 * 60 * 60));
    tablet.sync().await;
    assert_eq!(world.network.calls().since(&before).of(Call::UploadKeyPackage), 0);
    let again = tablet.reopened().await;
    assert!(again.is_revoked());
    assert_eq!(texts(&again, group.id()).await, ["still mine", "too late"]);
    let registered = Client::builder(tablet.ports.clone()).register(&person.signer).await;
    assert!(matches!(registered, Err(RegisterError::Revoked)));
    // The others never read what it wanted to say.
    phone.sync().await;
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["still mine"]);
    assert_installations(&bob.client, group.id(), &[&phone, &bob], &[&tablet]).await;
    assert_agreement(&[&phone.client, &bob.client], group.id()).await;
}

/// R-IDN-203
#[tokio::test]
async fn all_other_installations_go_at_once_and_this_one_stays() {
    let world = World::new();
    let person = world.person();
    let (phone, one, two) =
        (world.device(&person).await, world.device(&person).await, world.device(&person).await);
    let before = world.network.calls();
    phone.client.revoke_all_other_installations(&person.signer).await.expect("revoked");
    assert_eq!(world.network.calls().since(&before).of(Call::PublishIdentityUpdate), 1, "one signature");
    let state = phone.client.inbox_state(phone.inbox_id()).await.expect("a state");
    assert_eq!(state.installations(), [phone.installation_id()].into());
    assert!(!phone.client.is_revoked());
    for device in [&one, &two] {
        device.sync().await;
        assert!(device.client.is_revoked());
    }
    // Nothing is left to revoke, so nobody is asked to sign.
    let before = world.network.calls();
    phone.client.revoke_all_other_installations(&person.signer).await.expect("nothing to do");
    let strangers = [one.installation_id(), world.newcomer().await.installation_id()];
    phone.client.revoke_installations(&person.signer, &strangers).await.expect("nothing to do");
    assert_eq!(world.network.calls().since(&before).of(Call::PublishIdentityUpdate), 1, "the newcomer's own");
    // There is room for new ones.
    world.device(&person).await;
}

/// R-IDN-204
#[tokio::test]
async fn only_the_recovery_identifier_revokes() {
    let world = World::new();
    let (person, second) = (world.person(), world.person());
    let (phone, tablet) = (world.device(&person).await, world.device(&person).await);
    phone.client.add_account(&second.signer).await.expect("added");
    let refused = phone.client.revoke_installations(&second.signer, &[tablet.installation_id()]).await;
    let Err(InboxChangeError::NotRecovery { recovery }) = refused else { panic!("{refused:?}") };
    assert_eq!(recovery, person.identifier);
    assert!(phone.client.revoke_all_other_installations(&world.person().signer).await.is_err());
    let state = phone.client.inbox_state(phone.inbox_id()).await.expect("a state");
    assert_eq!(state.installations().len(), 2);
}

/// R-IDN-205
#[tokio::test]
async fn an_account_that_is_added_leads_to_the_inbox() {
    let world = World::new();
    let (person, second) = (world.person(), world.person());
    let (phone, bob) = (world.device(&person).await, world.newcomer().await);
    let group = bob.client.create_group(GroupOptions::default(), &[phone.inbox_id()]).await.expect("a group");
    assert_eq!(
        bob.client.can_message(std::slice::from_ref(&second.identifier)).await.expect("answers"),
        [false]
    );
    phone.client.add_account(&second.signer).await.expect("added");
    phone.client.add_account(&second.signer).await.expect("there already");
    let found = bob.client.inbox_ids(std::slice::from_ref(&second.identifier)).await.expect("found");
    assert_eq!(found, [phone.inbox_id()]);
    let dm = bob.client.create_or_find_dm_by_identifier(&second.identifier).await.expect("a DM");
    dm.send_text("to your second wallet").await.expect("sent");
    phone.sync().await;
    assert_eq!(texts(&phone.client, dm.id()).await, ["to your second wallet"]);
    // The second wallet registers devices of the same inbox, and groups follow the grown log.
    let tablet = world.device(&second).await;
    assert_eq!(tablet.inbox_id(), phone.inbox_id());
    phone.sync().await;
    bob.sync().await;
    assert_installations(&bob.client, group.id(), &[&phone, &tablet, &bob], &[]).await;
    assert_agreement(&[&phone.client, &bob.client], group.id()).await;
}

/// R-IDN-206
#[tokio::test]
async fn an_account_of_another_inbox_is_refused_before_anybody_signs() {
    let world = World::new();
    let taken = world.person();
    let (alice, bob) = (world.newcomer().await, world.device(&taken).await);
    let before = world.network.calls();
    let refused = alice.client.add_account(&taken.signer).await;
    assert!(
        matches!(refused, Err(InboxChangeError::AccountTaken { inbox_id }) if inbox_id == bob.inbox_id())
    );
    assert_eq!(world.network.calls().since(&before).of(Call::PublishIdentityUpdate), 0);
}

/// R-IDN-207
#[tokio::test]
async fn a_change_of_the_inbox_can_be_tried_again_whichever_call_it_died_at() {
    for call in [Call::IdentityUpdatesAfter, Call::PublishIdentityUpdate] {
        for lost in [false, true] {
            let world = World::new();
            let (person, second) = (world.person(), world.person());
            let (phone, tablet) = (world.device(&person).await, world.device(&person).await);
            let fault = || {
                let faults = world.network.faults();
                if lost { faults.lose_answer_next(call) } else { faults.fail_next(call, 1) }
            };
            fault();
            assert!(phone.client.add_account(&second.signer).await.is_err(), "{call:?} {lost}");
            phone.client.add_account(&second.signer).await.expect("added");
            let revoke =
                async || phone.client.revoke_installations(&person.signer, &[tablet.installation_id()]).await;
            fault();
            assert!(revoke().await.is_err(), "{call:?} {lost}");
            revoke().await.expect("revoked");
            let state = phone.client.inbox_state(phone.inbox_id()).await.expect("a state");
            assert_eq!((state.installations().len(), state.identifiers().len()), (1, 2));
        }
    }
}
