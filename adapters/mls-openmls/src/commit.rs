//! Making a commit (OPENMLS.md 2).

use hexmtp_domain::InstallationId;
use hexmtp_ports::mls::{CommitPlan, MlsError, OutboundCommit};
use openmls::prelude::{
    CommitMessageBundle, CreateCommitError, Extensions, GroupContext, KeyPackage, LeafNodeIndex, MlsGroup,
    OpenMlsProvider as _,
};
use tls_codec::Serialize as _;

use crate::engine::checked_key_package;
use crate::errors::backend;
use crate::provider::{InstallationSigner, Provider};
use crate::session::GroupSession;
use crate::wire;

/// The proposals of a commit, checked as far as that goes without the group.
struct Proposals {
    adds: Vec<KeyPackage>,
    removals: Vec<LeafNodeIndex>,
    extensions: Option<Extensions<GroupContext>>,
}

/// Makes a commit that stays pending. It always has a path, as those of official clients.
pub(crate) fn commit(session: &mut GroupSession, plan: &CommitPlan) -> Result<OutboundCommit, MlsError> {
    if !session.group.is_active() {
        return Err(MlsError::NotAMember);
    }
    let proposals = Proposals {
        adds: plan
            .add
            .iter()
            .map(|package| Ok(checked_key_package(session.provider.crypto(), &package.tls)?.0))
            .collect::<Result<_, MlsError>>()?,
        removals: leaves_of(&session.group, &plan.remove)?,
        extensions: plan.extensions.as_deref().map(wire::group_extensions).transpose()?,
    };
    session.spend_checkpoint();
    let GroupSession { group, provider, signer, .. } = session;
    group.clear_pending_commit(provider.storage()).map_err(|error| provider.failed(error, MlsError::from))?;
    let (commit, welcome, _) = build(group, provider, signer, proposals)?.into_messages();
    Ok(OutboundCommit {
        data: commit.tls_serialize_detached().map_err(backend)?,
        welcome: welcome.map(|welcome| welcome.tls_serialize_detached().map_err(backend)).transpose()?,
    })
}

fn build(
    group: &mut MlsGroup,
    provider: &Provider,
    signer: &InstallationSigner,
    proposals: Proposals,
) -> Result<CommitMessageBundle, MlsError> {
    let adds_somebody = !proposals.adds.is_empty();
    let failed = |error| {
        provider.failed(error, |error| match error {
            // The group itself was fine, so what is new about it must be at fault.
            CreateCommitError::ProposalValidationError(_) | CreateCommitError::LeafNodeValidation(_)
                if adds_somebody =>
            {
                MlsError::InvalidKeyPackage("it cannot be added to this group")
            }
            error => backend(error),
        })
    };
    let mut builder = group
        .commit_builder()
        .consume_proposal_store(false)
        .force_self_update(true)
        .propose_adds(proposals.adds)
        .propose_removals(proposals.removals);
    if let Some(extensions) = proposals.extensions {
        builder = builder.propose_group_context_extensions(extensions).map_err(failed)?;
    }
    builder
        .load_psks(provider.storage())
        .map_err(failed)?
        .build(provider.rand(), provider.crypto(), signer, |_| true)
        .map_err(failed)?
        .stage_commit(provider)
        .map_err(|error| provider.failed(error, backend))
}

/// The leaves of installations; those without one are passed over.
fn leaves_of(group: &MlsGroup, installations: &[InstallationId]) -> Result<Vec<LeafNodeIndex>, MlsError> {
    if installations.is_empty() {
        return Ok(Vec::new());
    }
    let is_removed = |key: &[u8]| installations.iter().any(|removed| removed.as_ref() == key);
    let leaves: Vec<_> = group
        .members()
        .filter(|member| is_removed(&member.signature_key))
        .map(|member| member.index)
        .collect();
    if leaves.contains(&group.own_leaf_index()) {
        return Err(MlsError::Malformed("a commit that removes its own maker"));
    }
    Ok(leaves)
}
