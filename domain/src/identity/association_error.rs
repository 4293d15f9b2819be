//! The rules of the association state that an update can break.

use thiserror::Error;

use super::{SignatureError, SignatureKind};

/// Why an update does not apply to an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssociationError {
    /// The inbox exists already.
    #[error("the inbox is created a second time")]
    AlreadyCreated,
    /// The inbox does not exist yet.
    #[error("the inbox is not created yet")]
    NotCreated,
    /// The creation is not signed by the identifier that the inbox is made from.
    #[error("the creation is not signed by the initial identifier")]
    NotSignedByCreator,
    /// The new member did not sign its own addition.
    #[error("the addition is not signed by the new member")]
    NotSignedByNewMember,
    /// A member would be its own sponsor.
    #[error("a member cannot add itself")]
    AddsItself,
    /// The signer of an addition is neither a member nor the recovery identifier.
    #[error("the addition is not signed by a member or by the recovery identifier")]
    NotSignedByMember,
    /// An installation would add an installation.
    #[error("an installation cannot add an installation")]
    InstallationAddsInstallation,
    /// The signer is not the recovery identifier.
    #[error("the action is not signed by the recovery identifier")]
    NotSignedByRecovery,
    /// A signature was used in an earlier update.
    #[error("a signature of an earlier update is used again")]
    Replay,
    /// A legacy signature is used where it does not count.
    #[error("a legacy signature is not allowed here")]
    LegacyNotAllowed,
    /// The kind of signature does not fit the kind of member.
    #[error("a signature of kind {0} cannot speak for this kind of member")]
    KindNotAllowed(SignatureKind),
    /// A member signed on another chain than the one it was added on, or on one although it was added without.
    #[error("the member signed on another chain than the one it was added on")]
    ChainMismatch,
    /// The update names another inbox than the one it leads to.
    #[error("the update belongs to another inbox")]
    WrongInbox,
    /// The inbox would have more installations than it should. Only who lets an update into a log asks for that.
    #[error("the inbox would have more installations than it should")]
    TooManyInstallations,
    /// A signature is unusable.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl AssociationError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyCreated => "identity.already_created",
            Self::NotCreated => "identity.not_created",
            Self::NotSignedByCreator => "identity.not_signed_by_creator",
            Self::NotSignedByNewMember => "identity.not_signed_by_new_member",
            Self::AddsItself => "identity.adds_itself",
            Self::NotSignedByMember => "identity.not_signed_by_member",
            Self::InstallationAddsInstallation => "identity.installation_adds_installation",
            Self::NotSignedByRecovery => "identity.not_signed_by_recovery",
            Self::Replay => "identity.replay",
            Self::LegacyNotAllowed => "identity.legacy_not_allowed",
            Self::KindNotAllowed(_) => "identity.kind_not_allowed",
            Self::ChainMismatch => "identity.chain_mismatch",
            Self::WrongInbox => "identity.wrong_inbox",
            Self::TooManyInstallations => "identity.too_many_installations",
            Self::Signature(error) => error.code(),
        }
    }
}
