//! Becoming somebody: new inboxes, further installations, interrupted registrations.

use std::sync::Arc;

use hexmtp::error::{InboxChangeError, RegisterError};
use hexmtp::{Client, PendingRegistration, PreparedRegistration};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{Identifier, SignatureRequestError, inbox_id};
use hexmtp_ports::signer::WalletSigner;
use hexmtp_ports::store::IdentityQuery;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::world::World;

#[tokio::test]
async fn a_wallet_gets_the_inbox_of_its_address_and_nonce() {
    let world = World::new();
    let person = world.person();
    let device = world.device(&person).await;
    assert_eq!(device.inbox_id(), inbox_id(&person.identifier, 1), "the official SDKs' default nonce");
    let other = world.person();
    let ports = world.ports(Arc::new(MemoryStore::default()));
    let client = Client::builder(ports).nonce(7).register(&other.signer).await.expect("registered");
    assert_eq!(client.inbox_id(), inbox_id(&other.identifier, 7));
    // A further installation finds the inbox, whatever nonce it would choose.
    assert_eq!(world.device(&other).await.inbox_id(), client.inbox_id());
    let state = client.inbox_state(client.inbox_id()).await.expect("a state");
    assert_eq!(state.installations().len(), 2);
}

#[tokio::test]
async fn a_store_without_an_installation_cannot_be_opened() {
    let world = World::new();
    let opened = Client::builder(world.ports(Arc::new(MemoryStore::default()))).open().await;
    assert!(matches!(opened, Err(RegisterError::NotRegistered)));
}

#[tokio::test]
async fn a_store_of_somebody_else_is_refused() {
    let world = World::new();
    let alice = world.newcomer().await;
    let other = world.person();
    let refused = Client::builder(alice.ports.clone()).register(&other.signer).await;
    assert!(matches!(refused, Err(RegisterError::OtherInbox { .. })));
}

/// R-IDN-040
#[tokio::test]
async fn an_eleventh_installation_is_refused() {
    let world = World::new();
    let person = world.person();
    for _ in 0..10 {
        world.device(&person).await;
    }
    let eleventh = world.device_on(&person, Arc::new(MemoryStore::default())).await;
    assert!(matches!(eleventh, Err(RegisterError::TooManyInstallations { limit: 10, .. })));
}

/// R-IDN-041
#[tokio::test]
async fn a_registration_is_completed_whichever_call_it_died_at() {
    for call in
        [Call::InboxIds, Call::IdentityUpdatesAfter, Call::UploadKeyPackage, Call::PublishIdentityUpdate]
    {
        for lost in [false, true] {
            let world = World::new();
            let person = world.person();
            let store = MemoryStore::default();
            let faults = world.network.faults();
            if lost {
                faults.lose_answer_next(call)
            } else {
                faults.fail_next(call, 1)
            }
            let first = world.device_on(&person, Arc::new(store.clone())).await;
            assert!(first.is_err(), "{call:?}");
            let prepared = store.identity().await.expect("an answer").map(|identity| identity.key.id());
            let second = world.device_on(&person, Arc::new(store)).await.expect("registered");
            if let Some(prepared) = prepared {
                assert_eq!(second.installation_id(), prepared, "{call:?}: the stored key is used");
            }
            let state = second.client.inbox_state(second.inbox_id()).await.expect("a state");
            assert_eq!(state.installations().len(), 1, "{call:?}: no second installation");
            let friend = world.newcomer().await;
            let dm = friend.client.create_or_find_dm(second.inbox_id()).await.expect("a DM");
            dm.send_text("found you").await.expect("sent");
            second.sync().await;
            assert_eq!(crate::observed::texts(&second.client, dm.id()).await, ["found you"]);
        }
    }
}

async fn pending(world: &World, store: &MemoryStore, identifier: &Identifier) -> PendingRegistration {
    let ports = world.ports(Arc::new(store.clone()));
    match Client::builder(ports).prepare(identifier).await.expect("prepared") {
        PreparedRegistration::Pending(pending) => pending,
        PreparedRegistration::Ready(_) => panic!("nobody has to sign"),
    }
}

/// R-IDN-043
#[tokio::test]
async fn a_wallet_that_is_not_at_hand_signs_later() {
    let world = World::new();
    let (person, stranger, store) = (world.person(), world.person(), MemoryStore::default());
    let first = pending(&world, &store, &person.identifier).await;
    let asked = first.request().missing_identifiers();
    assert_eq!(asked, [person.identifier.clone()].into());
    // Nobody signed, and the process ended. What was prepared is taken up again, with the same key.
    let installation = store.identity().await.expect("an answer").expect("prepared").key.id();
    drop(first);
    let before = world.network.calls();
    let mut second = pending(&world, &store, &person.identifier).await;
    let wrong = stranger.signer.sign(&second.request().signature_text()).await.expect("signed");
    let refused = second.add_signature(wrong).await;
    assert!(
        matches!(
            refused,
            Err(RegisterError::Inbox(InboxChangeError::Request(SignatureRequestError::UnknownSigner)))
        ),
        "{refused:?}"
    );
    let calls = world.network.calls().since(&before);
    assert_eq!(calls.of(Call::UploadKeyPackage) + calls.of(Call::PublishIdentityUpdate), 0);
    let signature = person.signer.sign(&second.request().signature_text()).await.expect("signed");
    second.add_signature(signature).await.expect("taken");
    let client = second.complete().await.expect("registered");
    assert_eq!(client.installation_id(), installation);
    assert_eq!(
        client.inbox_state(client.inbox_id()).await.expect("a state").installations(),
        [installation].into()
    );
    let ports = world.ports(Arc::new(store.clone()));
    let again = Client::builder(ports).prepare(&person.identifier).await.expect("prepared");
    assert!(matches!(again, PreparedRegistration::Ready(client) if client.installation_id() == installation));
}

/// R-IDN-043
#[tokio::test]
async fn a_registration_without_all_signatures_is_not_completed() {
    let world = World::new();
    let (person, store) = (world.person(), MemoryStore::default());
    let unsigned = pending(&world, &store, &person.identifier).await.complete().await.map(drop);
    assert!(
        matches!(
            unsigned,
            Err(RegisterError::Inbox(InboxChangeError::Request(SignatureRequestError::Missing(_))))
        ),
        "{unsigned:?}"
    );
    let opened = Client::builder(world.ports(Arc::new(store))).open().await.map(drop);
    assert!(matches!(opened, Err(RegisterError::NotRegistered)), "{opened:?}");
}

/// R-IDN-044
#[tokio::test]
async fn another_inbox_than_the_expected_one_is_refused_before_anything_is_made() {
    let world = World::new();
    let person = world.person();
    let (expected, other) = (inbox_id(&person.identifier, 1), InboxId::new([9; 32]));
    let store = MemoryStore::default();
    let builder = || Client::builder(world.ports(Arc::new(store.clone())));
    let refused = builder().expect_inbox(other).register(&person.signer).await.map(drop);
    assert!(
        matches!(refused, Err(RegisterError::UnexpectedInbox { expected: e, found }) if e == other && found == expected),
        "{refused:?}"
    );
    assert!(store.identity().await.expect("an answer").is_none());
    builder().expect_inbox(expected).register(&person.signer).await.expect("registered");
    for refused in [
        builder().expect_inbox(other).open().await.map(drop),
        builder().expect_inbox(other).register(&person.signer).await.map(drop),
        builder().expect_inbox(other).prepare(&person.identifier).await.map(drop),
    ] {
        assert!(matches!(refused, Err(RegisterError::UnexpectedInbox { .. })), "{refused:?}");
    }
    let before = world.network.calls();
    let opened = builder().expect_inbox(expected).open().await.expect("opened");
    assert_eq!(opened.inbox_id(), expected);
    assert_eq!(world.network.calls().since(&before).total(), 0, "to open asks nobody");
}

/// R-IDN-042
#[tokio::test]
async fn of_installations_that_come_at_the_same_time_ten_are_registered() {
    let world = World::new();
    let person = world.person();
    for _ in 0..9 {
        world.device(&person).await;
    }
    let stores = [MemoryStore::default(), MemoryStore::default(), MemoryStore::default()];
    let mut pendings = Vec::new();
    for store in &stores {
        let mut pending = pending(&world, store, &person.identifier).await;
        let signature = person.signer.sign(&pending.request().signature_text()).await.expect("signed");
        pending.add_signature(signature).await.expect("taken");
        pendings.push(pending);
    }
    // All have looked before any of them writes.
    world.network.faults().hold(Call::PublishIdentityUpdate);
    let release = async {
        while world.network.calls().of(Call::PublishIdentityUpdate) < 12 {
            tokio::task::yield_now().await;
        }
        world.network.faults().release(Call::PublishIdentityUpdate);
    };
    let complete = futures_util::future::join_all(pendings.into_iter().map(PendingRegistration::complete));
    let (outcomes, ()) = tokio::join!(complete, release);
    let too_many = |outcome: &Result<Client, RegisterError>| {
        matches!(outcome, Err(RegisterError::TooManyInstallations { limit: 10, .. }))
    };
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| too_many(outcome)).count(), 2);
    let winner = outcomes.iter().flatten().next().expect("a winner").clone();
    assert_eq!(winner.inbox_state(winner.inbox_id()).await.expect("a state").installations().len(), 12);
    // Those who came too late stay out, until there is room.
    let late = stores.iter().zip(&outcomes).find(|(_, outcome)| outcome.is_err()).expect("a loser").0;
    let again = || world.device_on(&person, Arc::new(late.clone()));
    assert!(again().await.is_err_and(|error| too_many(&Err(error))));
    let own = late.identity().await.expect("an answer").expect("prepared").key.id();
    let state = winner.inbox_state(winner.inbox_id()).await.expect("a state");
    let others: Vec<_> = state
        .installations()
        .into_iter()
        .filter(|id| *id != own && *id != winner.installation_id())
        .take(2)
        .collect();
    winner.revoke_installations(&person.signer, &others).await.expect("revoked");
    assert_eq!(again().await.expect("registered").installation_id(), own);
}
