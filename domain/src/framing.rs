//! What a server reads of MLS messages: their clear framing, and nothing else (RFC 9420 sections 5.1, 6, 10).

use thiserror::Error;

use crate::{Epoch, GroupId, InstallationId, Originator};

/// `ProtocolVersion mls10` (RFC 9420 section 6).
const MLS_10: u16 = 1;
/// `WireFormat mls_private_message` (RFC 9420 section 6).
const PRIVATE_MESSAGE: u16 = 2;

/// Why bytes are not the MLS structure that the network expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FramingError {
    /// The bytes end within a field.
    #[error("the message ends too early")]
    Truncated,
    /// A length is not in its shortest form, or too large.
    #[error("a length is not in its shortest form")]
    Length,
    /// Bytes follow the message.
    #[error("there are bytes after the message")]
    Trailing,
    /// Another version of MLS.
    #[error("the message is not of MLS version 1.0")]
    Version,
    /// Another wire format.
    #[error("the message is not a private message")]
    NotPrivate,
    /// The group id is not of XMTP's length.
    #[error("the message names a group with an id of another length")]
    GroupId,
    /// The message belongs to another group.
    #[error("the message names another group")]
    OtherGroup,
    /// Neither application message nor proposal nor commit.
    #[error("unknown content type")]
    ContentType,
    /// The leaf's signature key has another length.
    #[error("the signature key is not an installation's")]
    SignatureKey,
}

impl FramingError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "framing.truncated",
            Self::Length => "framing.length",
            Self::Trailing => "framing.trailing",
            Self::Version => "framing.version",
            Self::NotPrivate => "framing.not_private",
            Self::GroupId => "framing.group_id",
            Self::OtherGroup => "framing.other_group",
            Self::ContentType => "framing.content_type",
            Self::SignatureKey => "framing.signature_key",
        }
    }
}

/// What a private message says in clear about its content (RFC 9420 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// An application message.
    Application,
    /// A proposal.
    Proposal,
    /// A commit.
    Commit,
}

impl ContentType {
    /// Who numbers such messages: commits are a chain of their own, so that clients can tell them apart in their
    /// cursors (PROTOCOL.md 6.2).
    #[must_use]
    pub const fn originator(self) -> Originator {
        match self {
            Self::Application | Self::Proposal => Originator::APPLICATION_MESSAGES,
            Self::Commit => Originator::COMMITS,
        }
    }
}

/// The clear part of a private message (RFC 9420 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateMessageFraming {
    /// The group.
    pub group_id: GroupId,
    /// The epoch that the message was made in.
    pub epoch: Epoch,
    /// What is in it.
    pub content_type: ContentType,
}

/// Reads the framing of an `MLSMessage` that must hold a whole private message and nothing else.
///
/// # Errors
/// [`FramingError`] says what is wrong with the bytes.
pub fn private_message(message: &[u8]) -> Result<PrivateMessageFraming, FramingError> {
    let mut reader = Reader(message);
    if reader.u16()? != MLS_10 {
        return Err(FramingError::Version);
    }
    if reader.u16()? != PRIVATE_MESSAGE {
        return Err(FramingError::NotPrivate);
    }
    let group_id = GroupId::from_slice(reader.vector()?).map_err(|_| FramingError::GroupId)?;
    let epoch = Epoch(reader.number(8)?);
    let content_type = match reader.u8()? {
        1 => ContentType::Application,
        2 => ContentType::Proposal,
        3 => ContentType::Commit,
        _ => return Err(FramingError::ContentType),
    };
    let _authenticated_data = reader.vector()?;
    let _encrypted_sender_data = reader.vector()?;
    let _ciphertext = reader.vector()?;
    if !reader.0.is_empty() {
        return Err(FramingError::Trailing);
    }
    Ok(PrivateMessageFraming { group_id, epoch, content_type })
}

/// Checks the framing of a private message of `group_id` and says who numbers it.
///
/// # Errors
/// [`FramingError`], also when the message names another group.
pub fn classify(group_id: GroupId, message: &[u8]) -> Result<Originator, FramingError> {
    let framing = private_message(message)?;
    if framing.group_id != group_id {
        return Err(FramingError::OtherGroup);
    }
    Ok(framing.content_type.originator())
}

/// The installation that a key package belongs to: the signature key of its leaf. The signatures and the rest
/// of the package are for those who use it to check (PROTOCOL.md 2.2).
///
/// # Errors
/// [`FramingError`] when the bytes do not begin as a key package does.
pub fn key_package_owner(key_package: &[u8]) -> Result<InstallationId, FramingError> {
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
