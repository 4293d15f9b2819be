//! The membership commit: from identity logs to key packages to one commit (PROTOCOL.md 4.3).

use std::collections::{BTreeMap, BTreeSet};

use hexmtp_domain::group::membership::{self, MembershipPlan, plan_membership};
use hexmtp_domain::group::{GroupContext, LeafMember};
use hexmtp_domain::key_package::wrapper_for;
use hexmtp_domain::welcome::WelcomeRecipient;
use hexmtp_domain::{InboxId, InstallationId, SequenceId};
use hexmtp_ports::mls::{CommitPlan, SessionState, VerifiedKeyPackage};

use crate::context::Context;
use crate::error::ChangeError;
use crate::identity::{installation_states, refresh};
use crate::outbound::stage::PlannedCommit;

/// The commit that adds and removes inboxes and follows the installations of all members; `None` when the
/// group is as it should be.
pub(crate) async fn plan_membership_commit(
    context: &Context,
    state: &SessionState,
    group: &GroupContext,
    (add, remove): (&[InboxId], &[InboxId]),
) -> Result<Option<PlannedCommit>, ChangeError> {
    let concerned: BTreeSet<InboxId> = group.membership.members.keys().chain(add).copied().collect();
    let concerned: Vec<InboxId> = concerned.into_iter().collect();
    let latest = refresh(context, &concerned).await?;
    let states = installation_states(context, &wanted_states(group, &latest)).await?;
    let plan = plan_membership(
        &group.membership,
        &state.members,
        membership::Wanted { add, remove },
        &latest,
        &states,
        &context.own_leaf(),
    )?;
    if plan.is_noop() {
        return Ok(None);
    }
    let packages = fetch_key_packages(context, &plan.add_installations).await?;
    let failed: Vec<InstallationId> = plan
        .add_installations
        .iter()
        .map(|member| member.installation_id)
        .filter(|id| !packages.iter().any(|package| package.member.installation_id == *id))
        .collect();
    let plan: MembershipPlan = plan.without_failed(&group.membership, &failed)?;
    if plan.is_noop() {
        return Ok(None);
    }
    let removed = state
        .members
        .iter()
        .filter(|leaf| plan.remove_installations.contains(&leaf.installation_id))
        .copied()
        .collect();
    let extensions =
        GroupContext::replaced(&state.extensions, membership::EXTENSION_ID, plan.membership.encode());
    Ok(Some(PlannedCommit {
        added: packages.iter().map(|package| package.member).collect(),
        removed,
        states,
        recipients: packages.iter().map(recipient).collect(),
        plan: CommitPlan { add: packages, remove: plan.remove_installations, extensions: Some(extensions) },
    }))
}

/// The association states before and after, for every inbox that is or becomes a member.
fn wanted_states(group: &GroupContext, latest: &BTreeMap<InboxId, SequenceId>) -> Vec<(InboxId, SequenceId)> {
    let before = group.membership.members.iter();
    let wanted: BTreeSet<(InboxId, SequenceId)> = before
        .chain(latest)
        .map(|(inbox_id, sequence_id)| (*inbox_id, *sequence_id))
        .filter(|(_, sequence_id)| *sequence_id > SequenceId::default())
        .collect();
    wanted.into_iter().collect()
}

/// The key packages of these installations that can be used: published, valid, and of the inbox that the
/// identity log says.
async fn fetch_key_packages(
    context: &Context,
    members: &[LeafMember],
) -> Result<Vec<VerifiedKeyPackage>, ChangeError> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<InstallationId> = members.iter().map(|member| member.installation_id).collect();
    let answers = context.delivery.fetch_key_packages(&ids).await?;
    let mut usable = Vec::new();
    for (member, tls) in members.iter().zip(answers) {
        let Some(tls) = tls else { continue };
        match context.mls.verify_key_package(&tls) {
            Ok(package) if package.member == *member => usable.push(package),
            Ok(_) => tracing::warn!(installation = %member.installation_id, "key package of somebody else"),
            Err(error) => {
                tracing::warn!(installation = %member.installation_id, code = error.code(), "unusable key package");
            }
        }
    }
    Ok(usable)
}

/// How the welcome for a key package is wrapped.
fn recipient(package: &VerifiedKeyPackage) -> WelcomeRecipient {
    let (public_key, algorithm, supports_pointers) =
        wrapper_for(&package.init_public_key, &package.extensions);
    WelcomeRecipient {
        installation_id: package.member.installation_id,
        public_key,
        algorithm,
        supports_pointers,
    }
}
