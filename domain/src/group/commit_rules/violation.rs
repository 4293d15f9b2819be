//! Why a commit is refused.

use thiserror::Error;

use crate::group::context::GroupContextError;
use crate::group::membership::UnknownState;
use crate::group::mutable_metadata::TooLong;
use crate::ids::{InboxId, InstallationId};

/// The rule that a commit breaks. It is discarded, and the group stays in its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommitViolation {
    /// It has a proposal that XMTP does not allow.
    #[error("a commit may not have a proposal of type {0}")]
    ForbiddenProposal(&'static str),
    /// Its maker has no leaf.
    #[error("the maker of the commit is not in the group")]
    CommitterNotAMember,
    /// The extensions that it sets cannot be read.
    #[error(transparent)]
    Context(#[from] GroupContextError),
    /// It changes the extension `0xf000`.
    #[error("the commit changes the immutable metadata")]
    ImmutableMetadataChanged,
    /// It follows an identity log backwards.
    #[error("the sequence id of inbox {0} goes down")]
    SequenceIdDecreased(InboxId),
    /// It adds an inbox at sequence id zero, or removes one that is there.
    #[error("inbox {0} comes or goes without a sequence id")]
    NoSequenceId(InboxId),
    /// The inbox of the committer or of an updated leaf is not in the membership afterwards.
    #[error("inbox {0} makes or concerns the commit and is not in the membership")]
    NotInMembership(InboxId),
    /// The committer or an updated leaf claims an inbox that does not have its installation.
    #[error("a leaf claims inbox {0} wrongly")]
    InvalidCredential(InboxId),
    /// The identity log has no update where the membership says.
    #[error(transparent)]
    UnknownState(#[from] UnknownState),
    /// It adds an installation that the identity logs do not imply.
    #[error("installation {0} is added without reason")]
    UnexpectedInstallationAdded(InstallationId),
    /// It removes an installation that the identity logs do not imply.
    #[error("installation {0} is removed without reason")]
    UnexpectedInstallationRemoved(InstallationId),
    /// It leaves an installation in that the identity logs want removed.
    #[error("installation {0} is not removed")]
    InstallationNotRemoved(InstallationId),
    /// It sets an attribute to a value that is too long.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The policies do not let its maker do this.
    #[error("the maker of the commit may not {0}")]
    NotPermitted(&'static str),
    /// The minimum version of the group is not a version.
    #[error("the minimum version is not a semantic version")]
    MalformedVersion,
}

impl CommitViolation {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ForbiddenProposal(_) => "commit.forbidden_proposal",
            Self::CommitterNotAMember => "commit.committer_not_a_member",
            Self::Context(error) => error.code(),
            Self::ImmutableMetadataChanged => "commit.immutable_metadata_changed",
            Self::SequenceIdDecreased(_) => "commit.sequence_id_decreased",
            Self::NoSequenceId(_) => "commit.no_sequence_id",
            Self::NotInMembership(_) => "commit.not_in_membership",
            Self::InvalidCredential(_) => "commit.invalid_credential",
            Self::UnknownState(error) => error.code(),
            Self::UnexpectedInstallationAdded(_) => "commit.unexpected_installation_added",
            Self::UnexpectedInstallationRemoved(_) => "commit.unexpected_installation_removed",
            Self::InstallationNotRemoved(_) => "commit.installation_not_removed",
            Self::TooLong(error) => error.code(),
            Self::NotPermitted(_) => "commit.not_permitted",
            Self::MalformedVersion => "commit.malformed_version",
        }
    }
}
