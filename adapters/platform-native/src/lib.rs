//! Clock, randomness and tasks of an operating system: the `platform` ports on `std`, `getrandom` and Tokio.
//!
//! ```
//! use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
//! use hexmtp_ports::platform::{Clock, Entropy, Runtime};
//!
//! let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! let runtime = TokioRuntime::new(tokio.handle().clone());
//! tokio.block_on(runtime.sleep(std::time::Duration::from_millis(1)));
//!
//! assert!(SystemClock.now().as_nanos() > 0);
//! let mut key = [0; 32];
//! OsEntropy.fill(&mut key)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod runtime;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hexmtp_domain::Timestamp;
use hexmtp_ports::platform::{Clock, Entropy, EntropyError};

pub use runtime::{NoTokio, TokioRuntime};

/// The system's clock. It may jump, when a person or a time server sets it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        timestamp(SystemTime::now())
    }
}

/// Times before 1970 are negative; times beyond the year 2262 become the last one that can be written.
fn timestamp(time: SystemTime) -> Timestamp {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp::ZERO.plus(since),
        Err(before) => Timestamp::from_nanos(0_i64.saturating_sub(nanos(before.duration()))),
    }
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// The operating system's cryptographically secure source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(buffer).map_err(|_| EntropyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_nanoseconds_since_1970_on_both_sides_of_it() {
        let span = Duration::new(5, 7);
        assert_eq!(timestamp(UNIX_EPOCH + span).as_nanos(), 5_000_000_007);
        assert_eq!(timestamp(UNIX_EPOCH - span).as_nanos(), -5_000_000_007);
        assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(u64::MAX >> 2)).as_nanos(), i64::MAX);
    }

    #[test]
    fn every_buffer_gets_other_bytes() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        OsEntropy.fill(&mut first).unwrap();
        OsEntropy.fill(&mut second).unwrap();
        assert_ne!(first, [0; 32]);
        assert_ne!(first, second);
        OsEntropy.fill(&mut []).unwrap();
    }
}
