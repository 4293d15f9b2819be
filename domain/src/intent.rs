//! Intents: what this installation wants to do to a group, kept until the network's log has settled it.
//!
//! An intent is stored before anything is sent. Its payload is stored before it is published, and the
//! published bytes never change: when an answer is lost they are sent again, and every receiver, the network
//! included, recognises them (PROTOCOL.md 4.1).

use std::fmt;

use hexmtp_proto::xmtp::mls::database as wire;
use prost::Message;
use thiserror::Error;

use crate::ids::{Epoch, InboxId, PayloadHash};
use crate::welcome::PostCommit;

/// The identity of an intent within its store: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub [u8; 16]);

impl fmt::Debug for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntentId({})", hex::encode(self.0))
    }
}

/// What is intended.
#[derive(Clone, PartialEq, Eq)]
pub enum Intent {
    /// Send an application message: the serialized `PlaintextEnvelope`.
    SendMessage {
        /// What MLS encrypts.
        envelope: Vec<u8>,
    },
    /// Replace the own leaf's keys by a commit without proposals.
    KeyUpdate,
    /// Set one attribute of the mutable metadata.
    UpdateMetadata {
        /// The attribute's name (PROTOCOL.md 4.2).
        field: String,
        /// Its new value.
        value: String,
    },
    /// Add and remove inboxes, and follow the installations of all members. With both lists empty it only
    /// follows installations.
    UpdateMembership {
        /// Inboxes to add.
        add: Vec<InboxId>,
        /// Inboxes to remove.
        remove: Vec<InboxId>,
    },
    /// Remove the members that have asked to leave. Who that is, is looked up when the commit is made: another
    /// super admin may have been faster, and a leaver may have come back.
    RemoveLeavers,
}

/// Kinds from here on are our own; the reference counts up from one.
const OWN_KINDS: i16 = 100;
const REMOVE_LEAVERS: i16 = OWN_KINDS;

/// Without what people wrote.
impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SendMessage { envelope } => write!(f, "SendMessage({} bytes)", envelope.len()),
            Self::KeyUpdate => f.write_str("KeyUpdate"),
            Self::UpdateMetadata { field, value } => {
                write!(f, "UpdateMetadata({field}, {} bytes)", value.len())
            }
            Self::UpdateMembership { add, remove } => {
                f.debug_struct("UpdateMembership").field("add", add).field("remove", remove).finish()
            }
            Self::RemoveLeavers => f.write_str("RemoveLeavers"),
        }
    }
}

/// Stored bytes do not describe an intent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("stored bytes do not describe an intent of kind {kind}")]
pub struct IntentDecodeError {
    /// The stored kind.
    pub kind: i16,
}

impl Intent {
    /// The number of the kind, as stored.
    #[must_use]
    pub const fn kind(&self) -> i16 {
        match self {
            Self::SendMessage { .. } => 1,
            Self::KeyUpdate => 2,
            Self::UpdateMetadata { .. } => 3,
            Self::UpdateMembership { .. } => 4,
            Self::RemoveLeavers => REMOVE_LEAVERS,
        }
    }

    /// Whether the intent is carried out by a commit, and not by an application message.
    #[must_use]
    pub const fn is_commit(&self) -> bool {
        !matches!(self, Self::SendMessage { .. })
    }

    /// The intent's data as stored beside its kind.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::SendMessage { envelope } => {
                let v1 = wire::send_message_data::V1 { payload_bytes: envelope.clone() };
                let version = Some(wire::send_message_data::Version::V1(v1));
                wire::SendMessageData { version }.encode_to_vec()
            }
            Self::KeyUpdate | Self::RemoveLeavers => Vec::new(),
            Self::UpdateMetadata { field, value } => {
                let v1 = wire::update_metadata_data::V1 {
                    field_name: field.clone(),
                    field_value: value.clone(),
                    expected_field_value: None,
                };
                let version = Some(wire::update_metadata_data::Version::V1(v1));
                wire::UpdateMetadataData { version }.encode_to_vec()
            }
            Self::UpdateMembership { add, remove } => {
                let v1 = wire::update_group_membership_data::V1 {
                    membership_updates: add.iter().map(|inbox| (inbox.to_string(), 0)).collect(),
                    removed_members: remove.iter().map(ToString::to_string).collect(),
                    failed_installations: Vec::new(),
                };
                let version = Some(wire::update_group_membership_data::Version::V1(v1));
                wire::UpdateGroupMembershipData { version }.encode_to_vec()
            }
        }
    }

    /// Reads what [`Intent::kind`] and [`Intent::encode`] gave.
    ///
    /// # Errors
    /// [`IntentDecodeError`] for an unknown kind or malformed data.
    pub fn decode(kind: i16, data: &[u8]) -> Result<Self, IntentDecodeError> {
        let malformed = IntentDecodeError { kind };
        match kind {
            1 => match wire::SendMessageData::decode(data).map_err(|_| malformed.clone())?.version {
                Some(wire::send_message_data::Version::V1(v1)) => {
                    Ok(Self::SendMessage { envelope: v1.payload_bytes })
                }
                None => Err(malformed),
            },
            2 if data.is_empty() => Ok(Self::KeyUpdate),
            3 => match wire::UpdateMetadataData::decode(data).map_err(|_| malformed.clone())?.version {
                Some(wire::update_metadata_data::Version::V1(v1)) => {
                    Ok(Self::UpdateMetadata { field: v1.field_name, value: v1.field_value })
                }
                None => Err(malformed),
            },
            4 => {
                match wire::UpdateGroupMembershipData::decode(data).map_err(|_| malformed.clone())?.version {
                    Some(wire::update_group_membership_data::Version::V1(v1)) => {
                        let add = v1.membership_updates.keys().map(|id| id.parse()).collect::<Result<_, _>>();
                        let remove = v1.removed_members.iter().map(|id| id.parse()).collect::<Result<_, _>>();
                        match (add, remove) {
                            (Ok(add), Ok(remove)) => Ok(Self::UpdateMembership { add, remove }),
                            _ => Err(malformed),
                        }
                    }
                    None => Err(malformed),
                }
            }
            REMOVE_LEAVERS if data.is_empty() => Ok(Self::RemoveLeavers),
            _ => Err(malformed),
        }
    }
}

/// The payload of an intent, fixed and ready to be published any number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedPayload {
    /// The TLS encoding of the `MLSMessage`.
    pub data: Vec<u8>,
    /// SHA-256 of `data`.
    pub hash: PayloadHash,
    /// The epoch in which it was made.
    pub epoch: Epoch,
    /// The welcomes to send once the commit is confirmed.
    pub post_commit: Option<PostCommit>,
}

/// How far an intent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntentState {
    /// Wanted; no payload exists, or an earlier one can no longer succeed.
    ToPublish,
    /// A payload is stored and may have been published.
    Published,
    /// The commit was read back from the log and merged; its welcomes are still to be sent.
    Committed,
    /// Done.
    Processed,
    /// Given up; the reason is stored beside it.
    Failed,
}

impl IntentState {
    /// The number of the state, as stored.
    #[must_use]
    pub const fn to_stored(self) -> i16 {
        match self {
            Self::ToPublish => 1,
            Self::Published => 2,
            Self::Committed => 3,
            Self::Failed => 4,
            Self::Processed => 5,
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub const fn from_stored(number: i16) -> Option<Self> {
        Some(match number {
            1 => Self::ToPublish,
            2 => Self::Published,
            3 => Self::Committed,
            4 => Self::Failed,
            5 => Self::Processed,
            _ => return None,
        })
    }

    /// Whether nothing remains to be done.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Processed | Self::Failed)
    }
}

/// What happened to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentEvent {
    /// A payload was made and is stored in the same unit of work.
    Staged,
    /// The intent turned out to need no payload.
    NothingToDo,
    /// The own payload was read back from the log and applied; `welcomes` tells whether some are to be sent.
    Confirmed {
        /// Whether the commit added installations.
        welcomes: bool,
    },
    /// The log made the payload impossible: another commit ended its epoch first.
    LostRace,
    /// The welcomes were sent.
    WelcomesSent,
    /// It cannot succeed: the network refused the payload, or the group's rules forbid it.
    GaveUp,
}

/// An event that cannot happen in this state: a defect of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an intent in state {state:?} cannot meet {event:?}")]
pub struct IntentTransitionError {
    /// The state.
    pub state: IntentState,
    /// The event.
    pub event: IntentEvent,
}

impl IntentState {
    /// The state after an event (rule R-INT-001).
    ///
    /// # Errors
    /// [`IntentTransitionError`] when the event cannot happen in this state.
    pub const fn after(self, event: IntentEvent) -> Result<Self, IntentTransitionError> {
        Ok(match (self, event) {
            (Self::ToPublish, IntentEvent::Staged) => Self::Published,
            (Self::ToPublish, IntentEvent::NothingToDo) => Self::Processed,
            (Self::Published, IntentEvent::Confirmed { welcomes: true }) => Self::Committed,
            (Self::Published, IntentEvent::Confirmed { welcomes: false }) => Self::Processed,
            (Self::Published, IntentEvent::LostRace) => Self::ToPublish,
            (Self::Committed, IntentEvent::WelcomesSent) => Self::Processed,
            (Self::ToPublish | Self::Published | Self::Committed, IntentEvent::GaveUp) => Self::Failed,
            (state, event) => return Err(IntentTransitionError { state, event }),
        })
    }
}
