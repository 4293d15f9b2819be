//! Inboxes whose owner has a passkey instead of a wallet.

use std::sync::Arc;

use hexmtp::{Client, Freshness};
use hexmtp_domain::identity::{SignatureKind, inbox_id};
use hexmtp_ports::signer::WalletSigner;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::passkey_signer::PasskeySigner;
use hexmtp_tests::world::World;

use crate::observed::texts;

async fn device(world: &World, signer: &PasskeySigner) -> Client {
    let ports = world.ports(Arc::new(MemoryStore::default()));
    Client::builder(ports).register(signer).await.expect("registered")
}

/// R-IDN-227
#[tokio::test]
async fn a_passkey_makes_an_inbox_lets_devices_in_and_revokes_them() {
    let world = World::new();
    let (passkey, bob) = (PasskeySigner::new(7, "chat.example.org"), world.newcomer().await);
    let (phone, laptop) = (device(&world, &passkey).await, device(&world, &passkey).await);
    let own = phone.inbox_id();
    assert_eq!((own, laptop.inbox_id()), (inbox_id(&passkey.identifier(), 1), own));
    let told = bob.client.creation_signature_kind(own, Freshness::Network).await.expect("an answer");
    assert_eq!(told, Some(SignatureKind::Passkey));

    let dm = bob.client.create_or_find_dm(own).await.expect("a DM");
    dm.send_text("found by a passkey").await.expect("sent");
    for client in [&phone, &laptop] {
        client.sync_all().await.expect("a sync");
        assert_eq!(texts(client, dm.id()).await, ["found by a passkey"]);
    }
    // The passkey is the recovery identifier, and adds a wallet.
    let wallet = world.person();
    phone.add_account(&wallet.signer).await.expect("added");
    let found = bob.client.find_inboxes(std::slice::from_ref(&wallet.identifier)).await.expect("found");
    assert_eq!(found, [Some(own)]);
    phone.revoke_all_other_installations(&passkey).await.expect("revoked");
    laptop.sync_all().await.expect("a sync");
    assert!(laptop.is_revoked() && !phone.is_revoked());
}

/// R-IDN-051
#[tokio::test]
async fn a_passkey_that_another_site_makes_sign_registers_nobody() {
    let world = World::new();
    let lured = PasskeySigner::new(7, "chat.example.org").asked_by("https://chat.example.com");
    let ports = world.ports(Arc::new(MemoryStore::default()));
    let refused = Client::builder(ports).register(&lured).await.map(drop).expect_err("refused");
    assert_eq!(refused.code(), "identity.passkey.relying_party");
    let found = world.inboxes().inbox_ids(&[lured.identifier()]).await.expect("an answer");
    assert_eq!(found, [None]);
}
