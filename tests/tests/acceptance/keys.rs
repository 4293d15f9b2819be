//! Where the installation's key is, and who signs for an inbox beside wallets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hexmtp::error::{InboxChangeError, RegisterError};
use hexmtp::{Client, Freshness, LegacySigner, Ports};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::Secret;
use hexmtp_domain::identity::{LegacyKey, LocalWallet, SignatureKind, UnverifiedSignature, inbox_id};
use hexmtp_ports::port;
use hexmtp_ports::secret_store::{SecretStore, SecretStoreError};
use hexmtp_ports::signer::WalletSigner;
use hexmtp_ports::store::{HeldKey, IdentityQuery};
use hexmtp_proto::Message;
use hexmtp_proto::xmtp::message_contents as legacy;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::tripwire::{Trip, Tripwire};
use hexmtp_tests::world::World;

/// Keeps secrets as long as the test runs.
#[derive(Clone, Default)]
struct Secrets(Arc<Mutex<BTreeMap<String, Secret>>>);

#[port]
impl SecretStore for Secrets {
    async fn load(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        Ok(self.0.lock().expect("whole").get(name).cloned())
    }

    async fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError> {
        self.0.lock().expect("whole").insert(name.to_owned(), secret.clone());
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), SecretStoreError> {
        self.0.lock().expect("whole").remove(name);
        Ok(())
    }
}

impl Secrets {
    fn names(&self) -> Vec<String> {
        self.0.lock().expect("whole").keys().cloned().collect()
    }
}

fn ports(world: &World, store: &MemoryStore, secrets: Option<&Secrets>) -> Ports {
    let mut ports = world.ports(Arc::new(store.clone()));
    ports.secrets = secrets.map(|secrets| Arc::new(secrets.clone()) as _);
    ports
}

/// R-IDN-224
#[tokio::test]
async fn a_key_in_a_store_of_secrets_is_not_in_the_store() {
    let world = World::new();
    let (person, bob) = (world.person(), world.newcomer().await);
    let (store, secrets) = (MemoryStore::default(), Secrets::default());
    let client = Client::builder(ports(&world, &store, Some(&secrets)))
        .register(&person.signer)
        .await
        .expect("registered");
    let installation = client.installation_id();
    let identity = store.identity().await.expect("an answer").expect("registered");
    assert_eq!(identity.key, HeldKey::Elsewhere(installation));
    assert_eq!(secrets.names(), [format!("installation-{installation}")]);
    let dm = bob.client.create_or_find_dm(client.inbox_id()).await.expect("a DM");
    dm.send_text("to whom it may concern").await.expect("sent");
    // With the secret it works after a restart, and without it nothing does.
    let again = Client::builder(ports(&world, &store, Some(&secrets))).open().await.expect("opened");
    again.sync_all().await.expect("a sync");
    assert_eq!(crate::observed::texts(&again, dm.id()).await, ["to whom it may concern"]);
    for without in [None, Some(&Secrets::default())] {
        let opened = Client::builder(ports(&world, &store, without)).open().await.map(drop);
        assert!(
            matches!(opened, Err(RegisterError::KeyMissing { installation: it }) if it == installation),
            "{opened:?}"
        );
    }
    let other = Secret::from([9; 32]);
    let spoilt = Secrets::default();
    spoilt.save(&secrets.names()[0], &other).await.expect("kept");
    let opened = Client::builder(ports(&world, &store, Some(&spoilt))).open().await.map(drop);
    assert!(matches!(opened, Err(RegisterError::KeyMissing { .. })), "the key of somebody else: {opened:?}");
    // Several installations share a store of secrets, and wiping one takes its own key only.
    let second = MemoryStore::default();
    Client::builder(ports(&world, &second, Some(&secrets)))
        .register(&person.signer)
        .await
        .expect("registered");
    again.wipe().await.expect("wiped");
    let left = second.identity().await.expect("an answer").expect("registered").key.id();
    assert_eq!(secrets.names(), [format!("installation-{left}")]);
}

/// R-IDN-041: whichever call of a port fails, or after whichever the store is out of reach, the next attempt completes
/// the registration as the same installation.
#[tokio::test]
async fn a_registration_is_completed_whichever_port_failed() {
    for trip in [Trip::Call, Trip::Store] {
        let mut number = 0;
        loop {
            let world = World::new();
            let (contract, store, secrets) = (world.contract(), MemoryStore::default(), Secrets::default());
            let plain = ports(&world, &store, Some(&secrets));
            let (wire, wired) = Tripwire::across(&plain, number, trip);
            let first = Client::builder(wired).register(&contract).await.map(drop);
            if !wire.is_touched() {
                first.expect("nothing failed");
                break;
            }
            let can_heal = |error: &RegisterError| match trip {
                Trip::Store => error.code() == "store.released",
                Trip::Call => error.retry().is_worth_it(),
            };
            assert!(first.as_ref().err().is_none_or(can_heal), "{trip:?} {number}: {first:?}");
            let prepared =
                store.reopen().identity().await.expect("an answer").map(|identity| identity.key.id());
            let again = ports(&world, &store.reopen(), Some(&secrets));
            let client = Client::builder(again).register(&contract).await.expect("registered");
            let installation = client.installation_id();
            assert!(
                prepared.is_none_or(|it| it == installation),
                "{trip:?} {number}: the key that was kept is used"
            );
            let state = client.inbox_state(client.inbox_id()).await.expect("a state");
            assert_eq!(state.installations(), [installation].into(), "{trip:?} {number}");
            let friend = world.newcomer().await;
            let dm = friend.client.create_or_find_dm(client.inbox_id()).await.expect("a DM");
            dm.send_text("found you").await.expect("sent");
            client.sync_all().await.expect("a sync");
            assert_eq!(crate::observed::texts(&client, dm.id()).await, ["found you"], "{trip:?} {number}");
            number += 1;
        }
        assert!(number > 8, "{trip:?}: only {number} calls");
    }
}

/// The public half of the legacy key `[7; 32]`.
const LEGACY_POINT: &str = "04989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f631f4d05b3ae518776ee08755a7703e64b2ebc32547504de0b55a142d4ecdf80";

/// A key of version 2 for which this wallet vouched.
fn legacy_key(wallet: &LocalWallet) -> LegacyKey {
    let point = hex::decode(LEGACY_POINT).expect("digits");
    let key_bytes = legacy::UnsignedPublicKey {
        created_ns: 1_700_000_000_000_000_000,
        union: Some(legacy::unsigned_public_key::Union::Secp256k1Uncompressed(
            legacy::unsigned_public_key::Secp256k1Uncompressed { bytes: point },
        )),
    }
    .encode_to_vec();
    let text = format!(
        "XMTP : Create Identity\n{}\n\nFor more info: https://xmtp.org/signatures/",
        hex::encode(&key_bytes)
    );
    let Ok(UnverifiedSignature::Erc191 { bytes }) = wallet.sign_text(&text) else { panic!("no signature") };
    let (r_and_s, v) = (bytes[..64].to_vec(), u32::from(bytes[64] - 27));
    let union = legacy::signature::Union::WalletEcdsaCompact(legacy::signature::WalletEcdsaCompact {
        bytes: r_and_s,
        recovery: v,
    });
    let private = legacy::signed_private_key::Secp256k1 { bytes: vec![7; 32] };
    let signed = legacy::SignedPrivateKey {
        created_ns: 1_700_000_000_000_000_000,
        union: Some(legacy::signed_private_key::Union::Secp256k1(private)),
        public_key: Some(legacy::SignedPublicKey {
            key_bytes,
            signature: Some(legacy::Signature { union: Some(union) }),
        }),
    };
    LegacyKey::decode(&signed.encode_to_vec()).expect("a legacy key")
}

/// R-IDN-022
#[tokio::test]
async fn a_legacy_key_registers_the_inbox_of_nonce_zero_and_revokes_nobody() {
    let world = World::new();
    let wallet = world.wallet();
    let signer = LegacySigner::new(legacy_key(&wallet));
    assert_eq!(signer.identifier(), wallet.identifier());
    let builder = || Client::builder(world.ports(Arc::new(MemoryStore::default())));
    let before = world.network.calls();
    let refused = builder().register(&signer).await.map(drop);
    assert!(matches!(refused, Err(RegisterError::Inbox(InboxChangeError::Association(_)))), "{refused:?}");
    let calls = world.network.calls().since(&before);
    assert_eq!(calls.of(Call::UploadKeyPackage) + calls.of(Call::PublishIdentityUpdate), 0);
    let client = builder().nonce(0).register(&signer).await.expect("registered");
    assert_eq!(client.inbox_id(), inbox_id(&wallet.identifier(), 0));
    let kind = client.creation_signature_kind(client.inbox_id(), Freshness::Stored).await.expect("a kind");
    assert_eq!(kind, Some(SignatureKind::LegacyDelegated));
    // Used up: whoever has the key cannot let in a second installation, nor revoke.
    assert!(builder().nonce(0).register(&signer).await.is_err());
    let tablet = builder().register(&hexmtp::LocalSigner::new(wallet.clone())).await.expect("registered");
    assert!(client.revoke_installations(&signer, &[tablet.installation_id()]).await.is_err());
    let own = hexmtp::LocalSigner::new(wallet);
    client.revoke_installations(&own, &[tablet.installation_id()]).await.expect("revoked");
}
