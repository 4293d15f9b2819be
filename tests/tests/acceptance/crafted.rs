//! Commits that our own client does not make and official clients do: made by the MLS engine on a device's store.
//!
//! The device's client sees what became of them when it next syncs: they are in its log as commits of a past epoch.

use hexmtp::domain::GroupId;
use hexmtp::domain::group::{GroupContext, immutable_metadata, membership, mutable_metadata, permissions};
use hexmtp::ports::delivery::{DeliveryService, OutboundGroupMessage, OutboundWelcome, WelcomePayload};
use hexmtp::ports::mls::{CommitPlan, Keep, MlsSession};
use hexmtp::ports::store::{ChangeSet, ConversationRecord, Revision, RowChange, Scope};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_tests::world::{Device, World};

/// A group as a device's store has it, open.
struct Opened {
    session: Box<dyn MlsSession>,
    revision: Revision,
    record: ConversationRecord,
}

async fn open(device: &Device, id: GroupId) -> Opened {
    let store = &device.ports.store;
    let snapshot = store.load(&[Scope::Group(id)]).await.expect("rows").remove(0);
    let key = store.identity().await.expect("an answer").expect("an identity").key;
    let session = device.ports.mls.open_group(&key, id, snapshot.rows).expect("a group");
    let record = store.conversation(id).await.expect("an answer").expect("a conversation");
    Opened { session, revision: snapshot.revision, record }
}

/// Publishes a commit of a device and applies it there; gives its welcome.
pub(crate) async fn commit(
    world: &World,
    device: &Device,
    id: GroupId,
    plan: &CommitPlan,
) -> Option<Vec<u8>> {
    let Opened { mut session, revision, mut record } = open(device, id).await;
    let outbound = session.commit(plan).expect("a commit");
    session.merge_pending().expect("merged");
    let state = session.state().expect("a state");
    record.epoch = state.epoch;
    record.authenticator = state.authenticator;
    record.extensions = state.extensions;
    record.members = state.members;
    let mut changes = ChangeSet::expecting(Scope::Group(id), revision);
    changes.mls = session.into_changes(Keep::All).expect("changes");
    changes.rows = vec![RowChange::PutConversation(Box::new(record))];
    device.ports.store.commit(changes).await.expect("stored");
    publish(world, id, outbound.data).await;
    outbound.welcome
}

async fn publish(world: &World, group_id: GroupId, data: Vec<u8>) {
    let message = OutboundGroupMessage { group_id, data, sender_hmac: vec![7; 32], should_push: false };
    world.network.publish_group_messages(vec![message]).await.expect("published");
}

/// Publishes a commit without proposals: new keys for the device's leaf (PROTOCOL.md 4.1).
pub(crate) async fn update_keys(world: &World, device: &Device, id: GroupId) {
    commit(world, device, id, &CommitPlan::default()).await;
}

/// Publishes a commit that changes the shared state in any way, allowed or not.
pub(crate) async fn change(
    world: &World,
    device: &Device,
    id: GroupId,
    change: impl FnOnce(&mut GroupContext),
) {
    let mut extensions = open(device, id).await.record.extensions;
    let before = GroupContext::parse(&extensions).expect("a context");
    let mut after = before.clone();
    change(&mut after);
    if after.immutable != before.immutable {
        let data = after.immutable.encode().expect("metadata");
        extensions = GroupContext::replaced(&extensions, immutable_metadata::EXTENSION_ID, data);
    }
    if after.mutable != before.mutable {
        let data = after.mutable.encode();
        extensions = GroupContext::replaced(&extensions, mutable_metadata::EXTENSION_ID, data);
    }
    if after.membership != before.membership {
        let data = after.membership.encode();
        extensions = GroupContext::replaced(&extensions, membership::EXTENSION_ID, data);
    }
    if after.permissions != before.permissions {
        let data = after.permissions.encode();
        extensions = GroupContext::replaced(&extensions, permissions::EXTENSION_ID, data);
    }
    let plan = CommitPlan { extensions: Some(extensions), ..CommitPlan::default() };
    commit(world, device, id, &plan).await;
}

/// Removes installations and adds them anew in one commit, as super admins do for those that lost step
/// (PROTOCOL.md 7.3). The welcome goes out without metadata, as from old senders.
pub(crate) async fn readd(world: &World, device: &Device, id: GroupId, again: &[&Device]) {
    let installations: Vec<_> = again.iter().map(|device| device.installation_id()).collect();
    let packages = world.network.fetch_key_packages(&installations).await.expect("key packages");
    let verify = |tls: Option<Vec<u8>>| {
        device.ports.mls.verify_key_package(&tls.expect("a key package")).expect("a valid key package")
    };
    let add: Vec<_> = packages.into_iter().map(verify).collect();
    let plan = CommitPlan { add: add.clone(), remove: installations, extensions: None };
    let welcome = commit(world, device, id, &plan).await.expect("a welcome");
    let wrap = |package: &hexmtp::ports::mls::VerifiedKeyPackage| {
        let (algorithm, key) = (WrapperAlgorithm::Curve25519, package.init_public_key.clone());
        let crypto = &device.ports.welcome_crypto;
        let wrapped = crypto.wrap(algorithm, &key, &welcome, &[]).expect("wrapped");
        OutboundWelcome {
            destination: package.member.installation_id,
            payload: WelcomePayload::Welcome {
                data: wrapped.data,
                hpke_public_key: key,
                algorithm,
                metadata: wrapped.metadata,
            },
        }
    };
    world.network.publish_welcomes(add.iter().map(wrap).collect()).await.expect("published");
}
