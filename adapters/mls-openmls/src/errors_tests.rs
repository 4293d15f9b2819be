use hexmtp_domain::Epoch;
use hexmtp_ports::mls::MlsError;
use openmls::framing::errors::MessageDecryptionError;
use openmls::prelude::{
    KeyPackageVerifyError, MlsGroupStateError, ProcessMessageError, ProposalValidationError,
    StageCommitError, ValidationError, WelcomeError,
};
use openmls::treesync::errors::{LeafNodeValidationError, LifetimeError};

use crate::errors::{process, welcome};
use crate::storage::StorageError;

const EXPIRED: LifetimeError = LifetimeError::Expired { not_after: 1, now: 2 };

/// R-MLS-011: the error of a commit that adds an expired key package is one of its own (OPENMLS.md 5). Whichever
/// check of OpenMLS finds it, and also when the lifetime has not begun.
#[test]
fn an_expired_addition_is_told_apart_from_every_other_fault() {
    let key_package =
        |error| ProcessMessageError::ValidationError(ValidationError::KeyPackageVerifyError(error));
    let leaf = |error| ProcessMessageError::InvalidCommit(StageCommitError::LeafNodeValidation(error));
    let proposal = |error| {
        let error = ProposalValidationError::LeafNodeValidation(error);
        ProcessMessageError::InvalidCommit(StageCommitError::ProposalValidationError(error))
    };
    let future = LifetimeError::NotValidYet { not_before: 2, now: 1 };
    for error in [
        key_package(KeyPackageVerifyError::LifetimeError(EXPIRED)),
        key_package(KeyPackageVerifyError::LifetimeError(future)),
        leaf(LeafNodeValidationError::Lifetime(EXPIRED)),
        proposal(LeafNodeValidationError::Lifetime(EXPIRED)),
    ] {
        assert!(matches!(of(error), MlsError::ExpiredKeyPackageInCommit));
    }
    for error in [
        key_package(KeyPackageVerifyError::InvalidSignature),
        leaf(LeafNodeValidationError::SignatureKeyAlreadyInUse),
        proposal(LeafNodeValidationError::SignatureKeyAlreadyInUse),
        ProcessMessageError::InvalidCommit(StageCommitError::ConfirmationTagMismatch),
        ProcessMessageError::ValidationError(ValidationError::InvalidSignature),
    ] {
        assert!(matches!(of(error), MlsError::Invalid(_)));
    }
}

fn of(error: ProcessMessageError<StorageError>) -> MlsError {
    process(error, Epoch(3), Epoch(5))
}

#[test]
fn other_faults_of_a_message_are_sorted() {
    let of = |error| process(error, Epoch(3), Epoch(5));
    for error in [ValidationError::WrongEpoch, ValidationError::NoPastEpochData] {
        let error = of(ProcessMessageError::ValidationError(error));
        assert!(matches!(error, MlsError::WrongEpoch { message: Epoch(3), group: Epoch(5) }));
    }
    let error = ValidationError::UnableToDecrypt(MessageDecryptionError::AeadError);
    assert!(matches!(of(ProcessMessageError::ValidationError(error)), MlsError::Undecryptable(_)));
    let error = ProcessMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction);
    assert!(matches!(of(error), MlsError::NotAMember));
    let error = ProcessMessageError::StorageError(StorageError::NotLoaded("group"));
    assert!(matches!(of(error), MlsError::MissingRow("group")));
}

#[test]
fn faults_of_a_welcome_are_sorted() {
    assert!(matches!(welcome(WelcomeError::NoMatchingKeyPackage), MlsError::NotForThisKeyPackage));
    assert!(matches!(welcome(WelcomeError::UnableToDecrypt), MlsError::Undecryptable(_)));
    assert!(matches!(welcome(WelcomeError::ConfirmationTagMismatch), MlsError::Invalid(_)));
    let corrupt = welcome(WelcomeError::StorageError(StorageError::Corrupt("key package")));
    assert!(matches!(corrupt, MlsError::CorruptRow(_)));
}
