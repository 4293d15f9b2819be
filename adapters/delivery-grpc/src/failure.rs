//! Why a call of the adapter failed, before it becomes an error of one of the ports.

use std::error::Error as _;

use hexmtp_ports::commit_log::CommitLogError;
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_ports::delivery::DeliveryError;
use hexmtp_ports::identity_log::IdentityLogError;
use hexmtp_proto::status::code_name;
use thiserror::Error;
use tonic::{Code, Status};

use crate::method::Method;
use crate::verdict::{Verdict, judge};

/// How much of a server's text is kept, in characters.
const REASON_LENGTH: usize = 200;

/// A call that failed for a passing reason, as often as it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{method} failed with {code}: {reason}", method = .method.name())]
pub(crate) struct CallError {
    method: Method,
    code: &'static str,
    reason: String,
    is_servers_word: bool,
}

impl CallError {
    /// What the server said when it failed without saying why (`Unknown`). Official servers refuse identity updates so.
    pub(crate) fn unexplained(&self) -> Option<&str> {
        (self.is_servers_word && self.code == code_name(Code::Unknown)).then_some(&self.reason)
    }
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For a passing reason.
    Unreachable(CallError),
    /// The request or the answer is too large.
    TooLarge(String),
    /// The inbox's log is full.
    LogFull,
    /// The server has stopped serving the v3 API.
    Moved,
    /// The server, or the adapter in its place, refused the request.
    Refused(String),
    /// The answer makes no sense.
    Malformed(&'static str),
}

impl Failure {
    pub(crate) fn of(method: Method, status: &Status) -> Self {
        let reason = readable(status);
        match judge(status) {
            Verdict::Passing | Verdict::Busy => {
                let is_servers_word = status.source().is_none();
                Self::Unreachable(CallError {
                    method,
                    code: code_name(status.code()),
                    reason,
                    is_servers_word,
                })
            }
            Verdict::TooLarge => Self::TooLarge(reason),
            Verdict::LogFull => Self::LogFull,
            Verdict::Moved => Self::Moved,
            Verdict::Final => Self::Refused(reason),
        }
    }
}

/// A server's text as it may be logged and shown: bounded, and on one line.
fn readable(status: &Status) -> String {
    let text: String = status.message().chars().filter(|it| !it.is_control()).take(REASON_LENGTH).collect();
    if text.is_empty() { code_name(status.code()).to_owned() } else { text }
}

const LOG_FULL: &str = "a log is full";

impl From<Failure> for DeliveryError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(error) => Self::Unavailable(Box::new(error)),
            Failure::TooLarge(reason) | Failure::Refused(reason) => Self::Rejected { reason },
            Failure::LogFull => Self::Rejected { reason: LOG_FULL.to_owned() },
            Failure::Moved => Self::Moved,
            Failure::Malformed(what) => Self::Malformed(what),
        }
    }
}

impl From<Failure> for IdentityLogError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(error) => Self::Unavailable(Box::new(error)),
            Failure::TooLarge(reason) | Failure::Refused(reason) => Self::Rejected { reason },
            Failure::LogFull => Self::Full,
            Failure::Moved => Self::Moved,
            Failure::Malformed(what) => Self::Malformed(what),
        }
    }
}

impl From<Failure> for CommitLogError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(error) => Self::Unavailable(Box::new(error)),
            Failure::TooLarge(reason) | Failure::Refused(reason) => Self::Rejected { reason },
            Failure::LogFull => Self::Rejected { reason: LOG_FULL.to_owned() },
            Failure::Moved => Self::Moved,
            Failure::Malformed(what) => Self::Malformed(what),
        }
    }
}

/// What a server does not answer, it may answer later; what it refuses, it knows no chain for. Neither is a verdict.
impl From<Failure> for ContractWalletError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(error) => Self::Unavailable(Box::new(error)),
            Failure::TooLarge(_) => Self::Malformed("the signature is too large for the network"),
            Failure::Refused(_) => Self::UnsupportedChain,
            Failure::LogFull => Self::Unavailable(LOG_FULL.into()),
            Failure::Moved => Self::Unavailable("the network has moved to another API".into()),
            Failure::Malformed(what) => Self::Unavailable(what.into()),
        }
    }
}
