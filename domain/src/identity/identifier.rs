//! Identifiers: what a person (wallet, passkey) or a device (installation) is known by.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use hexmtp_proto::xmtp::identity::associations as wire;
use thiserror::Error;

use crate::ids::InstallationId;

/// Why text or bytes are not an identifier. The value itself is never part of the message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// The text is not an Ethereum address.
    #[error("an Ethereum address has 40 hexadecimal digits")]
    NotAnAddress,
    /// The text is not an Ethereum address as the protocol writes it.
    #[error("an Ethereum address on the wire is 0x and 40 lower-case hexadecimal digits")]
    NotWireAddress,
    /// The text is not the hexadecimal form of a passkey.
    #[error("a passkey is written in lower-case hexadecimal digits")]
    NotPasskey,
    /// The number does not stand for a kind of identifier.
    #[error("no kind of identifier has the number {0}")]
    UnknownKind(i32),
    /// The bytes are not an installation key.
    #[error("an installation key has 32 bytes, not {0}")]
    InstallationLength(usize),
    /// The identifier is empty.
    #[error("the identifier is missing")]
    Missing,
}

impl IdentifierError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnAddress => "identity.not_an_address",
            Self::NotWireAddress => "identity.not_a_wire_address",
            Self::NotPasskey => "identity.not_a_passkey",
            Self::UnknownKind(_) => "identity.unknown_identifier_kind",
            Self::InstallationLength(_) => "identity.installation_length",
            Self::Missing => "identity.missing_identifier",
        }
    }
}

/// An Ethereum account. Written as `0x` and 40 lower-case hexadecimal digits, without checksum capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EthereumAddress([u8; 20]);

impl EthereumAddress {
    /// Takes the raw bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Reads an address as people and wallets write it: with or without `0x`, in any case (PROTOCOL.md 1.1).
    ///
    /// # Errors
    /// [`IdentifierError::NotAnAddress`] when 40 hexadecimal digits do not remain.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| IdentifierError::NotAnAddress)?;
        Ok(Self(bytes))
    }

    /// Reads an address from the wire, where exactly one spelling exists: other spellings would be other
    /// identifiers to clients that compare text (PROTOCOL.md 1.1).
    ///
    /// # Errors
    /// [`IdentifierError::NotWireAddress`] for any other spelling.
    pub fn from_wire(text: &str) -> Result<Self, IdentifierError> {
        let digits = text.strip_prefix("0x").ok_or(IdentifierError::NotWireAddress)?;
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(IdentifierError::NotWireAddress);
        }
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| IdentifierError::NotWireAddress)?;
        Ok(Self(bytes))
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for EthereumAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for EthereumAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EthereumAddress({self})")
    }
}

/// A passkey: its public key as it was carried, SEC1 compressed or not. The two forms of one key are two
/// identifiers (PROTOCOL.md 1.1). The relying party is a note and no part of the identity (1.3).
#[derive(Clone)]
pub struct PasskeyKey {
    key: Vec<u8>,
    relying_party: Option<String>,
}

impl PasskeyKey {
    /// Takes the public key's bytes and the relying party, if it is known.
    #[must_use]
    pub const fn new(key: Vec<u8>, relying_party: Option<String>) -> Self {
        Self { key, relying_party }
    }

    /// The public key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.key
    }

    /// The site or app that the passkey was made for, if it is known.
    #[must_use]
    pub fn relying_party(&self) -> Option<&str> {
        self.relying_party.as_deref()
    }
}

impl PartialEq for PasskeyKey {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for PasskeyKey {}

impl PartialOrd for PasskeyKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PasskeyKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for PasskeyKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for PasskeyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.key))
    }
}

impl fmt::Debug for PasskeyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasskeyKey({self})")
    }
}

/// The kind of an [`Identifier`] (`xmtp.identity.associations.IdentifierKind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// An Ethereum account.
    Ethereum,
    /// A passkey.
    Passkey,
}

impl IdentifierKind {
    /// Reads the number of the wire; 0, "unspecified", is Ethereum (PROTOCOL.md 1.3).
    ///
    /// # Errors
    /// [`IdentifierError::UnknownKind`].
    pub const fn from_wire(number: i32) -> Result<Self, IdentifierError> {
        match number {
            0 | 1 => Ok(Self::Ethereum),
            2 => Ok(Self::Passkey),
            unknown => Err(IdentifierError::UnknownKind(unknown)),
        }
    }

    /// The number of the wire.
    #[must_use]
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Ethereum => 1,
            Self::Passkey => 2,
        }
    }
}

/// What a person is known by. Its text is what inbox ids are made from and what is looked up on the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// An Ethereum account, of a key or of a contract.
    Ethereum(EthereumAddress),
    /// A passkey.
    Passkey(PasskeyKey),
}

impl Identifier {
    /// Reads the text and kind by which the wire names an identifier.
    ///
    /// # Errors
    /// [`IdentifierError`] when the text is not exactly what [`Identifier`] would print.
    pub fn from_wire(
        text: &str,
        kind: IdentifierKind,
        relying_party: Option<String>,
    ) -> Result<Self, IdentifierError> {
        match kind {
            IdentifierKind::Ethereum => EthereumAddress::from_wire(text).map(Self::Ethereum),
            IdentifierKind::Passkey => {
                if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
                    return Err(IdentifierError::NotPasskey);
                }
                let key = hex::decode(text).map_err(|_| IdentifierError::NotPasskey)?;
                Ok(Self::Passkey(PasskeyKey::new(key, relying_party)))
            }
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> IdentifierKind {
        match self {
            Self::Ethereum(_) => IdentifierKind::Ethereum,
            Self::Passkey(_) => IdentifierKind::Passkey,
        }
    }

    /// The relying party of a passkey, if it is known.
    #[must_use]
    pub fn relying_party(&self) -> Option<&str> {
        match self {
            Self::Ethereum(_) => None,
            Self::Passkey(passkey) => passkey.relying_party(),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ethereum(address) => address.fmt(f),
            Self::Passkey(passkey) => passkey.fmt(f),
        }
    }
}

impl From<EthereumAddress> for Identifier {
    fn from(address: EthereumAddress) -> Self {
        Self::Ethereum(address)
    }
}

impl From<PasskeyKey> for Identifier {
    fn from(passkey: PasskeyKey) -> Self {
        Self::Passkey(passkey)
    }
}

/// What a member of an inbox is known by: an identifier of the person, or one of their installations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberIdentifier {
    /// An Ethereum account.
    Ethereum(EthereumAddress),
    /// An installation.
    Installation(InstallationId),
    /// A passkey.
    Passkey(PasskeyKey),
}

impl MemberIdentifier {
    /// Reads the member identifier of a protobuf message.
    ///
    /// # Errors
    /// [`IdentifierError`] when it is absent or malformed.
    pub fn from_wire(member: wire::MemberIdentifier) -> Result<Self, IdentifierError> {
        use wire::member_identifier::Kind;
        match member.kind.ok_or(IdentifierError::Missing)? {
            Kind::EthereumAddress(text) => EthereumAddress::from_wire(&text).map(Self::Ethereum),
            Kind::InstallationPublicKey(key) => InstallationId::from_slice(&key)
                .map(Self::Installation)
                .map_err(|_| IdentifierError::InstallationLength(key.len())),
            Kind::Passkey(passkey) => Ok(Self::Passkey(PasskeyKey::new(passkey.key, passkey.relying_party))),
        }
    }

    /// The protobuf message.
    #[must_use]
    pub fn to_wire(&self) -> wire::MemberIdentifier {
        use wire::member_identifier::Kind;
        let kind = match self {
            Self::Ethereum(address) => Kind::EthereumAddress(address.to_string()),
            Self::Installation(id) => Kind::InstallationPublicKey(id.to_vec()),
            Self::Passkey(passkey) => Kind::Passkey(wire::Passkey {
                key: passkey.key.clone(),
                relying_party: passkey.relying_party.clone(),
            }),
        };
        wire::MemberIdentifier { kind: Some(kind) }
    }

    /// The identifier of the person, unless this is an installation.
    #[must_use]
    pub fn as_identifier(&self) -> Option<Identifier> {
        match self {
            Self::Ethereum(address) => Some(Identifier::Ethereum(*address)),
            Self::Installation(_) => None,
            Self::Passkey(passkey) => Some(Identifier::Passkey(passkey.clone())),
        }
    }

    /// The installation, if this is one.
    #[must_use]
    pub const fn as_installation(&self) -> Option<InstallationId> {
        match self {
            Self::Installation(id) => Some(*id),
            Self::Ethereum(_) | Self::Passkey(_) => None,
        }
    }
}

impl fmt::Display for MemberIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ethereum(address) => address.fmt(f),
            Self::Installation(id) => id.fmt(f),
            Self::Passkey(passkey) => passkey.fmt(f),
        }
    }
}

impl From<Identifier> for MemberIdentifier {
    fn from(identifier: Identifier) -> Self {
        match identifier {
            Identifier::Ethereum(address) => Self::Ethereum(address),
            Identifier::Passkey(passkey) => Self::Passkey(passkey),
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
