//! What every [`Entropy`] and [`Runtime`] does. Clocks promise nothing that could be tested without a second clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::pending;
use hexmtp_ports::bounds::BoxFuture;
use hexmtp_ports::platform::{Entropy, Runtime};
use tokio::sync::oneshot;

/// Runs all cases: `platform_suite!(test, make)`, where `#[test]` runs a case and `make()` is a [`Platform`].
#[macro_export]
macro_rules! platform_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            platform,
            [
                every_byte_is_random,
                a_task_runs_beside_its_starter_until_it_ends,
                a_task_and_its_values_end_with_its_handle,
                a_task_can_start_tasks,
                sleep_ends_when_its_span_has_passed_and_not_before,
                sleepers_wake_in_the_order_of_their_ends,
            ]
        );
    };
}

/// A platform under test.
pub struct Platform {
    /// The port under test.
    pub entropy: Arc<dyn Entropy>,
    /// The port under test.
    pub runtime: Arc<dyn Runtime>,
    /// Lets time pass for the sleepers of the runtime, and those that wake go on.
    pub let_pass: Box<dyn Fn(Duration) -> BoxFuture<'static, ()>>,
}

const SECOND: Duration = Duration::from_secs(1);

/// Sixteen buffers: a byte that is the same in all of them was not filled.
pub async fn every_byte_is_random(platform: Platform) {
    let mut buffers = vec![[0_u8; 100]; 16];
    for buffer in &mut buffers {
        platform.entropy.fill(buffer).unwrap();
    }
    for place in 0..100 {
        assert!(buffers.iter().any(|buffer| buffer[place] != buffers[0][place]), "byte {place}");
    }
    platform.entropy.fill(&mut []).unwrap();
}

/// Both sides need the other to go on.
pub async fn a_task_runs_beside_its_starter_until_it_ends(platform: Platform) {
    let (ask, question) = oneshot::channel::<u32>();
    let (reply, answer) = oneshot::channel::<u32>();
    let task = platform.runtime.spawn(Box::pin(async move {
        reply.send(question.await.unwrap() + 1).unwrap();
    }));
    assert!(!task.is_finished());
    ask.send(1).unwrap();
    assert_eq!(answer.await, Ok(2));
    (platform.let_pass)(SECOND).await;
    assert!(task.is_finished());
}

/// The values that a task owns tell of its end.
pub async fn a_task_and_its_values_end_with_its_handle(platform: Platform) {
    let (held, end) = oneshot::channel::<()>();
    let task = platform.runtime.spawn(Box::pin(async move {
        let _held = held;
        pending::<()>().await;
    }));
    (platform.let_pass)(SECOND).await;
    assert!(!task.is_finished());
    drop(task);
    assert!(end.await.is_err());
}

/// A task has no other way to its runtime than the port.
pub async fn a_task_can_start_tasks(platform: Platform) {
    let (sender, receiver) = oneshot::channel();
    let inner = platform.runtime.clone();
    let task = platform.runtime.spawn(Box::pin(async move {
        let nap = inner.sleep(SECOND);
        let child = inner.spawn(Box::pin(async move {
            nap.await;
            sender.send(()).unwrap();
        }));
        pending::<()>().await;
        drop(child);
    }));
    (platform.let_pass)(Duration::ZERO).await;
    (platform.let_pass)(SECOND).await;
    assert_eq!(receiver.await, Ok(()));
    drop(task);
}

/// Counted from the call, not from the first poll.
pub async fn sleep_ends_when_its_span_has_passed_and_not_before(platform: Platform) {
    let mut sleep = platform.runtime.sleep(2 * SECOND);
    (platform.let_pass)(SECOND).await;
    assert!((&mut sleep).now_or_never().is_none());
    (platform.let_pass)(SECOND).await;
    sleep.await;
    platform.runtime.sleep(Duration::ZERO).await;
}

/// Whatever the order in which they lay down.
pub async fn sleepers_wake_in_the_order_of_their_ends(platform: Platform) {
    let journal: Arc<Mutex<Vec<u32>>> = Arc::default();
    let mut tasks = Vec::new();
    for span in [3, 1, 2] {
        let (sleep, journal) = (platform.runtime.sleep(span * SECOND), journal.clone());
        tasks.push(platform.runtime.spawn(Box::pin(async move {
            sleep.await;
            journal.lock().unwrap().push(span);
        })));
    }
    for passed in 0..=3 {
        assert_eq!(*journal.lock().unwrap(), (1..=passed).collect::<Vec<_>>());
        (platform.let_pass)(SECOND).await;
    }
    assert!(tasks.iter().all(|task| task.is_finished()));
}
