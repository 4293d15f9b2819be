//! What can go wrong in MLS.

use hexmtp_domain::Epoch;
use thiserror::Error;

use crate::Retry;
use crate::bounds::BoxedSource;

/// Why an MLS operation failed. The session's state is what it was before the operation, except that the
/// message key of a message that was decrypted and then refused is used up (RFC 9420 section 9.2).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MlsError {
    /// The bytes are not what they should be.
    #[error("malformed MLS data: {0}")]
    Malformed(&'static str),
    /// The message belongs to another epoch than can be processed.
    #[error("the message is of epoch {message}, the group is at epoch {group}")]
    WrongEpoch {
        /// The epoch that the message names.
        message: Epoch,
        /// The epoch of the group.
        group: Epoch,
    },
    /// The message cannot be decrypted: wrong keys, altered bytes, or a key that was used before.
    #[error("the message cannot be decrypted")]
    Undecryptable(#[source] BoxedSource),
    /// The message was decrypted and breaks a rule of RFC 9420.
    #[error("the message breaks a rule of MLS")]
    Invalid(#[source] BoxedSource),
    /// A commit adds a key package whose lifetime is over by this device's clock; MLS refuses it although
    /// official clients follow. The installation needs to be added anew.
    #[error("a commit adds an expired key package")]
    ExpiredKeyPackageInCommit,
    /// The key package does not verify.
    #[error("the key package is not valid: {0}")]
    InvalidKeyPackage(&'static str),
    /// The welcome is for none of the given key packages.
    #[error("the welcome is for another key package")]
    NotForThisKeyPackage,
    /// The own leaf is no longer in the group.
    #[error("this installation is not a member of the group")]
    NotAMember,
    /// A row that the operation needs was not loaded.
    #[error("the stored MLS state is incomplete: {0}")]
    MissingRow(&'static str),
    /// A stored row cannot be read.
    #[error("the stored MLS state cannot be read")]
    CorruptRow(#[source] BoxedSource),
    /// The MLS library failed in a way that this adapter does not tell apart.
    #[error("the MLS engine failed")]
    Backend(#[source] BoxedSource),
}

impl MlsError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "mls.malformed",
            Self::WrongEpoch { .. } => "mls.wrong_epoch",
            Self::Undecryptable(_) => "mls.undecryptable",
            Self::Invalid(_) => "mls.invalid",
            Self::ExpiredKeyPackageInCommit => "mls.expired_key_package_in_commit",
            Self::InvalidKeyPackage(_) => "mls.invalid_key_package",
            Self::NotForThisKeyPackage => "mls.not_for_this_key_package",
            Self::NotAMember => "mls.not_a_member",
            Self::MissingRow(_) => "mls.missing_row",
            Self::CorruptRow(_) => "mls.corrupt_row",
            Self::Backend(_) => "mls.backend",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        Retry::Never
    }
}
