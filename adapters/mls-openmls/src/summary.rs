//! What a staged commit would do, in plain data.

use hexmtp_domain::Epoch;
use hexmtp_domain::group::{CommitSummary, LeafMember};
use hexmtp_ports::mls::MlsError;
use openmls::prelude::{MlsGroup, Proposal, ProposalOrRefType, QueuedProposal, Sender, StagedCommit};

use crate::errors::{SessionError, corrupt, invalid};
use crate::leaf;
use crate::wire::raw_extensions;

/// Describes a commit that was staged on top of `group` by `committer`.
pub(crate) fn summarise(
    group: &MlsGroup,
    staged: &StagedCommit,
    committer: LeafMember,
) -> Result<CommitSummary, MlsError> {
    let mut summary = CommitSummary {
        epoch: Epoch(group.epoch().as_u64()),
        committer,
        added: Vec::new(),
        removed: Vec::new(),
        updated: Vec::new(),
        extensions: None,
        removes_own_leaf: staged.self_removed(),
        forbidden_proposals: Vec::new(),
    };
    for queued in staged.queued_proposals() {
        add_proposal(&mut summary, group, queued)?;
    }
    if let Some(node) = staged.update_path_leaf_node() {
        summary.updated.push((committer, leaf::of_leaf_node(node).map_err(invalid)?));
    }
    let before = raw_extensions(group.extensions().iter())?;
    let after = raw_extensions(staged.group_context().extensions().iter())?;
    summary.extensions = (before != after).then_some(after);
    Ok(summary)
}

fn add_proposal(
    summary: &mut CommitSummary,
    group: &MlsGroup,
    queued: &QueuedProposal,
) -> Result<(), MlsError> {
    let changes_extensions = matches!(queued.proposal(), Proposal::GroupContextExtensions(_));
    if queued.proposal_or_ref_type() == ProposalOrRefType::Reference && !changes_extensions {
        summary.forbidden_proposals.push("by_reference");
    }
    if !matches!(queued.sender(), Sender::Member(_)) {
        summary.forbidden_proposals.push("from_non_member");
    }
    match queued.proposal() {
        Proposal::Add(add) => {
            let node = add.key_package().leaf_node();
            summary.added.push(leaf::of_leaf_node(node).map_err(invalid)?);
        }
        Proposal::Remove(remove) => summary.removed.push(member_at(group, remove.removed().u32())?),
        Proposal::Update(update) => {
            let Sender::Member(index) = queued.sender() else { return Ok(()) };
            let after = leaf::of_leaf_node(update.leaf_node()).map_err(invalid)?;
            summary.updated.push((member_at(group, index.u32())?, after));
        }
        Proposal::GroupContextExtensions(_) => {}
        Proposal::PreSharedKey(_) => summary.forbidden_proposals.push("pre_shared_key"),
        Proposal::ReInit(_) => summary.forbidden_proposals.push("re_init"),
        Proposal::ExternalInit(_) => summary.forbidden_proposals.push("external_init"),
        Proposal::SelfRemove => summary.forbidden_proposals.push("self_remove"),
        Proposal::Custom(_) => summary.forbidden_proposals.push("custom"),
    }
    Ok(())
}

/// Who sits on a leaf now.
pub(crate) fn member_at(group: &MlsGroup, index: u32) -> Result<LeafMember, MlsError> {
    let index = openmls::prelude::LeafNodeIndex::new(index);
    let member = group.member_at(index).ok_or_else(|| invalid(SessionError::NotFromAMember))?;
    leaf::of_member(&member).map_err(corrupt)
}
