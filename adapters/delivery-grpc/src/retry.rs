//! When a call is repeated.
//!
//! A call whose answer is lost may have been served, so only what is harmless to do twice may be repeated. On the v3
//! API that is everything:
//!
//! - Queries and lookups change nothing.
//! - `SendGroupMessages`, `SendWelcomeMessages`: servers know a payload by its hash and log it once (PEER.md 4). MLS
//!   itself would recognise a repeated message as well.
//! - `UploadKeyPackage`: the last one counts, and it is the same one.
//! - `PublishIdentityUpdate`: an update that is in the log already is recognised, or refused because it no longer
//!   applies; then the adapter looks whether the log holds it (`identity_log.rs`). It is never logged twice by a server
//!   that validates.
//! - `BatchPublishCommitLog`: readers take an entry only if its commit comes after that of the last one taken, so they
//!   pass over a second copy (PROTOCOL.md 7.2).

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::failure::Failure;
use crate::method::Method;
use crate::options::RetryPolicy;
use crate::verdict::{Pushback, Verdict, judge, pushback};

/// The shortest wait after a server has said that it is busy.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// No setting leads to a longer wait: beyond it, arithmetic on spans could overflow.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Growing waits without an end, each with a random part.
pub(crate) type Waits = <ExponentialBuilder as BackoffBuilder>::Backoff;

/// Waits that begin with `first` and double up to `longest`.
pub(crate) fn waits(first: Duration, longest: Duration) -> Waits {
    let longest = longest.min(LONGEST);
    ExponentialBuilder::new()
        .with_min_delay(first.min(longest))
        .with_max_delay(longest)
        .without_max_times()
        .with_jitter()
        .build()
}

/// How long to wait after a failure before trying again; none when no repetition helps.
pub(crate) fn wait_after(status: &Status, waits: &mut Waits) -> Option<Duration> {
    let shortest = match judge(status) {
        Verdict::Passing => Duration::ZERO,
        Verdict::Busy => BUSY_WAIT,
        Verdict::TooLarge | Verdict::LogFull | Verdict::Moved | Verdict::Final => return None,
    };
    let asked = match pushback(status) {
        Pushback::None => Duration::ZERO,
        Pushback::Wait(span) => span.min(LONGEST),
        Pushback::Stop => return None,
    };
    Some(waits.next()?.max(shortest).max(asked))
}

/// The repetitions of one call.
pub(crate) struct Retries {
    method: Method,
    left: u32,
    deadline: Instant,
    waits: Waits,
}

impl Retries {
    pub(crate) fn new(method: Method, policy: &RetryPolicy) -> Self {
        Self {
            method,
            left: policy.attempts.saturating_sub(1),
            deadline: Instant::now() + policy.total.min(LONGEST),
            waits: waits(policy.first_wait, policy.longest_wait),
        }
    }

    /// Waits until the call may be repeated.
    ///
    /// # Errors
    /// What the call failed with, when it is not to be repeated.
    pub(crate) async fn pause(&mut self, status: Status) -> Result<(), Failure> {
        let Some(wait) = self.next_wait(&status) else { return Err(Failure::of(self.method, &status)) };
        tracing::debug!(method = self.method.name(), code = ?status.code(), ?wait, "the call is repeated");
        sleep(wait).await;
        Ok(())
    }

    fn next_wait(&mut self, status: &Status) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = wait_after(status, &mut self.waits)?;
        (Instant::now() + wait < self.deadline).then_some(wait)
    }
}
