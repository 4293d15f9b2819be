//! What a failed call means: the gRPC codes, and the texts by which servers say what has no code.

use std::error::Error;
use std::time::Duration;

use tonic::{Code, Status};

/// What is said by a server that has moved to the d14n API (PROTOCOL.md 6.6): both texts have this in common.
const MOVED: &str = "Please upgrade your client to XMTP D14N";
/// What official servers and ours say of an inbox with 256 updates; it has no code of its own.
const LOG_FULL: [&str; 2] = ["inbox log is full", "log of the inbox is full"];
/// How gRPC libraries and our server say that a message exceeds a limit, on a code that also means other things.
const TOO_LARGE: [&str; 2] = ["larger than max", "too large"];

/// Names the wait that a server asks for, in milliseconds; a negative one asks not to try again (gRFC A6).
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// What can be done about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same call may succeed soon: the connection broke, the server is being restarted, a transaction lost a race.
    Passing,
    /// The server has too much to do; it wants to be left alone for a while.
    Busy,
    /// The message is too large for one of the two sides.
    TooLarge,
    /// An inbox's log takes no more updates.
    LogFull,
    /// The server has stopped serving the v3 API.
    Moved,
    /// The same call fails again.
    Final,
}

/// Judges a failed call.
///
/// `Unknown` and `Internal` count as passing: servers put failures of their database there, and every call may be
/// repeated. What a broken connection leads to has a source; its code depends on where it broke.
pub(crate) fn judge(status: &Status) -> Verdict {
    let text = status.message();
    if text.contains(MOVED) {
        return Verdict::Moved;
    }
    if LOG_FULL.iter().any(|full| text.contains(full)) {
        return Verdict::LogFull;
    }
    if status.source().is_some() {
        return Verdict::Passing;
    }
    match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Cancelled
        | Code::Unknown
        | Code::Internal => Verdict::Passing,
        Code::OutOfRange => Verdict::TooLarge,
        Code::ResourceExhausted if TOO_LARGE.iter().any(|large| text.contains(large)) => Verdict::TooLarge,
        Code::ResourceExhausted => Verdict::Busy,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => Verdict::Final,
    }
}

/// The server's own word on repeating a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushback {
    /// It says nothing.
    None,
    /// Not before this span has passed.
    Wait(Duration),
    /// Not at all.
    Stop,
}

pub(crate) fn pushback(status: &Status) -> Pushback {
    let Some(value) = status.metadata().get(PUSHBACK) else { return Pushback::None };
    match value.to_str().ok().and_then(|text| text.parse::<u32>().ok()) {
        Some(millis) => Pushback::Wait(Duration::from_millis(millis.into())),
        None => Pushback::Stop,
    }
}
