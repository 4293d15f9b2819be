//! Inboxes and installations of one side, as the other side sees them.

use hexmtp_domain::identity::Identifier;
use hexmtp_tests::interop::{Ours, Scene, Setup, Wallet};
use serde_json::json;

/// Our client's view of an inbox, as sorted texts of identifiers and installations.
async fn seen_by(ours: &Ours, inbox_id: hexmtp_domain::InboxId) -> (String, Vec<String>, Vec<String>) {
    let state = ours.client.inbox_state(inbox_id).await.expect("the inbox");
    let mut identifiers: Vec<String> = state.identifiers().iter().map(ToString::to_string).collect();
    let mut installations: Vec<String> = state.installations().iter().map(ToString::to_string).collect();
    identifiers.sort();
    installations.sort();
    (state.recovery_identifier().to_string(), identifiers, installations)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_registration_is_seen_by_them() {
    let scene = Scene::begin("registration: ours, seen by them").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let identifiers = [ours.wallet.identifier(), Wallet::new().identifier()];
    assert_eq!(theirs.can_message(&identifiers).await, [true, false]);

    let state = theirs.inbox_state(ours.inbox_id()).await;
    let address = ours.wallet.address();
    assert_eq!((state.recovery.as_str(), &state.identifiers), (address.as_str(), &vec![address.clone()]));
    assert_eq!(state.installations, [ours.installation_id().to_string()]);

    let keys = json!({ "installations": [ours.installation_id().to_string()] });
    assert_eq!(theirs.call("keyPackageStatus", keys).await, json!([null]), "our key package is valid");
    let inbox_id = theirs.call("inboxOf", json!({ "address": address })).await;
    assert_eq!(inbox_id, json!(ours.inbox_id().to_string()));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_registration_is_seen_by_us() {
    let scene = Scene::begin("registration: theirs, also with a nonce of their own, seen by us").await;
    let ours = scene.ours().await;
    for nonce in [None, Some(7), Some(u64::MAX)] {
        let theirs = scene.official_as(Setup { nonce, ..Setup::default() }).await;
        let identifier = theirs.wallet().identifier();
        let inbox_id = hexmtp_domain::identity::inbox_id(&identifier, nonce.unwrap_or(1));
        assert_eq!(theirs.inbox_id(), inbox_id, "the inbox id of nonce {nonce:?}");
        let asked = [identifier.clone(), Wallet::new().identifier()];
        assert_eq!(ours.client.can_message(&asked).await.expect("an answer"), [true, false]);
        assert_eq!(ours.client.inbox_ids(&[identifier]).await.expect("an answer"), [inbox_id]);
        let address = theirs.wallet().address();
        let expected = (address.clone(), vec![address], vec![theirs.installation_id().to_string()]);
        assert_eq!(seen_by(&ours, inbox_id).await, expected);
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_accounts_are_followed_by_us() {
    let scene =
        Scene::begin("registration: accounts added and removed, recovery changed by them, followed by us")
            .await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let (second, recovery) = (Wallet::new(), Wallet::new());
    theirs.call("addAccount", json!({ "key": second.key_hex(), "reassign": true })).await;
    let found: [Identifier; 1] = [second.identifier()];
    assert_eq!(ours.client.inbox_ids(&found).await.expect("an answer"), [theirs.inbox_id()]);
    let (_, identifiers, _) = seen_by(&ours, theirs.inbox_id()).await;
    let mut expected = vec![theirs.wallet().address(), second.address()];
    expected.sort();
    assert_eq!(identifiers, expected);

    theirs.call("removeAccount", json!({ "address": second.address() })).await;
    assert_eq!(ours.client.can_message(&found).await.expect("an answer"), [false]);
    theirs.call("changeRecovery", json!({ "address": recovery.address() })).await;
    let (recovery_seen, identifiers, _) = seen_by(&ours, theirs.inbox_id()).await;
    assert_eq!((recovery_seen, identifiers), (recovery.address(), vec![theirs.wallet().address()]));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_of_theirs_gets_an_installation_of_ours_and_the_other_way_round() {
    let scene = Scene::begin("registration: one inbox with installations of both, either first").await;
    let theirs = scene.official().await;
    let ours = scene.ours_of(theirs.wallet()).await;
    assert_eq!(ours.inbox_id(), theirs.inbox_id());
    let mut both = vec![ours.installation_id().to_string(), theirs.installation_id().to_string()];
    both.sort();
    assert_eq!(theirs.inbox_state(ours.inbox_id()).await.installations, both);

    let ours = scene.ours().await;
    let theirs = scene.official_of(&ours.wallet).await;
    assert_eq!(ours.inbox_id(), theirs.inbox_id());
    let mut both = vec![ours.installation_id().to_string(), theirs.installation_id().to_string()];
    both.sort();
    assert_eq!(seen_by(&ours, theirs.inbox_id()).await.2, both);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_accounts_and_revocations_are_followed_by_them() {
    let scene =
        Scene::begin("registration: an account added and installations revoked by us, followed by them")
            .await;
    let (phone, theirs) = (scene.ours().await, scene.official().await);
    let second = Wallet::new();
    phone.client.add_account(&second.signer()).await.expect("added");
    assert_eq!(theirs.can_message(&[second.identifier()]).await, [true]);
    let mut both = vec![phone.wallet.address(), second.address()];
    both.sort();
    assert_eq!(theirs.inbox_state(phone.inbox_id()).await.identifiers, both);

    let laptop = scene.ours_of(&phone.wallet).await;
    let tablet = scene.official_of(&phone.wallet).await;
    assert_eq!(theirs.inbox_state(phone.inbox_id()).await.installations.len(), 3);
    let signer = phone.wallet.signer();
    phone.client.revoke_installations(&signer, &[laptop.installation_id()]).await.expect("revoked");
    let mut left = vec![phone.installation_id().to_string(), tablet.installation_id().to_string()];
    left.sort();
    assert_eq!(theirs.inbox_state(phone.inbox_id()).await.installations, left);
    phone.client.revoke_all_other_installations(&signer).await.expect("revoked");
    let left = theirs.inbox_state(phone.inbox_id()).await.installations;
    assert_eq!(left, [phone.installation_id().to_string()]);
    scene.end().await;
}
