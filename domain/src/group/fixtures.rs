//! Inboxes, groups and captured contexts for the tests of this module.

use std::collections::{BTreeMap, BTreeSet};

use crate::cursor::SequenceId;
use crate::group::commit_summary::{CommitSummary, LeafMember, RawExtension};
use crate::group::context::{GroupContext, GroupDraft};
use crate::group::membership::{GroupMembership, InstallationStates};
use crate::group::permissions::PolicySet;
use crate::ids::{Epoch, InboxId, InstallationId};

pub(crate) const SEED: [u8; 32] = [0x5a; 32];

/// The inbox number `n`.
pub(crate) fn inbox(n: u8) -> InboxId {
    InboxId::new([n; 32])
}

/// Installation `k` of inbox number `n`.
pub(crate) fn installation(n: u8, k: u8) -> InstallationId {
    let mut bytes = [n; 32];
    bytes[0] = k;
    InstallationId::new(bytes)
}

pub(crate) fn leaf(n: u8, k: u8) -> LeafMember {
    LeafMember { inbox_id: inbox(n), installation_id: installation(n, k) }
}

pub(crate) fn seq(n: u64) -> SequenceId {
    SequenceId(n)
}

pub(crate) fn membership(entries: &[(u8, u64)]) -> GroupMembership {
    GroupMembership {
        members: entries.iter().map(|(n, id)| (inbox(*n), seq(*id))).collect(),
        failed_installations: BTreeSet::new(),
    }
}

/// What inboxes have: number, sequence id, installations.
pub(crate) fn states(entries: &[(u8, u64, &[u8])]) -> InstallationStates {
    let mut states = InstallationStates::new();
    for (n, id, installations) in entries {
        states.insert(inbox(*n), seq(*id), installations.iter().map(|k| installation(*n, *k)).collect());
    }
    states
}

/// A group that inbox 1 created, with these members.
pub(crate) fn group(entries: &[(u8, u64)]) -> GroupContext {
    let draft = GroupDraft {
        creator: inbox(1),
        attributes: BTreeMap::new(),
        permissions: PolicySet::all_members(),
        commit_log_signer: SEED,
    };
    let mut context = GroupContext::parse(&GroupContext::initial_group(draft).unwrap()).unwrap();
    context.membership = membership(entries);
    context
}

/// A DM of inboxes 1 and 2 that inbox 1 created, with these members.
pub(crate) fn dm(entries: &[(u8, u64)]) -> GroupContext {
    let extensions = GroupContext::initial_dm(inbox(1), inbox(2), SEED).unwrap();
    let mut context = GroupContext::parse(&extensions).unwrap();
    context.membership = membership(entries);
    context
}

/// A commit by a leaf that replaces its own keys and leads to `after`.
pub(crate) fn commit(committer: LeafMember, after: &GroupContext) -> CommitSummary {
    CommitSummary {
        epoch: Epoch(1),
        committer,
        added: Vec::new(),
        removed: Vec::new(),
        updated: vec![(committer, committer)],
        extensions: Some(after.to_extensions().unwrap()),
        removes_own_leaf: false,
        forbidden_proposals: Vec::new(),
    }
}

/// A captured group context.
pub(crate) struct Captured {
    pub(crate) group: String,
    pub(crate) epoch: u64,
    pub(crate) extensions: Vec<RawExtension>,
}

/// Every captured group context of the official clients.
pub(crate) fn captured() -> Vec<Captured> {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/group_contexts.json")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let extension = |value: &serde_json::Value| RawExtension {
        id: u16::from_str_radix(&text(&value["id"]), 16).unwrap(),
        data: hex::decode(text(&value["data"])).unwrap(),
    };
    let contexts = json["contexts"].as_array().unwrap().iter();
    contexts
        .map(|context| Captured {
            group: text(&context["group_id"]),
            epoch: context["epoch"].as_u64().unwrap(),
            extensions: context["extensions"].as_array().unwrap().iter().map(extension).collect(),
        })
        .collect()
}

/// The context of the captured group whose id begins so, at an epoch.
pub(crate) fn captured_at(group: &str, epoch: u64) -> GroupContext {
    let found =
        captured().into_iter().find(|context| context.group.starts_with(group) && context.epoch == epoch);
    GroupContext::parse(&found.unwrap().extensions).unwrap()
}
