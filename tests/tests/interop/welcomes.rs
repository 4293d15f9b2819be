//! How welcomes are wrapped: X-Wing, X25519, pointers.
//!
//! The official SDK cannot be told how to wrap: it goes by what a key package offers. So one that offers no X-Wing has
//! it use X25519, and to wrap with X25519 ourselves, our engine overlooks what their key packages offer.

use std::sync::Arc;

use hexmtp::GroupOptions;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{GroupId, InstallationId, KeyPackageRef, SequenceId};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::delivery::WelcomePayload;
use hexmtp_ports::mls::{
    GroupParams, Joined, KeyPackageParams, MlsEngine, MlsError, MlsSession, NewKeyPackage, VerifiedKeyPackage,
};
use hexmtp_ports::store::MlsRows;
use hexmtp_tests::interop::{Ours, Scene, Wallet, assert_same, settle};
use serde_json::json;

/// The extensions of key packages that offer X-Wing and pointers (PROTOCOL.md 2.2).
const OFFERS: [u16; 2] = [0xff03, 0xff04];

/// An engine that neither offers X-Wing nor sees that others do.
struct WithoutXWing(OpenMlsEngine);

impl MlsEngine for WithoutXWing {
    fn create_key_package(&self, params: KeyPackageParams<'_>) -> Result<NewKeyPackage, MlsError> {
        self.0.create_key_package(KeyPackageParams { wrapper_public_key: None, ..params })
    }

    fn verify_key_package(&self, tls: &[u8]) -> Result<VerifiedKeyPackage, MlsError> {
        let mut verified = self.0.verify_key_package(tls)?;
        verified.extensions.retain(|RawExtension { id, .. }| !OFFERS.contains(id));
        Ok(verified)
    }

    fn create_group(&self, params: GroupParams<'_>) -> Result<Box<dyn MlsSession>, MlsError> {
        self.0.create_group(params)
    }

    fn open_group(
        &self,
        key: &InstallationKey,
        group_id: GroupId,
        rows: MlsRows,
    ) -> Result<Box<dyn MlsSession>, MlsError> {
        self.0.open_group(key, group_id, rows)
    }

    fn join(
        &self,
        key: &InstallationKey,
        welcome: &[u8],
        key_package: (KeyPackageRef, MlsRows),
    ) -> Result<Joined, MlsError> {
        self.0.join(key, welcome, key_package)
    }
}

/// How the welcomes of an installation were wrapped, and whether they are pointers, in the order of its log.
async fn wrappings(anybody: &Ours, installation: InstallationId) -> Vec<(WrapperAlgorithm, bool)> {
    let page = anybody.ports.delivery.query_welcomes(installation, SequenceId(0), 100).await.expect("a page");
    page.items
        .into_iter()
        .map(|welcome| match welcome.payload {
            WelcomePayload::Welcome { algorithm, .. } => (algorithm, false),
            WelcomePayload::Pointer { algorithm, .. } => (algorithm, true),
        })
        .collect()
}

/// R-NET-204
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn welcomes_wrapped_with_x_wing() {
    let scene = Scene::begin("welcomes: X-Wing, by either").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let by_them = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    assert_eq!(wrappings(&ours, ours.installation_id()).await, [(WrapperAlgorithm::XWing, false)]);
    let joined = ours.joined(by_them.id).await;
    assert_same(&joined, &by_them).await;

    let by_us =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    assert_eq!(wrappings(&ours, theirs.installation_id()).await, [(WrapperAlgorithm::XWing, false)]);
    let joined = theirs.joined(by_us.id()).await;
    assert_same(&by_us, &joined).await;
    scene.end().await;
}

/// R-NET-205
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn welcomes_wrapped_with_x25519() {
    let scene = Scene::begin("welcomes: X25519, by either").await;
    let engine = Arc::new(WithoutXWing(OpenMlsEngine::new()));
    let (ours, theirs) = (scene.ours_on(&Wallet::new(), engine).await, scene.official().await);
    let by_them = theirs.create_group(&[ours.inbox_id()], json!({})).await;
    assert_eq!(wrappings(&ours, ours.installation_id()).await, [(WrapperAlgorithm::Curve25519, false)]);
    let joined = ours.joined(by_them.id).await;
    assert_same(&joined, &by_them).await;

    let by_us =
        ours.client.create_group(GroupOptions::default(), &[theirs.inbox_id()]).await.expect("a group");
    assert_eq!(wrappings(&ours, theirs.installation_id()).await, [(WrapperAlgorithm::Curve25519, false)]);
    let joined = theirs.joined(by_us.id()).await;
    joined.send("hello").await;
    settle(&[&by_us], &[&joined]).await;
    assert_eq!(assert_same(&by_us, &joined).await.messages, 1);
    scene.end().await;
}

/// R-NET-206
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn welcome_pointers() {
    let scene = Scene::begin("welcomes: pointers to one welcome for three installations, by either").await;
    let (alice, bob) = (scene.ours().await, scene.ours().await);
    let (carol, dave) = (scene.official().await, scene.official().await);
    let pointer = [(WrapperAlgorithm::XWing, true)];

    let erin = scene.ours().await;
    let inboxes = [alice.inbox_id(), bob.inbox_id(), erin.inbox_id()];
    let carols = carol.create_group(&inboxes, json!({ "name": "by pointer" })).await;
    for one in [&alice, &bob, &erin] {
        assert_eq!(wrappings(&alice, one.installation_id()).await, pointer);
    }
    let alices = alice.joined(carols.id).await;
    let bobs = bob.joined(carols.id).await;
    carols.send("hello").await;
    settle(&[&alices, &bobs], &[&carols]).await;
    assert_eq!(assert_same(&alices, &carols).await.messages, 1);
    assert_eq!(assert_same(&bobs, &carols).await.messages, 1);

    let frank = scene.official().await;
    let inboxes = [dave.inbox_id(), frank.inbox_id(), bob.inbox_id()];
    let alices = alice.client.create_group(GroupOptions::default(), &inboxes).await.expect("a group");
    for one in [&dave, &frank] {
        assert_eq!(wrappings(&alice, one.installation_id()).await, pointer);
    }
    let daves = dave.joined(alices.id()).await;
    let franks = frank.joined(alices.id()).await;
    franks.send("hello").await;
    settle(&[&alices], &[&daves, &franks]).await;
    assert_eq!(assert_same(&alices, &daves).await.messages, 1);
    assert_eq!(assert_same(&alices, &franks).await.messages, 1);
    scene.end().await;
}
