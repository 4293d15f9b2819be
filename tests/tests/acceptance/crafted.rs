//! Commits that our own client does not make and official clients do: made by the MLS engine on a device's store.
//!
//! The device's client sees what became of them when it next syncs: they are in its log as commits of a past epoch.

use hexmtp::domain::group::context::GroupDraft;
use hexmtp::domain::group::{
    GroupContext, PolicySet, immutable_metadata, membership, mutable_metadata, permissions,
};
use hexmtp::domain::message::PlaintextEnvelope;
use hexmtp::domain::{GroupId, InstallationId, SequenceId};
use hexmtp::ports::delivery::{DeliveryService, OutboundGroupMessage, OutboundWelcome, WelcomePayload};
use hexmtp::ports::identity_log::IdentityLog;
use hexmtp::ports::mls::{CommitPlan, GroupParams, Keep, MlsSession, VerifiedKeyPackage};
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
    let key = device.key().await;
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
    changes.mls = session.take_changes(Keep::All).expect("changes");
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
    let plan = planned(device, id, change).await;
    commit(world, device, id, &plan).await;
}

/// Publishes a commit that changes the shared state, and keeps nothing of it on the device: its next commit in the
/// epoch will come under the same generation. Official clients do so with what they may not do.
pub(crate) async fn attempt(
    world: &World,
    device: &Device,
    id: GroupId,
    change: impl FnOnce(&mut GroupContext),
) {
    let plan = planned(device, id, change).await;
    let data = open(device, id).await.session.commit(&plan).expect("a commit").data;
    publish(world, id, data).await;
}

/// The commit that changes the shared state in this way.
async fn planned(device: &Device, id: GroupId, change: impl FnOnce(&mut GroupContext)) -> CommitPlan {
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
    CommitPlan { extensions: Some(extensions), ..CommitPlan::default() }
}

/// Removes installations and adds them anew in one commit, as super admins do for those that lost step
/// (PROTOCOL.md 7.3). The welcome goes out without metadata, as from old senders.
pub(crate) async fn readd(world: &World, device: &Device, id: GroupId, again: &[&Device]) {
    let installations: Vec<_> = again.iter().map(|device| device.installation_id()).collect();
    let add = key_packages(world, device, &installations).await;
    let plan = CommitPlan { add: add.clone(), remove: installations, extensions: None };
    let welcome = commit(world, device, id, &plan).await.expect("a welcome");
    send_welcome(world, device, &add, &welcome).await;
}

async fn key_packages(
    world: &World,
    device: &Device,
    installations: &[InstallationId],
) -> Vec<VerifiedKeyPackage> {
    let packages = world.network.fetch_key_packages(installations).await.expect("key packages");
    let verify = |tls: Option<Vec<u8>>| {
        device.ports.mls.verify_key_package(&tls.expect("a key package")).expect("a valid key package")
    };
    packages.into_iter().map(verify).collect()
}

async fn send_welcome(world: &World, device: &Device, packages: &[VerifiedKeyPackage], welcome: &[u8]) {
    let wrap = |package: &VerifiedKeyPackage| {
        let (algorithm, key) = (WrapperAlgorithm::Curve25519, package.init_public_key.clone());
        let crypto = &device.ports.welcome_crypto;
        let wrapped = crypto.wrap(algorithm, &key, welcome, &[]).expect("wrapped");
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
    world.network.publish_welcomes(packages.iter().map(wrap).collect()).await.expect("published");
}

/// A group that a device's engine made, of which its client knows nothing.
pub(crate) struct Founded {
    pub(crate) id: GroupId,
    session: Box<dyn MlsSession>,
}

impl Founded {
    /// Says something in the group.
    pub(crate) async fn say(&mut self, world: &World, text: &str) {
        let content = hexmtp::domain::message::text::encode(text).encode();
        let envelope = PlaintextEnvelope { content, idempotency_key: text.to_owned() };
        let data = self.session.seal(&envelope.encode()).expect("sealed");
        publish(world, self.id, data).await;
    }
}

/// Makes a group of any shape and invites another device to it.
pub(crate) async fn found(
    world: &World,
    device: &Device,
    invited: &Device,
    shape: impl FnOnce(&mut GroupContext),
) -> Founded {
    let draft = GroupDraft {
        creator: device.inbox_id(),
        attributes: Default::default(),
        permissions: PolicySet::all_members(),
        commit_log_signer: [9; 32],
    };
    let extensions = GroupContext::initial_group(draft).expect("extensions");
    let mut context = GroupContext::parse(&extensions).expect("a context");
    shape(&mut context);
    let key = device.key().await;
    let mut id = [0; 16];
    device.ports.entropy.fill(&mut id).expect("random bytes");
    let params = GroupParams {
        key: &key,
        inbox_id: device.inbox_id(),
        group_id: GroupId::new(id),
        extensions: context.to_extensions().expect("extensions"),
    };
    let mut session = device.ports.mls.create_group(params).expect("a group");
    for inbox_id in [device.inbox_id(), invited.inbox_id()] {
        let log = world.network.updates_after(&[(inbox_id, SequenceId(0))]).await.expect("a log").remove(0);
        let latest = log.last().expect("an update").sequence_id;
        context.membership.members.insert(inbox_id, latest);
    }
    let before = session.state().expect("a state").extensions;
    let data = context.membership.encode();
    let extensions = Some(GroupContext::replaced(&before, membership::EXTENSION_ID, data));
    let add = key_packages(world, device, &[invited.installation_id()]).await;
    let plan = CommitPlan { add: add.clone(), remove: Vec::new(), extensions };
    let welcome = session.commit(&plan).expect("a commit").welcome.expect("a welcome");
    session.merge_pending().expect("merged");
    send_welcome(world, device, &add, &welcome).await;
    Founded { id: GroupId::new(id), session }
}
