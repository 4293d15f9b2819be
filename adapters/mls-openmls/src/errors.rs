//! What OpenMLS's errors mean for the application.

use std::error::Error;

use hexmtp_domain::Epoch;
use hexmtp_ports::mls::MlsError;
use openmls::prelude::{
    KeyPackageVerifyError, MlsGroupStateError, ProcessMessageError, ProposalValidationError,
    StageCommitError, ValidationError, WelcomeError,
};
use openmls::treesync::errors::LeafNodeValidationError;
use thiserror::Error;

use crate::leaf::LeafError;
use crate::storage::StorageError;

/// What goes wrong in the adapter itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SessionError {
    #[error("no commit is staged")]
    NothingStaged,
    #[error("no commit is pending")]
    NothingPending,
    #[error("the sender is not a member of the group")]
    NotFromAMember,
    #[error("changes were asked for as of before a commit, but a message was sealed since")]
    SealedSinceCommit,
}

impl From<StorageError> for MlsError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotLoaded(row) | StorageError::NotKept(row) => Self::MissingRow(row),
            StorageError::Corrupt(_) => Self::CorruptRow(error.into()),
            StorageError::Encode(_) => Self::Backend(error.into()),
        }
    }
}

/// An error that this adapter does not tell apart.
pub(crate) fn backend<E: Error + Send + Sync + 'static>(error: E) -> MlsError {
    MlsError::Backend(error.into())
}

/// A peer's fault.
pub(crate) fn invalid<E: Error + Send + Sync + 'static>(error: E) -> MlsError {
    MlsError::Invalid(error.into())
}

/// A stored group with a leaf that does not say who it is.
pub(crate) fn corrupt(error: LeafError) -> MlsError {
    MlsError::CorruptRow(error.into())
}

/// Why a key package is refused, in words.
pub(crate) fn key_package(error: &KeyPackageVerifyError) -> MlsError {
    MlsError::InvalidKeyPackage(match error {
        KeyPackageVerifyError::LifetimeError(_) => "its lifetime does not hold now",
        KeyPackageVerifyError::MissingLifetime => "it has no lifetime",
        KeyPackageVerifyError::InvalidLeafNodeSignature => "the signature of its leaf is wrong",
        KeyPackageVerifyError::InvalidSignature => "its signature is wrong",
        KeyPackageVerifyError::UnsupportedExtension => "its leaf does not support its extensions",
        KeyPackageVerifyError::InitKeyEqualsEncryptionKey => "its init key is also its encryption key",
        KeyPackageVerifyError::InvalidProtocolVersion => "its protocol version is not 1.0",
        KeyPackageVerifyError::InvalidLeafNodeSourceType => "its leaf was not made for a key package",
        _ => "MLS refuses it",
    })
}

/// Why a message of a group was not accepted.
pub(crate) fn process(
    error: ProcessMessageError<StorageError>,
    message_epoch: Epoch,
    group_epoch: Epoch,
) -> MlsError {
    let wrong_epoch = MlsError::WrongEpoch { message: message_epoch, group: group_epoch };
    match error {
        ProcessMessageError::StorageError(error) => error.into(),
        ProcessMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction) => MlsError::NotAMember,
        ProcessMessageError::ValidationError(
            ValidationError::WrongEpoch | ValidationError::NoPastEpochData,
        )
        | ProcessMessageError::InvalidCommit(StageCommitError::EpochMismatch) => wrong_epoch,
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(error)) => {
            MlsError::Undecryptable(error.into())
        }
        ref error if is_expired_addition(error) => MlsError::ExpiredKeyPackageInCommit,
        error => invalid(error),
    }
}

/// OpenMLS checks the lifetimes of key packages that a received commit adds, official clients do not (OPENMLS.md 5).
fn is_expired_addition(error: &ProcessMessageError<StorageError>) -> bool {
    match error {
        ProcessMessageError::ValidationError(ValidationError::KeyPackageVerifyError(error)) => {
            matches!(error, KeyPackageVerifyError::LifetimeError(_))
        }
        ProcessMessageError::InvalidCommit(
            StageCommitError::LeafNodeValidation(error)
            | StageCommitError::ProposalValidationError(ProposalValidationError::LeafNodeValidation(error)),
        ) => matches!(error, LeafNodeValidationError::Lifetime(_)),
        _ => false,
    }
}

/// Why a welcome was not accepted.
pub(crate) fn welcome(error: WelcomeError<StorageError>) -> MlsError {
    match error {
        WelcomeError::StorageError(error) => error.into(),
        WelcomeError::NoMatchingKeyPackage | WelcomeError::JoinerSecretNotFound => {
            MlsError::NotForThisKeyPackage
        }
        WelcomeError::UnableToDecrypt | WelcomeError::GroupSecrets(_) | WelcomeError::GroupInfo(_) => {
            MlsError::Undecryptable(error.into())
        }
        error => invalid(error),
    }
}
