//! Ethereum addresses.

use std::fmt;

use super::IdentifierError;

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
