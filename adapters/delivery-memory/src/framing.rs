//! What a server reads of MLS messages: their clear framing, and nothing else (RFC 9420 sections 5.1, 6, 10).

use hexmtp_domain::{GroupId, InstallationId, Originator};
use thiserror::Error;

/// `ProtocolVersion mls10` (RFC 9420 section 6).
const MLS_10: u16 = 1;
/// `WireFormat mls_private_message` (RFC 9420 section 6).
const PRIVATE_MESSAGE: u16 = 2;

/// Why bytes are not the MLS structure that the network expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum FramingError {
    #[error("the message ends too early")]
    Truncated,
    #[error("a length is not in its shortest form")]
    Length,
    #[error("there are bytes after the message")]
    Trailing,
    #[error("the message is not of MLS version 1.0")]
    Version,
    #[error("the message is not a private message")]
    NotPrivate,
    #[error("the message names another group")]
    OtherGroup,
    #[error("unknown content type")]
    ContentType,
    #[error("the signature key is not an installation's")]
    SignatureKey,
}

/// Checks the framing of a private message and says who numbers it: commits are a chain of their own, so that
/// clients can tell them apart in their cursors (PROTOCOL.md 6.2).
pub(crate) fn classify(group_id: GroupId, message: &[u8]) -> Result<Originator, FramingError> {
    let mut reader = Reader(message);
    if reader.u16()? != MLS_10 {
        return Err(FramingError::Version);
    }
    if reader.u16()? != PRIVATE_MESSAGE {
        return Err(FramingError::NotPrivate);
    }
    if reader.vector()? != group_id.as_bytes() {
        return Err(FramingError::OtherGroup);
    }
    let _epoch = reader.bytes(8)?;
    let originator = match reader.u8()? {
        1 | 2 => Originator::APPLICATION_MESSAGES,
        3 => Originator::COMMITS,
        _ => return Err(FramingError::ContentType),
    };
    let _authenticated_data = reader.vector()?;
    let _encrypted_sender_data = reader.vector()?;
    let _ciphertext = reader.vector()?;
    if reader.0.is_empty() { Ok(originator) } else { Err(FramingError::Trailing) }
}

/// The installation that a key package belongs to: the signature key of its leaf. The signatures and the rest
/// of the package are for those who use it to check (PROTOCOL.md 2.2).
pub(crate) fn key_package_owner(key_package: &[u8]) -> Result<InstallationId, FramingError> {
    let mut reader = Reader(key_package);
    if reader.u16()? != MLS_10 {
        return Err(FramingError::Version);
    }
    let _ciphersuite = reader.u16()?;
    let _init_key = reader.vector()?;
    let _encryption_key = reader.vector()?;
    InstallationId::from_slice(reader.vector()?).map_err(|_| FramingError::SignatureKey)
}

/// Reads the TLS presentation language; never beyond the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], FramingError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FramingError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<u64, FramingError> {
        Ok(self.bytes(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn u8(&mut self) -> Result<u8, FramingError> {
        self.bytes(1)?.first().copied().ok_or(FramingError::Truncated)
    }

    fn u16(&mut self) -> Result<u16, FramingError> {
        u16::try_from(self.number(2)?).map_err(|_| FramingError::Length)
    }

    /// A vector with a length of variable size (RFC 9420 section 2.1.2): the two highest bits give the size.
    fn vector(&mut self) -> Result<&'a [u8], FramingError> {
        let (width, shortest) = match self.0.first().ok_or(FramingError::Truncated)? >> 6 {
            0 => (1, 0),
            1 => (2, 1 << 6),
            2 => (4, 1 << 14),
            _ => return Err(FramingError::Length),
        };
        let length = self.number(width)? & ((1 << (8 * width - 2)) - 1);
        if length < shortest {
            return Err(FramingError::Length);
        }
        self.bytes(usize::try_from(length).map_err(|_| FramingError::Length)?)
    }
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
