//! Association states as a store keeps them, so that a log need not be folded again from its beginning.
//!
//! The bytes come from this software and stay on this device: nothing about them is verified again but that they are
//! whole. Whoever cannot read them folds the log.

use hexmtp_proto::xmtp::identity::associations as wire;
use prost::Message;

use super::update_wire::required;
use super::{AssociationState, Identifier, IdentifierKind, IdentityDecodeError, Member, MemberIdentifier};

impl AssociationState {
    /// The serialized `xmtp.identity.associations.AssociationState`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::AssociationState {
            inbox_id: self.inbox_id.to_string(),
            members: self.members.values().map(member_to_wire).collect(),
            recovery_identifier: self.recovery.to_string(),
            seen_signatures: self.seen_signatures.iter().cloned().collect(),
            recovery_identifier_kind: self.recovery.kind().to_wire(),
            relying_party: self.recovery.relying_party().map(ToOwned::to_owned),
        }
        .encode_to_vec()
    }

    /// Reads what [`AssociationState::encode`] wrote.
    ///
    /// # Errors
    /// [`IdentityDecodeError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, IdentityDecodeError> {
        let state = wire::AssociationState::decode(bytes).map_err(|_| IdentityDecodeError::Protobuf)?;
        let kind = IdentifierKind::from_wire(state.recovery_identifier_kind)?;
        let members = state.members.into_iter().map(member_from_wire);
        Ok(Self {
            inbox_id: state.inbox_id.parse()?,
            recovery: Identifier::from_wire(&state.recovery_identifier, kind, state.relying_party)?,
            members: members
                .map(|member| member.map(|member| (member.identifier.clone(), member)))
                .collect::<Result<_, _>>()?,
            seen_signatures: state.seen_signatures.into_iter().collect(),
        })
    }
}

fn member_to_wire(member: &Member) -> wire::MemberMap {
    wire::MemberMap {
        key: Some(member.identifier.to_wire()),
        value: Some(wire::Member {
            identifier: Some(member.identifier.to_wire()),
            added_by_entity: member.added_by.as_ref().map(MemberIdentifier::to_wire),
            client_timestamp_ns: member.client_timestamp_ns,
            added_on_chain_id: member.added_on_chain_id,
        }),
    }
}

fn member_from_wire(entry: wire::MemberMap) -> Result<Member, IdentityDecodeError> {
    let member = required(entry.value, "member")?;
    let identifier = required(member.identifier, "member identifier")?;
    Ok(Member {
        identifier: MemberIdentifier::from_wire(identifier)?,
        added_by: member.added_by_entity.map(MemberIdentifier::from_wire).transpose()?,
        client_timestamp_ns: member.client_timestamp_ns,
        added_on_chain_id: member.added_on_chain_id,
    })
}

#[cfg(test)]
#[path = "association_state_stored_tests.rs"]
mod tests;
