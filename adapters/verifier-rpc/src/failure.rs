//! Why an endpoint gave no verdict.

use thiserror::Error;

/// What an endpoint did instead of answering. What it wrote is not repeated: it may hold the key that it was sent.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// It cannot be reached, broke off or took too long. The cause does not have its URL.
    #[error("it cannot be reached or does not answer")]
    Transport(#[source] reqwest::Error),
    /// The HTTP status is not that of an answer.
    #[error("HTTP status {0}")]
    Status(u16),
    /// It sends more than any answer takes.
    #[error("its answer is too long")]
    TooLong,
    /// The bytes are no answer to the question.
    #[error("its answer has another form: {0}")]
    Garbage(&'static str),
    /// It answers with an error of JSON-RPC, such as that it does not know the block.
    #[error("it answers with error {code}")]
    Refused {
        /// The error's number.
        code: i64,
        /// Whether the error says that the code that ran has reverted.
        is_revert: bool,
    },
}

impl Failure {
    /// Whether the same endpoint can give an answer a little later.
    pub(crate) const fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Garbage(_) => true,
            Self::Status(status) => matches!(*status, 408 | 425 | 429 | 500..),
            // No such method, no such request, no JSON: what was asked will not change.
            Self::Refused { code, .. } => !matches!(*code, -32_601 | -32_600 | -32_700),
            Self::TooLong => false,
        }
    }

    /// Whether other questions would fail in the same way. An endpoint that answers with an error may only lack the
    /// block, which the asker has named.
    pub(crate) const fn is_of_the_endpoint(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

/// Why no endpoint of a chain gave a verdict.
#[derive(Debug, Error)]
pub(crate) enum NoVerdict {
    /// All failed; the last one in this way.
    #[error("no endpoint gave a verdict; {endpoint} last")]
    Failed {
        /// Scheme and host.
        endpoint: String,
        /// What it did.
        #[source]
        failure: Failure,
    },
    /// The chain has no endpoint.
    #[error("the chain has no endpoint")]
    NoEndpoint,
    /// The time was up.
    #[error("no endpoint gave a verdict in time")]
    TooLate,
}
