//! What is fixed when a conversation is created: the extension `0xf000` (PROTOCOL.md 2.4).

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;

use crate::group::kind::ConversationKind;
use crate::group::varint::{decode_vector, encode_vector};
use crate::ids::{IdError, InboxId};

/// The extension type.
pub const EXTENSION_ID: u16 = 0xf000;

/// The field number of `GroupMetadataV1.oneshot_message`.
const ONESHOT_FIELD: u32 = 5;

/// What never changes in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImmutableMetadata {
    /// What the conversation is for.
    pub kind: ConversationKind,
    /// Who created it.
    pub creator: InboxId,
    /// The two inboxes of a DM in the order of the wire: its creator, then the other one.
    pub dm_members: Option<(InboxId, InboxId)>,
    /// The message that a oneshot conversation carries: a serialized `OneshotMessage`.
    pub oneshot: Option<Vec<u8>>,
}

/// The data of an extension `0xf000` is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImmutableMetadataError {
    /// The extension data is not exactly one MLS vector.
    #[error("the immutable metadata is not one length-prefixed vector")]
    Framing,
    /// The vector does not hold the protobuf message.
    #[error("the immutable metadata is not a GroupMetadataV1")]
    Malformed,
    /// The kind of conversation is unspecified or unknown.
    #[error("unknown conversation type {0}")]
    UnknownKind(i32),
    /// An inbox id is not one.
    #[error("the immutable metadata names an inbox wrongly")]
    InboxId(#[from] IdError),
    /// Only one of the two inboxes of a DM is given.
    #[error("one of the two members of the DM is missing")]
    MissingDmMember,
    /// The metadata is longer than an MLS vector can be.
    #[error("the immutable metadata is too long")]
    TooLong,
}

impl ImmutableMetadataError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Framing => "group.immutable_metadata.framing",
            Self::Malformed => "group.immutable_metadata.malformed",
            Self::UnknownKind(_) => "group.immutable_metadata.unknown_kind",
            Self::InboxId(_) => "group.immutable_metadata.inbox_id",
            Self::MissingDmMember => "group.immutable_metadata.missing_dm_member",
            Self::TooLong => "group.immutable_metadata.too_long",
        }
    }
}

impl ImmutableMetadata {
    /// Whether an inbox is one of the two of a DM.
    #[must_use]
    pub fn is_dm_member(&self, inbox_id: InboxId) -> bool {
        self.dm_members.is_some_and(|(one, other)| inbox_id == one || inbox_id == other)
    }

    /// The extension data: an MLS vector that holds a `GroupMetadataV1`.
    ///
    /// # Errors
    /// [`ImmutableMetadataError::TooLong`] for a oneshot message of 2^30 bytes and more.
    pub fn encode(&self) -> Result<Vec<u8>, ImmutableMetadataError> {
        #[allow(deprecated, reason = "the deprecated field is part of the message and stays empty")]
        let message = wire::GroupMetadataV1 {
            conversation_type: self.kind.to_wire(),
            creator_account_address: String::new(),
            creator_inbox_id: self.creator.to_string(),
            dm_members: self.dm_members.map(|(one, other)| wire::DmMembers {
                dm_member_one: Some(wire::Inbox { inbox_id: one.to_string() }),
                dm_member_two: Some(wire::Inbox { inbox_id: other.to_string() }),
            }),
            oneshot_message: None,
        };
        let mut bytes = message.encode_to_vec();
        if let Some(oneshot) = &self.oneshot {
            // The message is kept serialized, so its field is written as the bytes that it is on the wire.
            prost::encoding::bytes::encode(ONESHOT_FIELD, oneshot, &mut bytes);
        }
        encode_vector(&bytes).ok_or(ImmutableMetadataError::TooLong)
    }

    /// Reads extension data.
    ///
    /// # Errors
    /// [`ImmutableMetadataError`] unless every part is as it should be.
    pub fn decode(data: &[u8]) -> Result<Self, ImmutableMetadataError> {
        let bytes = decode_vector(data).ok_or(ImmutableMetadataError::Framing)?;
        let message = wire::GroupMetadataV1::decode(bytes).map_err(|_| ImmutableMetadataError::Malformed)?;
        let kind = ConversationKind::from_wire(message.conversation_type)
            .ok_or(ImmutableMetadataError::UnknownKind(message.conversation_type))?;
        let dm_members = match message.dm_members {
            None => None,
            Some(wire::DmMembers { dm_member_one: Some(one), dm_member_two: Some(other) }) => {
                Some((one.inbox_id.parse()?, other.inbox_id.parse()?))
            }
            Some(_) => return Err(ImmutableMetadataError::MissingDmMember),
        };
        Ok(Self {
            kind,
            creator: message.creator_inbox_id.parse()?,
            dm_members,
            oneshot: message.oneshot_message.map(|oneshot| oneshot.encode_to_vec()),
        })
    }
}
