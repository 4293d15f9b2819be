//! Identifiers: what a person is known by.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;

use super::EthereumAddress;

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
    #[error("a passkey is written in hexadecimal digits")]
    NotPasskey,
    /// The number does not stand for a kind of identifier.
    #[error("no kind of identifier has the number {0}")]
    UnknownKind(i32),
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
            Self::Missing => "identity.missing_identifier",
        }
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
    /// Text in the place of an address that is no address in the one spelling of the wire. No signature yields such a
    /// signer, so nobody can join or recover by it. Official clients let a recovery identifier be one and let it be
    /// revoked, and whoever refused that would see other members in the inbox than they do (PROTOCOL.md 1.1).
    Unclaimable(String),
}

impl Identifier {
    /// Reads the text and kind by which the wire names an identifier. Every text names an Ethereum account, if only one
    /// that nobody can claim; a passkey's digits may have any case.
    ///
    /// # Errors
    /// [`IdentifierError::NotPasskey`] when the key is not in hexadecimal digits.
    pub fn from_wire(
        text: &str,
        kind: IdentifierKind,
        relying_party: Option<String>,
    ) -> Result<Self, IdentifierError> {
        match kind {
            IdentifierKind::Ethereum => Ok(EthereumAddress::from_wire(text)
                .map_or_else(|_| Self::Unclaimable(text.to_owned()), Self::Ethereum)),
            IdentifierKind::Passkey => {
                let key = hex::decode(text).map_err(|_| IdentifierError::NotPasskey)?;
                Ok(Self::Passkey(PasskeyKey::new(key, relying_party)))
            }
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> IdentifierKind {
        match self {
            Self::Ethereum(_) | Self::Unclaimable(_) => IdentifierKind::Ethereum,
            Self::Passkey(_) => IdentifierKind::Passkey,
        }
    }

    /// The relying party of a passkey, if it is known.
    #[must_use]
    pub fn relying_party(&self) -> Option<&str> {
        match self {
            Self::Ethereum(_) | Self::Unclaimable(_) => None,
            Self::Passkey(passkey) => passkey.relying_party(),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ethereum(address) => address.fmt(f),
            Self::Passkey(passkey) => passkey.fmt(f),
            Self::Unclaimable(text) => f.write_str(text),
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
