//! Failures of sending and of changing a conversation.

use hexmtp_domain::group::commit_rules::CommitViolation;
use hexmtp_domain::group::context::GroupContextError;
use hexmtp_domain::group::leaving::LeaveViolation;
use hexmtp_domain::group::membership::MembershipError;
use hexmtp_domain::group::mutable_metadata::TooLong;
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{GroupId, InboxId};
use hexmtp_ports::Retry;
use hexmtp_ports::delivery::DeliveryError;
use hexmtp_ports::identity_log::IdentityLogError;
use hexmtp_ports::mls::MlsError;
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::store::StoreError;
use hexmtp_ports::welcome_crypto::WelcomeCryptoError;
use thiserror::Error;

use crate::error::port::from_ports;
use crate::error::{IdentityError, PortError, SyncError};

/// Why a message was not sent, or a conversation not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The state of an inbox is not known.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The conversation could not be brought up to date.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The stored state of the group cannot be read.
    #[error(transparent)]
    Context(#[from] GroupContextError),
    /// The membership cannot be changed so.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// The rules of the group forbid the change.
    #[error(transparent)]
    Refused(#[from] CommitViolation),
    /// This inbox cannot leave the conversation.
    #[error(transparent)]
    CannotLeave(#[from] LeaveViolation),
    /// This inbox has asked to leave the conversation, which cannot be taken back.
    #[error("this inbox is leaving the conversation")]
    Leaving,
    /// There is no such conversation.
    #[error("there is no conversation {0}")]
    UnknownConversation(GroupId),
    /// The own inbox has revoked this installation. It can read what it has, and send nothing any more.
    #[error("this installation was revoked")]
    InstallationRevoked,
    /// This installation is no longer a member.
    #[error("this installation is not a member of the conversation")]
    NotAMember,
    /// The conversation asks for a newer version of the protocol.
    #[error("the conversation asks for protocol version {minimum}")]
    Paused {
        /// The version asked for.
        minimum: String,
    },
    /// This installation lost step with the group and has to be added anew.
    #[error("this installation has to be added to the conversation anew ({code})")]
    NeedsReadd {
        /// The code of the error that it lost step with.
        code: String,
    },
    /// Nobody has these identifiers.
    #[error("{} identifiers belong to no inbox", .0.len())]
    UnknownIdentifiers(Vec<Identifier>),
    /// These inboxes are unknown to the network.
    #[error("{} inboxes are unknown to the network", .0.len())]
    UnknownInboxes(Vec<InboxId>),
    /// A DM needs somebody else.
    #[error("a direct conversation with oneself is not possible")]
    DmWithOneself,
    /// The group's policies forbid it, or the kind of conversation does.
    #[error("the rules of the conversation forbid this: {0}")]
    NotPermitted(&'static str),
    /// A text is longer than its field allows.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// It was given up for good; the code is that of the reason.
    #[error("the change failed ({code})")]
    Failed {
        /// The code of the reason.
        code: String,
    },
    /// It is stored and not settled yet; a later sync goes on with it.
    #[error("the change is stored and not settled yet")]
    Unsettled,
}

from_ports!(ChangeError: StoreError, DeliveryError, IdentityLogError, MlsError, EntropyError, WelcomeCryptoError);

impl ChangeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Sync(error) => error.code(),
            Self::Context(error) => error.code(),
            Self::Membership(error) => error.code(),
            Self::Refused(error) => error.code(),
            Self::CannotLeave(violation) => violation.code(),
            Self::Leaving => "change.leaving",
            Self::UnknownConversation(_) => "change.unknown_conversation",
            Self::InstallationRevoked => "change.installation_revoked",
            Self::NotAMember => "change.not_a_member",
            Self::Paused { .. } => "change.paused",
            Self::NeedsReadd { .. } => "change.needs_readd",
            Self::UnknownIdentifiers(_) => "change.unknown_identifiers",
            Self::UnknownInboxes(_) => "change.unknown_inboxes",
            Self::DmWithOneself => "change.dm_with_oneself",
            Self::NotPermitted(_) => "change.not_permitted",
            Self::TooLong(error) => error.code(),
            Self::Failed { .. } => "change.failed",
            Self::Unsettled => "change.unsettled",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Port(error) => error.retry(),
            Self::Identity(error) => error.retry(),
            Self::Sync(error) => error.retry(),
            Self::Paused { .. } => Retry::AfterUpgrade,
            Self::Unsettled => Retry::AfterSync,
            _ => Retry::Never,
        }
    }
}
