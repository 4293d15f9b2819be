//! Becoming somebody: new inboxes, further installations, interrupted registrations.

use std::sync::Arc;

use hexmtp::Client;
use hexmtp::error::RegisterError;
use hexmtp_delivery_memory::Call;
use hexmtp_domain::identity::inbox_id;
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
