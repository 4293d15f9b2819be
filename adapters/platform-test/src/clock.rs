//! Time that passes only when a test says so.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hexmtp_domain::Timestamp;
use hexmtp_ports::platform::Clock;

/// What one look at the clock adds to it, so that no two looks give the same time.
const TICK: Duration = Duration::from_micros(1);

/// A clock that stands still until it is advanced, but for a tick of one microsecond at each look.
///
/// Handles made by `clone` show the same clock. Ticks wake no sleeper: only [`VirtualClock::advance`] does, so the
/// moment at which a sleep ends does not depend on how often somebody looked.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    /// The sum of all spans by which the clock was advanced; sleepers count in it.
    advanced: Duration,
    /// Who sleeps, by the end of the sleep and then by its beginning.
    sleepers: BTreeMap<(Duration, u64), Option<Waker>>,
    next_sleeper: u64,
}

impl VirtualClock {
    /// A clock whose first look shows `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now: start,
            advanced: Duration::ZERO,
            sleepers: BTreeMap::new(),
            next_sleeper: 0,
        })))
    }

    /// Lets time pass at one stroke and wakes, in the order of their ends, those whose sleep is over. A task
    /// that sleeps again starts from the new time; `VirtualRuntime::advance` stops at each end on the way.
    pub fn advance(&self, span: Duration) {
        let mut state = self.lock();
        state.now = state.now.plus(span);
        state.advanced = state.advanced.saturating_add(span);
        let reached = state.advanced;
        let woken: Vec<Waker> = state
            .sleepers
            .iter_mut()
            .take_while(|((end, _), _)| *end <= reached)
            .filter_map(|(_, waker)| waker.take())
            .collect();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// The span until the first sleeper wakes; `None` when nobody sleeps.
    #[must_use]
    pub fn until_next_sleeper(&self) -> Option<Duration> {
        let state = self.lock();
        state
            .sleepers
            .range((state.advanced, u64::MAX)..)
            .next()
            .map(|((end, _), _)| end.saturating_sub(state.advanced))
    }

    /// Completes once the clock has been advanced by the span, counted from this call.
    pub(crate) fn sleep(&self, span: Duration) -> Sleep {
        let mut state = self.lock();
        let key = (state.advanced.saturating_add(span), state.next_sleeper);
        state.next_sleeper = state.next_sleeper.wrapping_add(1);
        state.sleepers.insert(key, None);
        drop(state);
        Sleep { clock: self.clone(), key }
    }

    /// The lock holds no invariant that a panic elsewhere could break.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let mut state = self.lock();
        let now = state.now;
        state.now = now.plus(TICK);
        now
    }
}

/// A sleep on a [`VirtualClock`]; dropping it takes it off the clock.
#[derive(Debug)]
pub(crate) struct Sleep {
    clock: VirtualClock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        if state.advanced >= self.key.0 {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.lock().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clock() -> VirtualClock {
        VirtualClock::starting_at(Timestamp::from_nanos(5_000))
    }

    #[test]
    fn each_look_is_a_microsecond_later_and_all_handles_show_one_clock() {
        let clock = clock();
        assert_eq!(clock.now().as_nanos(), 5_000);
        assert_eq!(clock.clone().now().as_nanos(), 6_000);
        clock.clone().advance(SECOND);
        assert_eq!(clock.now().as_nanos(), 1_000_007_000);
    }

    #[test]
    fn a_sleep_ends_exactly_when_its_span_has_been_advanced_whoever_looked_meanwhile() {
        let clock = clock();
        let mut sleep = clock.sleep(SECOND);
        assert!((&mut sleep).now_or_never().is_none());
        (0..2_000_000).for_each(|_| {
            clock.now();
        });
        clock.advance(SECOND - Duration::from_nanos(1));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_nanos(1));
        assert!((&mut sleep).now_or_never().is_some());
        assert!(clock.sleep(Duration::ZERO).now_or_never().is_some());
    }

    #[test]
    fn the_next_sleeper_is_the_one_that_wakes_first_and_a_dropped_one_is_none() {
        let clock = clock();
        assert_eq!(clock.until_next_sleeper(), None);
        let long = clock.sleep(3 * SECOND);
        let short = clock.sleep(2 * SECOND);
        clock.advance(SECOND);
        assert_eq!(clock.until_next_sleeper(), Some(SECOND));
        drop(short);
        assert_eq!(clock.until_next_sleeper(), Some(2 * SECOND));
        drop(long);
        assert_eq!(clock.until_next_sleeper(), None);
    }

    #[test]
    fn the_end_of_time_is_reached_without_overflow() {
        let clock = clock();
        let sleep = clock.sleep(Duration::MAX);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(sleep.now_or_never().is_some());
        assert_eq!(clock.now().as_nanos(), i64::MAX);
    }
}
