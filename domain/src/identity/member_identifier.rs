//! What members of an inbox are known by.

use std::fmt;

use hexmtp_proto::xmtp::identity::associations as wire;

use super::{EthereumAddress, Identifier, IdentifierError, PasskeyKey};
use crate::ids::InstallationId;

/// What a member of an inbox is known by: an identifier of the person, or one of their installations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberIdentifier {
    /// An Ethereum account.
    Ethereum(EthereumAddress),
    /// An installation.
    Installation(InstallationId),
    /// A passkey.
    Passkey(PasskeyKey),
    /// Text in the place of an address that nobody can sign as: see [`Identifier::Unclaimable`].
    UnclaimableAddress(String),
    /// Bytes in the place of an installation key that have another length than a key.
    UnclaimableInstallation(Vec<u8>),
}

impl MemberIdentifier {
    /// Reads the member identifier of a protobuf message. What no member can be is read all the same: official clients
    /// let it be revoked (PROTOCOL.md 1.8 rule 3).
    ///
    /// # Errors
    /// [`IdentifierError::Missing`] when it is absent.
    pub fn from_wire(member: wire::MemberIdentifier) -> Result<Self, IdentifierError> {
        use wire::member_identifier::Kind;
        Ok(match member.kind.ok_or(IdentifierError::Missing)? {
            Kind::EthereumAddress(text) => match EthereumAddress::from_wire(&text) {
                Ok(address) => Self::Ethereum(address),
                Err(_) => Self::UnclaimableAddress(text),
            },
            Kind::InstallationPublicKey(key) => match InstallationId::from_slice(&key) {
                Ok(id) => Self::Installation(id),
                Err(_) => Self::UnclaimableInstallation(key),
            },
            Kind::Passkey(passkey) => Self::Passkey(PasskeyKey::new(passkey.key, passkey.relying_party)),
        })
    }

    /// The protobuf message.
    #[must_use]
    pub fn to_wire(&self) -> wire::MemberIdentifier {
        use wire::member_identifier::Kind;
        let kind = match self {
            Self::Ethereum(address) => Kind::EthereumAddress(address.to_string()),
            Self::Installation(id) => Kind::InstallationPublicKey(id.to_vec()),
            Self::Passkey(passkey) => Kind::Passkey(wire::Passkey {
                key: passkey.as_bytes().to_vec(),
                relying_party: passkey.relying_party().map(str::to_owned),
            }),
            Self::UnclaimableAddress(text) => Kind::EthereumAddress(text.clone()),
            Self::UnclaimableInstallation(key) => Kind::InstallationPublicKey(key.clone()),
        };
        wire::MemberIdentifier { kind: Some(kind) }
    }

    /// The identifier of the person, unless this is an installation.
    #[must_use]
    pub fn as_identifier(&self) -> Option<Identifier> {
        match self {
            Self::Ethereum(address) => Some(Identifier::Ethereum(*address)),
            Self::Passkey(passkey) => Some(Identifier::Passkey(passkey.clone())),
            Self::UnclaimableAddress(text) => Some(Identifier::Unclaimable(text.clone())),
            Self::Installation(_) | Self::UnclaimableInstallation(_) => None,
        }
    }

    /// The installation, if this is one.
    #[must_use]
    pub const fn as_installation(&self) -> Option<InstallationId> {
        match self {
            Self::Installation(id) => Some(*id),
            _ => None,
        }
    }
}

impl fmt::Display for MemberIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ethereum(address) => address.fmt(f),
            Self::Installation(id) => id.fmt(f),
            Self::Passkey(passkey) => passkey.fmt(f),
            Self::UnclaimableAddress(text) => f.write_str(text),
            Self::UnclaimableInstallation(key) => f.write_str(&hex::encode(key)),
        }
    }
}

impl From<Identifier> for MemberIdentifier {
    fn from(identifier: Identifier) -> Self {
        match identifier {
            Identifier::Ethereum(address) => Self::Ethereum(address),
            Identifier::Passkey(passkey) => Self::Passkey(passkey),
            Identifier::Unclaimable(text) => Self::UnclaimableAddress(text),
        }
    }
}

impl From<&Identifier> for MemberIdentifier {
    fn from(identifier: &Identifier) -> Self {
        identifier.clone().into()
    }
}

impl From<InstallationId> for MemberIdentifier {
    fn from(id: InstallationId) -> Self {
        Self::Installation(id)
    }
}
