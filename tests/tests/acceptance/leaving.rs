//! Leaving a group: asked for by a message, noted by all, carried out by a super admin's client (PROTOCOL.md 4.7).

use std::collections::BTreeSet;

use futures_util::{FutureExt, StreamExt};
use hexmtp::domain::consent::ConsentState;
use hexmtp::domain::group::leaving::LeaveViolation;
use hexmtp::domain::group::mutable_metadata::RoleList;
use hexmtp::domain::group::permissions::{AccessPolicy, Policy};
use hexmtp::domain::message::{MessageBody, leave_request, text};
use hexmtp::error::ChangeError;
use hexmtp::{Conversation, GroupOptions, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::GroupId;
use hexmtp_tests::world::{Device, World};

use crate::crafted;
use crate::observed::{assert_agreement, last_change, messages, of, refused, texts, transcript};

/// A group that Alice created with the others, who have joined.
async fn group_of(alice: &Device, others: &[&Device]) -> Conversation {
    let members: Vec<_> = others.iter().map(|device| device.inbox_id()).collect();
    let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    for device in others {
        device.sync().await;
    }
    group
}

async fn leavers(device: &Device, id: GroupId) -> BTreeSet<hexmtp::domain::InboxId> {
    of(&device.client, id).await.pending_removals().await.expect("an answer")
}

/// R-MSG-201
#[tokio::test]
async fn a_leaver_is_noted_by_all_and_removed_by_the_super_admins_next_sync() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob, &carol]).await.id();
    let bobs = of(&bob.client, id).await;
    bobs.leave().await.expect("asked");
    assert!(bobs.is_leaving().await.expect("an answer") && bobs.is_active().await.expect("an answer"));
    assert!(matches!(bobs.send_text("one more thing").await, Err(ChangeError::Leaving)));
    assert!(matches!(bobs.update_name("mine").await, Err(ChangeError::Leaving)));
    let asked = world.network.calls();
    bobs.leave().await.expect("asked before");
    assert_eq!(world.network.calls().since(&asked).of(Call::PublishGroupMessages), 0);

    carol.sync().await;
    assert_eq!(leavers(&carol, id).await, BTreeSet::from([bob.inbox_id()]));
    let told = messages(&carol.client, id).await.pop().expect("a message");
    assert_eq!((told.sender, told.body), (bob.inbox_id(), MessageBody::LeaveRequest));
    // Until the removal Bob reads on.
    of(&carol.client, id).await.send_text("so long").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, id).await, ["so long"]);

    alice.sync().await;
    for device in [&bob, &carol] {
        device.sync().await;
    }
    for device in [&alice, &bob, &carol] {
        let change = last_change(&device.client, id).await;
        assert_eq!((change.initiated_by, change.left), (alice.inbox_id(), vec![bob.inbox_id()]));
        assert!(change.removed.is_empty(), "nobody was thrown out");
        assert!(leavers(device, id).await.is_empty());
        assert!(refused(&device.client).await.is_empty());
    }
    assert!(!bobs.is_active().await.expect("an answer") && !bobs.is_leaving().await.expect("an answer"));
    assert!(matches!(bobs.send_text("hello?").await, Err(ChangeError::NotAMember)));
    of(&carol.client, id).await.send_text("only two of us").await.expect("sent");
    alice.sync().await;
    assert_agreement(&[&alice.client, &carol.client], id).await;
}

/// R-GRP-213
#[tokio::test]
async fn who_comes_back_after_leaving_is_a_member_like_any_other() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let group = group_of(&alice, &[&bob, &carol]).await;
    let bobs = of(&bob.client, group.id()).await;
    bobs.set_consent(ConsentState::Allowed).await.expect("set");
    bobs.leave().await.expect("asked");
    alice.sync().await;
    bob.sync().await;
    world.clock.advance(std::time::Duration::from_secs(1));
    group.add_members(&[bob.inbox_id()]).await.expect("added");
    bob.sync().await;
    carol.sync().await;
    assert!(!bobs.is_leaving().await.expect("an answer"));
    assert_eq!(bobs.consent().await.expect("an answer"), ConsentState::Unknown, "Bob decides anew");
    bobs.send_text("I am back").await.expect("sent");
    alice.sync().await;
    carol.sync().await;
    for device in [&alice, &bob, &carol] {
        assert_eq!(texts(&device.client, group.id()).await, ["I am back"]);
        assert!(leavers(device, group.id()).await.is_empty());
    }
    assert_eq!(group.members().await.expect("members").len(), 3, "nobody removes him again");
    assert_agreement(&[&alice.client, &bob.client, &carol.client], group.id()).await;
}

/// R-GRP-210
#[tokio::test]
async fn a_dm_the_last_member_and_a_super_admin_cannot_leave() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let alone = alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let group = group_of(&alice, &[&bob]).await;
    let before = world.network.calls();
    for (conversation, expected) in [
        (&dm, LeaveViolation::NotAGroup),
        (&alone, LeaveViolation::LastMember),
        (&group, LeaveViolation::SuperAdmin),
    ] {
        let refused = conversation.leave().await;
        assert!(matches!(refused, Err(ChangeError::CannotLeave(found)) if found == expected), "{refused:?}");
    }
    assert_eq!(world.network.calls().since(&before).of(Call::PublishGroupMessages), 0);
    // Not even by a message that a careless client sends.
    dm.send(&leave_request::encode(), SendOptions::default()).await.expect("sent");
    bob.sync().await;
    assert!(leavers(&bob, dm.id()).await.is_empty());
    assert!(!dm.is_leaving().await.expect("an answer"));
    dm.send_text("still here").await.expect("sent");
}

/// R-GRP-212
#[tokio::test]
async fn a_super_admin_that_asks_is_removed_once_it_has_resigned() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob, &carol]).await.id();
    let both = RoleList::of([alice.inbox_id(), bob.inbox_id()]);
    crafted::change(&world, &alice, id, |context| context.mutable.super_admins = both).await;
    bob.sync().await;
    let bobs = of(&bob.client, id).await;
    bobs.send(&leave_request::encode(), SendOptions::default()).await.expect("sent, as careless clients do");
    alice.sync().await;
    alice.sync().await;
    let group = of(&alice.client, id).await;
    assert_eq!(group.members().await.expect("members").len(), 3, "nobody can remove a super admin");
    let alone = RoleList::of([alice.inbox_id()]);
    crafted::change(&world, &alice, id, |context| context.mutable.super_admins = alone).await;
    alice.sync().await;
    bob.sync().await;
    carol.sync().await;
    assert_eq!(last_change(&carol.client, id).await.left, [bob.inbox_id()]);
    assert!(!bobs.is_active().await.expect("an answer"));
    assert_agreement(&[&alice.client, &carol.client], id).await;
}

/// R-GRP-214
#[tokio::test]
async fn who_becomes_super_admin_removes_those_who_asked_before() {
    let world = World::new();
    let (alice, bob, carol) = (world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob, &carol]).await.id();
    of(&bob.client, id).await.send_text("with new keys").await.expect("sent");
    alice.sync().await;
    of(&bob.client, id).await.leave().await.expect("asked");
    carol.sync().await;
    assert_eq!(of(&carol.client, id).await.members().await.expect("members").len(), 3, "Carol may not");
    // Alice's own client does nothing more: she hands over before she reads the request.
    let carols = RoleList::of([carol.inbox_id()]);
    crafted::change(&world, &alice, id, |context| context.mutable.super_admins = carols).await;
    carol.sync().await;
    alice.sync().await;
    assert_eq!(last_change(&alice.client, id).await.initiated_by, carol.inbox_id());
    assert_eq!(last_change(&alice.client, id).await.left, [bob.inbox_id()]);
    assert_agreement(&[&alice.client, &carol.client], id).await;
}

/// R-GRP-215
#[tokio::test]
async fn of_several_super_admins_one_removes_and_the_others_leave_it_at_that() {
    let world = World::new();
    let (alice, bob, carol, dave) =
        (world.newcomer().await, world.newcomer().await, world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob, &carol, &dave]).await.id();
    let three = RoleList::of([alice.inbox_id(), bob.inbox_id(), carol.inbox_id()]);
    crafted::change(&world, &alice, id, |context| context.mutable.super_admins = three).await;
    for device in [&bob, &carol, &dave] {
        device.sync().await;
    }
    of(&dave.client, id).await.leave().await.expect("asked");
    tokio::join!(alice.sync(), bob.sync(), carol.sync());
    for device in [&alice, &bob, &carol] {
        device.sync().await;
    }
    assert_agreement(&[&alice.client, &bob.client, &carol.client], id).await;
    for device in [&alice, &bob, &carol] {
        let left: Vec<_> =
            transcript(&device.client, id).await.into_iter().flat_map(|one| one.left).collect();
        assert_eq!(left, [dave.inbox_id()], "Dave left once");
        assert!(refused(&device.client).await.is_empty());
    }
    // One that was away while Dave left and came back does not remove him for the request of then.
    let group = of(&alice.client, id).await;
    dave.sync().await;
    group.add_members(&[dave.inbox_id()]).await.expect("added");
    dave.sync().await;
    of(&dave.client, id).await.leave().await.expect("asked again");
    // Bob intends the removal, and dies before he commits it.
    world.network.faults().fail_next(Call::PublishGroupMessages, 1);
    assert!(of(&bob.client, id).await.sync().await.is_err());
    alice.sync().await;
    dave.sync().await;
    group.add_members(&[dave.inbox_id()]).await.expect("added");
    let again = bob.reopened().await;
    again.sync_all().await.expect("a sync");
    dave.sync().await;
    assert!(of(&dave.client, id).await.is_active().await.expect("an answer"), "Dave stays");
    of(&dave.client, id).await.send_text("here to stay").await.expect("sent");
    of(&again, id).await.sync().await.expect("a sync");
    alice.sync().await;
    assert_agreement(&[&alice.client, &again, &dave.client], id).await;
}

/// R-GRP-216
#[tokio::test]
async fn the_removal_of_a_leaver_is_completed_whichever_call_it_died_at() {
    for call in [Call::IdentityUpdatesAfter, Call::PublishGroupMessages, Call::QueryGroupMessages] {
        for lost in [false, true] {
            let world = World::new();
            let (alice, bob, carol) =
                (world.newcomer().await, world.newcomer().await, world.newcomer().await);
            let id = group_of(&alice, &[&bob, &carol]).await.id();
            of(&bob.client, id).await.leave().await.expect("asked");
            let faults = world.network.faults();
            if lost {
                faults.lose_answer_next(call)
            } else {
                faults.fail_next(call, 1)
            }
            let _ = of(&alice.client, id).await.sync().await;
            let again = alice.reopened().await;
            again.sync_all().await.expect("a sync");
            carol.sync().await;
            bob.sync().await;
            assert_eq!(last_change(&carol.client, id).await.left, [bob.inbox_id()], "{call:?} {lost}");
            assert_agreement(&[&again, &carol.client], id).await;
            of(&carol.client, id).await.send_text("on we go").await.expect("sent");
            of(&again, id).await.sync().await.expect("a sync");
            assert_eq!(texts(&again, id).await, ["on we go"]);
        }
    }
}

#[tokio::test]
async fn a_listening_super_admin_removes_a_leaver_at_once() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob]).await.id();
    let mut stream = alice.client.stream_messages().await.expect("a stream");
    world.runtime.settle();
    of(&bob.client, id).await.leave().await.expect("asked");
    for _ in 0..100 {
        world.runtime.settle();
        tokio::task::yield_now().await;
        while let Some(Some(item)) = stream.next().now_or_never() {
            item.expect("a message");
        }
    }
    bob.sync().await;
    assert!(!of(&bob.client, id).await.is_active().await.expect("an answer"));
    assert_eq!(last_change(&alice.client, id).await.left, [bob.inbox_id()]);
}

#[tokio::test]
async fn nobody_tries_a_removal_that_the_policies_forbid() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = group_of(&alice, &[&bob]).await;
    crafted::change(&world, &alice, group.id(), |context| {
        context.permissions.remove_member = Policy::Base(AccessPolicy::Deny);
    })
    .await;
    bob.sync().await;
    of(&bob.client, group.id()).await.leave().await.expect("asked");
    for _ in 0..3 {
        alice.sync().await;
    }
    assert_eq!(leavers(&alice, group.id()).await, BTreeSet::from([bob.inbox_id()]));
    assert!(of(&bob.client, group.id()).await.is_leaving().await.expect("an answer"));
    group.send_text("you cannot go").await.expect("sent");
    bob.sync().await;
    assert_eq!(texts(&bob.client, group.id()).await, ["you cannot go"]);
}

#[tokio::test]
async fn messages_that_wait_when_their_sender_leaves_are_sent_before_the_request() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob]).await.id();
    let bobs = of(&bob.client, id).await;
    let waiting = SendOptions { optimistic: true, ..SendOptions::default() };
    bobs.send(&text::encode("my last words"), waiting).await.expect("stored");
    bobs.leave().await.expect("asked");
    alice.sync().await;
    assert_eq!(texts(&alice.client, id).await, ["my last words"]);
    let kinds: Vec<_> = messages(&alice.client, id).await.into_iter().map(|message| message.body).collect();
    assert_eq!(kinds[kinds.len() - 2], MessageBody::LeaveRequest, "then the request, then the removal");
}

#[tokio::test]
async fn a_request_that_waits_for_the_network_is_not_made_twice() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let id = group_of(&alice, &[&bob]).await.id();
    let bobs = of(&bob.client, id).await;
    world.network.faults().fail_next(Call::PublishGroupMessages, 1);
    assert!(bobs.leave().await.is_err_and(|error| error.retry().is_worth_it()));
    assert!(!bobs.is_leaving().await.expect("an answer"));
    bobs.leave().await.expect("asked");
    assert!(bobs.is_leaving().await.expect("an answer"));
    let stored = messages(&bob.client, id).await;
    assert_eq!(stored.iter().filter(|message| message.body == MessageBody::LeaveRequest).count(), 1);
}

/// A second device of the leaver knows too, whichever device asked.
#[tokio::test]
async fn all_devices_of_a_leaver_stop_writing_and_go() {
    let world = World::new();
    let person = world.person();
    let (alice, phone, tablet) =
        (world.newcomer().await, world.device(&person).await, world.device(&person).await);
    let id = group_of(&alice, &[&phone, &tablet]).await.id();
    of(&phone.client, id).await.leave().await.expect("asked");
    tablet.sync().await;
    let tablets = of(&tablet.client, id).await;
    assert!(matches!(tablets.send_text("not me").await, Err(ChangeError::Leaving)));
    alice.sync().await;
    for device in [&phone, &tablet] {
        device.sync().await;
        assert!(!of(&device.client, id).await.is_active().await.expect("an answer"));
    }
    assert_eq!(of(&alice.client, id).await.members().await.expect("members").len(), 1);
}
