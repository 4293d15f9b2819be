//! Commits that change the shared state and nobody's membership: attributes, roles, policies (PROTOCOL.md 4.1).

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::group::{GroupContext, mutable_metadata, permissions};
use hexmtp_domain::intent::Intent;
use hexmtp_ports::mls::SessionState;

/// The extensions after what is intended; `None` when the group is so already.
pub(crate) fn changed_extensions(
    intent: &Intent,
    state: &SessionState,
    group: &GroupContext,
) -> Option<Vec<RawExtension>> {
    let mut mutable = group.mutable.clone();
    let mut policies = group.permissions.clone();
    match intent {
        Intent::UpdateMetadata { field, value } => {
            mutable.attributes.insert(field.clone(), value.clone());
        }
        Intent::UpdateAttributes { values } => mutable.attributes.extend(values.clone()),
        Intent::UpdateRoles(change) => change.apply(&mut mutable),
        Intent::UpdatePolicy(change) => change.apply(&mut policies),
        Intent::SendMessage { .. }
        | Intent::KeyUpdate
        | Intent::UpdateMembership { .. }
        | Intent::RemoveLeavers => {}
    }
    if mutable != group.mutable {
        Some(GroupContext::replaced(&state.extensions, mutable_metadata::EXTENSION_ID, mutable.encode()))
    } else if policies != group.permissions {
        Some(GroupContext::replaced(&state.extensions, permissions::EXTENSION_ID, policies.encode()))
    } else {
        None
    }
}
