//! Time, randomness and tasks under the control of a test: no wall clock, no other thread, the same run every time.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use std::time::Duration;
//!
//! use hexmtp_domain::Timestamp;
//! use hexmtp_platform_test::{VirtualClock, VirtualRuntime};
//! use hexmtp_ports::platform::Runtime;
//!
//! let clock = VirtualClock::starting_at(Timestamp::from_nanos(1_700_000_000_000_000_000));
//! let runtime = VirtualRuntime::new(clock);
//! let beats = Arc::new(AtomicU32::new(0));
//! let (timer, counter) = (runtime.clone(), beats.clone());
//! let _task = runtime.spawn(Box::pin(async move {
//!     loop {
//!         timer.sleep(Duration::from_secs(10)).await;
//!         counter.fetch_add(1, Ordering::Relaxed);
//!     }
//! }));
//! runtime.advance(Duration::from_secs(35));
//! assert_eq!(beats.load(Ordering::Relaxed), 3);
//! ```

mod clock;
mod entropy;
mod runtime;

pub use clock::VirtualClock;
pub use entropy::SeededEntropy;
pub use runtime::VirtualRuntime;
