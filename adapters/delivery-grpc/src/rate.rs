//! The client's own limit on its calls: a call that comes too early waits, none fails.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const MINUTE: Duration = Duration::from_secs(60);

/// Lets so many calls through in a minute: after a quiet minute all of them at once, then one by one.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// The span that one call uses up.
    interval: Duration,
    /// When all calls up to now will be paid for.
    paid_until: Mutex<Instant>,
}

impl RateLimit {
    /// At least one call a minute.
    pub(crate) fn per_minute(calls: u32) -> Self {
        Self { interval: MINUTE / calls.max(1), paid_until: Mutex::new(Instant::now()) }
    }

    /// Waits for its turn. Turns are given out in the order in which they are asked for.
    pub(crate) async fn turn(&self) {
        let turn = self.take();
        if turn > Instant::now() {
            sleep_until(turn).await;
        }
    }

    fn take(&self) -> Instant {
        let now = Instant::now();
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paid_until = (*paid_until).max(now) + self.interval;
        now + paid_until.duration_since(now).saturating_sub(MINUTE)
    }
}
