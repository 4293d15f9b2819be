//! The official SDK and ours manage one inbox in turns, and agree on it after each step.

use hexmtp::{Freshness, InboxPorts, Inboxes};
use hexmtp_domain::identity::SignatureKind;
use hexmtp_tests::interop::{Official, Ours, Scene, Wallet};
use serde_json::json;

/// Recovery, identifiers and installations.
type Seen = (String, Vec<String>, Vec<String>);

/// An inbox of both, looked at by one of ours and one of theirs that do not belong to it.
struct Watched {
    scene: Scene,
    ours: Ours,
    theirs: Official,
}

impl Watched {
    async fn begin(title: &'static str) -> Self {
        let scene = Scene::begin(title).await;
        let (ours, theirs) = (scene.ours().await, scene.official().await);
        Self { scene, ours, theirs }
    }

    /// The inbox, after all have agreed on it: a client that follows it from step to step, one that asks anew, and the
    /// official one.
    async fn agree(&self, inbox_id: hexmtp_domain::InboxId) -> Seen {
        let state = self.ours.client.inbox_state(inbox_id).await.expect("our state");
        let anew = Inboxes::new(InboxPorts::from(&self.ours.ports)).state(inbox_id).await.expect("our state");
        assert_eq!(*state, anew, "folded step by step and at once");
        let mut identifiers: Vec<String> = state.identifiers().iter().map(ToString::to_string).collect();
        let mut installations: Vec<String> = state.installations().iter().map(ToString::to_string).collect();
        identifiers.sort();
        installations.sort();
        let ours = (state.recovery_identifier().to_string(), identifiers, installations);
        let theirs = self.theirs.inbox_state(inbox_id).await;
        assert_eq!(ours, (theirs.recovery, theirs.identifiers, theirs.installations));
        ours
    }
}

fn sorted<const N: usize>(mut texts: [String; N]) -> Vec<String> {
    texts.sort();
    texts.to_vec()
}

/// R-IDN-225
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_come_and_go_by_either_side() {
    let watched = Watched::begin("one inbox in turns: accounts added and revoked by either side").await;
    let phone = watched.scene.ours().await;
    let laptop = watched.scene.official_of(&phone.wallet).await;
    let inbox_id = phone.inbox_id();
    assert_eq!(laptop.inbox_id(), inbox_id);
    let owner = phone.wallet.address();
    let both = sorted([phone.installation_id().to_string(), laptop.installation_id().to_string()]);
    assert_eq!(watched.agree(inbox_id).await, (owner.clone(), vec![owner.clone()], both.clone()));

    let (second, third) = (Wallet::new(), Wallet::new());
    phone.client.add_account(&second.signer()).await.expect("added");
    let accounts = sorted([owner.clone(), second.address()]);
    assert_eq!(watched.agree(inbox_id).await, (owner.clone(), accounts, both.clone()));
    laptop.call("removeAccount", json!({ "address": second.address() })).await;
    assert_eq!(watched.agree(inbox_id).await, (owner.clone(), vec![owner.clone()], both.clone()));

    laptop.call("addAccount", json!({ "key": third.key_hex(), "reassign": true })).await;
    let accounts = sorted([owner.clone(), third.address()]);
    assert_eq!(watched.agree(inbox_id).await, (owner.clone(), accounts, both.clone()));
    // What the third wallet lets in goes with it, on both sides.
    let tablet = watched.scene.ours_of(&third).await;
    let reader = watched.scene.official_of(&third).await;
    let (_, _, installations) = watched.agree(inbox_id).await;
    assert!(installations.len() == 4 && installations.contains(&tablet.installation_id().to_string()));
    assert!(installations.contains(&reader.installation_id().to_string()));
    phone.client.remove_account(&phone.wallet.signer(), &third.identifier(), &[]).await.expect("removed");
    assert_eq!(watched.agree(inbox_id).await, (owner.clone(), vec![owner], both));

    let client = &watched.ours.client;
    assert_eq!(client.update_counts(&[inbox_id], Freshness::Network).await.expect("a count"), [8]);
    let made_by = client.creation_signature_kind(inbox_id, Freshness::Stored).await.expect("a kind");
    assert_eq!(made_by, Some(SignatureKind::Erc191));
    watched.scene.end().await;
}

/// R-IDN-225
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_and_installations_change_by_either_side() {
    let watched =
        Watched::begin("one inbox in turns: recovery changed, all other installations revoked").await;
    let laptop = watched.scene.official().await;
    let phone = watched.scene.ours_of(laptop.wallet()).await;
    let inbox_id = laptop.inbox_id();
    assert_eq!(phone.inbox_id(), inbox_id);
    let owner = laptop.wallet().clone();

    // Ours first: one of theirs and one of ours go.
    let (tablet, reader) = (watched.scene.ours_of(&owner).await, watched.scene.official_of(&owner).await);
    assert_eq!(watched.agree(inbox_id).await.2.len(), 4);
    phone.client.revoke_installations(&owner.signer(), &[tablet.installation_id()]).await.expect("revoked");
    assert_eq!(watched.agree(inbox_id).await.2.len(), 3);
    let lost = json!({ "installations": [reader.installation_id().to_string()] });
    laptop.call("revokeInstallations", lost).await;
    let both = sorted([phone.installation_id().to_string(), laptop.installation_id().to_string()]);
    assert_eq!(watched.agree(inbox_id).await.2, both);

    // Another recovery wallet by us; theirs cannot revoke any more, and ours can with its key.
    let recovery = Wallet::new();
    phone.client.change_recovery(&owner.signer(), &recovery.signer()).await.expect("changed");
    assert_eq!(watched.agree(inbox_id).await.0, recovery.address());
    laptop.attempt("revokeAllOther", json!({})).await.expect_err("it is not theirs to revoke");
    phone.client.revoke_all_other_installations(&owner.signer()).await.expect_err("nor of the old wallet");
    assert_eq!(watched.agree(inbox_id).await.2, both);
    phone.client.change_recovery(&recovery.signer(), &owner.signer()).await.expect("changed back");
    assert_eq!(watched.agree(inbox_id).await.0, owner.address());

    // All others, by them and by us.
    laptop.call("revokeAllOther", json!({})).await;
    let (_, _, left) = watched.agree(inbox_id).await;
    assert_eq!(left, [laptop.installation_id().to_string()]);
    phone.sync().await;
    assert!(phone.client.is_revoked());
    let phone = watched.scene.ours_of(&owner).await;
    phone.client.revoke_all_other_installations(&owner.signer()).await.expect("revoked");
    let (_, _, left) = watched.agree(inbox_id).await;
    assert_eq!(left, [phone.installation_id().to_string()]);

    // Another recovery wallet by them, of which nobody has shown that it exists.
    let laptop = watched.scene.official_of(&owner).await;
    let unknown = Wallet::new();
    laptop.call("changeRecovery", json!({ "address": unknown.address() })).await;
    assert_eq!(watched.agree(inbox_id).await.0, unknown.address());
    phone.client.revoke_all_other_installations(&unknown.signer()).await.expect("its owner does exist");
    let (_, _, left) = watched.agree(inbox_id).await;
    assert_eq!(left, [phone.installation_id().to_string()]);
    watched.scene.end().await;
}
