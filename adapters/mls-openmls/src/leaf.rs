//! Who a leaf is.

use hexmtp_domain::InstallationId;
use hexmtp_domain::group::LeafMember;
use hexmtp_domain::key_package::MlsCredential;
use openmls::prelude::{BasicCredential, Credential, LeafNode, Member};
use thiserror::Error;

/// Why a leaf does not say who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum LeafError {
    #[error("the leaf's credential does not name an inbox")]
    Credential,
    #[error("the leaf's signature key is not an installation's")]
    SignatureKey,
}

/// Reads a leaf's credential and signature key (PROTOCOL.md 2.1).
pub(crate) fn leaf_member(credential: &Credential, signature_key: &[u8]) -> Result<LeafMember, LeafError> {
    let basic = BasicCredential::try_from(credential.clone()).map_err(|_| LeafError::Credential)?;
    let credential = MlsCredential::decode(basic.identity()).map_err(|_| LeafError::Credential)?;
    let installation_id = InstallationId::from_slice(signature_key).map_err(|_| LeafError::SignatureKey)?;
    Ok(LeafMember { inbox_id: credential.inbox_id, installation_id })
}

/// Who a leaf is.
pub(crate) fn of_leaf_node(leaf: &LeafNode) -> Result<LeafMember, LeafError> {
    leaf_member(leaf.credential(), leaf.signature_key().as_slice())
}

/// Who a member is.
pub(crate) fn of_member(member: &Member) -> Result<LeafMember, LeafError> {
    leaf_member(&member.credential, &member.signature_key)
}
