use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::pending;
use hexmtp_domain::Timestamp;
use proptest::prelude::*;
use tokio::sync::oneshot;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

type Journal = Arc<Mutex<Vec<(u32, u64)>>>;

fn runtime() -> VirtualRuntime {
    VirtualRuntime::new(VirtualClock::starting_at(Timestamp::ZERO))
}

/// A task that writes its number and the second of each beat.
fn beat(runtime: &VirtualRuntime, number: u32, every: Duration, journal: &Journal) -> Box<dyn TaskHandle> {
    let (timer, journal) = (runtime.clone(), journal.clone());
    runtime.spawn(Box::pin(async move {
        let mut passed = Duration::ZERO;
        loop {
            timer.sleep(every).await;
            passed += every;
            journal.lock().unwrap().push((number, passed.as_secs()));
        }
    }))
}

#[test]
fn tasks_wake_in_the_order_of_their_sleeps() {
    let (runtime, journal) = (runtime(), Journal::default());
    let _slow = beat(&runtime, 1, 3 * SECOND, &journal);
    let _fast = beat(&runtime, 2, 2 * SECOND, &journal);
    runtime.advance(6 * SECOND);
    assert_eq!(*journal.lock().unwrap(), [(2, 2), (1, 3), (2, 4), (1, 6), (2, 6)]);
}

#[test]
fn a_sleeping_task_does_not_go_on_before_its_time() {
    let (runtime, journal) = (runtime(), Journal::default());
    let _task = beat(&runtime, 1, SECOND, &journal);
    runtime.advance(SECOND - Duration::from_nanos(1));
    runtime.settle();
    assert!(journal.lock().unwrap().is_empty());
    runtime.advance(Duration::from_nanos(1));
    assert_eq!(*journal.lock().unwrap(), [(1, 1)]);
}

#[test]
fn a_task_and_its_values_end_with_its_handle() {
    let runtime = runtime();
    let (sender, mut receiver) = oneshot::channel::<()>();
    let task = runtime.spawn(Box::pin(async move {
        let _held = sender;
        pending::<()>().await;
    }));
    runtime.settle();
    assert!(!task.is_finished());
    assert!((&mut receiver).now_or_never().is_none());
    drop(task);
    assert!((&mut receiver).now_or_never().unwrap().is_err());
}

#[test]
fn a_task_that_drops_its_own_handle_is_gone_after_its_turn() {
    let runtime = runtime();
    let own: Arc<Mutex<Option<Box<dyn TaskHandle>>>> = Arc::default();
    let cell = own.clone();
    let (sender, receiver) = oneshot::channel::<()>();
    let task = runtime.spawn(Box::pin(async move {
        drop(cell.lock().unwrap().take());
        pending::<()>().await;
        drop(sender);
    }));
    *own.lock().unwrap() = Some(task);
    runtime.settle();
    assert!(receiver.now_or_never().unwrap().is_err());
}

#[test]
fn an_ended_task_is_finished() {
    let runtime = runtime();
    let task = runtime.spawn(Box::pin(async {}));
    assert!(!task.is_finished());
    runtime.settle();
    assert!(task.is_finished());
}

#[test]
fn settling_within_a_task_leaves_it_alone() {
    let runtime = runtime();
    let inner = runtime.clone();
    let task = runtime.spawn(Box::pin(async move {
        inner.settle();
        inner.sleep(Duration::ZERO).await;
    }));
    runtime.settle();
    assert!(task.is_finished());
}

#[test]
fn a_panicking_task_does_not_stop_the_others() {
    let runtime = runtime();
    let bad = runtime.spawn(Box::pin(async { panic!("as the test wants") }));
    let good = runtime.spawn(Box::pin(async {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.settle()));
    assert!(outcome.is_err());
    runtime.settle();
    assert!(bad.is_finished());
    assert!(good.is_finished());
}

#[test]
fn any_executor_drives_tasks_beside_a_future() {
    let runtime = runtime();
    let (sender, receiver) = oneshot::channel();
    let timer = runtime.clone();
    let _task = runtime.spawn(Box::pin(async move {
        timer.sleep(SECOND).await;
        sender.send(7).unwrap();
    }));
    runtime.settle();
    runtime.clock().advance(SECOND);
    assert_eq!(futures_util::FutureExt::now_or_never(runtime.drive(async { 1 })), Some(1));
    assert_eq!(tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(receiver), Ok(7));
}

#[test]
fn a_driven_future_waits_for_what_a_task_sends() {
    let runtime = runtime();
    let (ask, question) = oneshot::channel::<u32>();
    let (reply, answer) = oneshot::channel::<u32>();
    let _task = runtime.spawn(Box::pin(async move {
        reply.send(question.await.unwrap() + 1).unwrap();
    }));
    let main = async {
        ask.send(1).unwrap();
        answer.await
    };
    let waiting = Arc::new(AtomicBool::new(false));
    struct Note(Arc<AtomicBool>);
    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let waker = Arc::new(Note(waiting.clone())).into();
    let mut context = Context::from_waker(&waker);
    let mut driven = pin!(runtime.drive(main));
    let outcome = loop {
        match driven.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => break outcome,
            Poll::Pending => assert!(waiting.swap(false, Ordering::SeqCst), "nobody woke the executor"),
        }
    };
    assert_eq!(outcome, Ok(2));
}

#[tokio::test]
async fn tasks_run_by_themselves_within_tokio() {
    let runtime = runtime();
    for round in 0..3 {
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn(Box::pin(async move {
            sender.send(round).unwrap();
        }));
        assert_eq!(receiver.await, Ok(round));
        runtime.settle();
        assert!(task.is_finished());
    }
}

#[tokio::test]
async fn time_passes_within_tokio_only_when_advanced() {
    let (runtime, journal) = (runtime(), Journal::default());
    let _task = beat(&runtime, 1, SECOND, &journal);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(journal.lock().unwrap().is_empty());
    runtime.advance(3 * SECOND);
    assert_eq!(*journal.lock().unwrap(), [(1, 1), (1, 2), (1, 3)]);
}

proptest! {
    #[test]
    fn the_same_tasks_take_the_same_steps(spans in proptest::collection::vec(1_u64..20, 1..8)) {
        let run = || {
            let (runtime, journal) = (runtime(), Journal::default());
            let _tasks: Vec<_> = (0..)
                .zip(&spans)
                .map(|(number, span)| beat(&runtime, number, Duration::from_secs(*span), &journal))
                .collect();
            runtime.advance(40 * SECOND);
            journal.lock().unwrap().clone()
        };
        let steps = run();
        prop_assert_eq!(&steps, &run());
        prop_assert!(steps.is_sorted_by_key(|(_, second)| *second));
        prop_assert_eq!(steps.len() as u64, spans.iter().map(|span| 40 / span).sum::<u64>());
    }
}
