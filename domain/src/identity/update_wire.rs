//! Identity updates in protobuf.

use hexmtp_proto::xmtp::identity::associations as wire;
use prost::Message;
use thiserror::Error;

use super::{
    Action, Identifier, IdentifierError, IdentifierKind, IdentityUpdate, MemberIdentifier,
    UnverifiedSignature,
};
use crate::ids::IdError;

/// Why bytes are not an identity update.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdentityDecodeError {
    /// The bytes are not the protobuf message.
    #[error("the bytes are not an identity update")]
    Protobuf,
    /// A part that must be there is absent.
    #[error("the identity update lacks its {0}")]
    Missing(&'static str),
    /// The inbox id is malformed.
    #[error(transparent)]
    InboxId(#[from] IdError),
    /// An identifier is malformed.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
}

impl IdentityDecodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Protobuf => "identity.not_an_update",
            Self::Missing(_) => "identity.missing_field",
            Self::InboxId(_) => "identity.bad_inbox_id",
            Self::Identifier(error) => error.code(),
        }
    }
}

/// The value, or the error that names what is missing.
pub(super) fn required<T>(value: Option<T>, name: &'static str) -> Result<T, IdentityDecodeError> {
    value.ok_or(IdentityDecodeError::Missing(name))
}

fn signature(value: Option<wire::Signature>) -> Result<UnverifiedSignature, IdentityDecodeError> {
    UnverifiedSignature::from_wire(required(value, "signature")?)
}

fn member(value: Option<wire::MemberIdentifier>) -> Result<MemberIdentifier, IdentityDecodeError> {
    Ok(MemberIdentifier::from_wire(required(value, "member identifier")?)?)
}

/// Official clients read a kind that they do not know as the unspecified one, which is Ethereum.
fn identifier_kind(number: i32) -> IdentifierKind {
    IdentifierKind::from_wire(number).unwrap_or(IdentifierKind::Ethereum)
}

impl IdentityUpdate {
    /// Reads the serialized `xmtp.identity.associations.IdentityUpdate`. Every part must be
    /// there. Signatures are not looked into, and identifiers only as far as official clients do: an update that they
    /// take is not refused here.
    ///
    /// # Errors
    /// [`IdentityDecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, IdentityDecodeError> {
        Self::from_wire(wire::IdentityUpdate::decode(bytes).map_err(|_| IdentityDecodeError::Protobuf)?)
    }

    /// The serialized message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.to_wire().encode_to_vec()
    }

    /// Reads the protobuf message, as [`IdentityUpdate::decode`] does.
    ///
    /// # Errors
    /// [`IdentityDecodeError`].
    pub fn from_wire(update: wire::IdentityUpdate) -> Result<Self, IdentityDecodeError> {
        Ok(Self {
            inbox_id: update.inbox_id.parse()?,
            client_timestamp_ns: update.client_timestamp_ns,
            actions: update.actions.into_iter().map(action_from_wire).collect::<Result<_, _>>()?,
        })
    }

    /// The protobuf message.
    #[must_use]
    pub fn to_wire(&self) -> wire::IdentityUpdate {
        wire::IdentityUpdate {
            actions: self.actions.iter().map(action_to_wire).collect(),
            client_timestamp_ns: self.client_timestamp_ns,
            inbox_id: self.inbox_id.to_string(),
        }
    }
}

fn action_from_wire(action: wire::IdentityAction) -> Result<Action, IdentityDecodeError> {
    use wire::identity_action::Kind;
    Ok(match required(action.kind, "action")? {
        Kind::CreateInbox(create) => Action::CreateInbox {
            identifier: Identifier::from_wire(
                &create.initial_identifier,
                identifier_kind(create.initial_identifier_kind),
                create.relying_party,
            )?,
            nonce: create.nonce,
            signature: signature(create.initial_identifier_signature)?,
        },
        Kind::Add(add) => Action::Add {
            new_member: member(add.new_member_identifier)?,
            existing_member_signature: signature(add.existing_member_signature)?,
            new_member_signature: signature(add.new_member_signature)?,
        },
        Kind::Revoke(revoke) => Action::Revoke {
            member: member(revoke.member_to_revoke)?,
            recovery_signature: signature(revoke.recovery_identifier_signature)?,
        },
        Kind::ChangeRecoveryAddress(change) => Action::ChangeRecovery {
            new_recovery: Identifier::from_wire(
                &change.new_recovery_identifier,
                identifier_kind(change.new_recovery_identifier_kind),
                change.relying_party,
            )?,
            recovery_signature: signature(change.existing_recovery_identifier_signature)?,
        },
    })
}

fn action_to_wire(action: &Action) -> wire::IdentityAction {
    use wire::identity_action::Kind;
    let kind = match action {
        Action::CreateInbox { identifier, nonce, signature } => Kind::CreateInbox(wire::CreateInbox {
            initial_identifier: identifier.to_string(),
            nonce: *nonce,
            initial_identifier_signature: Some(signature.to_wire()),
            initial_identifier_kind: identifier.kind().to_wire(),
            relying_party: identifier.relying_party().map(str::to_owned),
        }),
        Action::Add { new_member, existing_member_signature, new_member_signature } => {
            Kind::Add(wire::AddAssociation {
                new_member_identifier: Some(new_member.to_wire()),
                existing_member_signature: Some(existing_member_signature.to_wire()),
                new_member_signature: Some(new_member_signature.to_wire()),
                // The new member's own message already carries it.
                relying_party: None,
            })
        }
        Action::Revoke { member, recovery_signature } => Kind::Revoke(wire::RevokeAssociation {
            member_to_revoke: Some(member.to_wire()),
            recovery_identifier_signature: Some(recovery_signature.to_wire()),
        }),
        Action::ChangeRecovery { new_recovery, recovery_signature } => {
            Kind::ChangeRecoveryAddress(wire::ChangeRecoveryAddress {
                new_recovery_identifier: new_recovery.to_string(),
                existing_recovery_identifier_signature: Some(recovery_signature.to_wire()),
                new_recovery_identifier_kind: new_recovery.kind().to_wire(),
                relying_party: new_recovery.relying_party().map(str::to_owned),
            })
        }
    };
    wire::IdentityAction { kind: Some(kind) }
}
