//! Tasks that run one at a time, in the order in which they were woken.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hexmtp_ports::bounds::BoxFuture;
use hexmtp_ports::platform::{Runtime, TaskHandle};

use crate::VirtualClock;

/// A runtime for tests: sleep follows a [`VirtualClock`], and tasks take turns on the thread that drives them.
///
/// Who drives the tasks:
/// - within a Tokio runtime (`#[tokio::test]`), the first `spawn` starts a Tokio task that runs them whenever
///   something wakes them, beside whatever the test awaits;
/// - with any other executor, [`VirtualRuntime::drive`] runs them beside one future;
/// - [`VirtualRuntime::settle`] and [`VirtualRuntime::advance`] run them at once, before they return.
///
/// On a current-thread executor the order of all steps is the same in every run, as long as tasks wait only for
/// one another and for the clock. Handles made by `clone` are the same runtime.
#[derive(Clone)]
pub struct VirtualRuntime {
    clock: VirtualClock,
    tasks: Arc<Mutex<Tasks>>,
    turns: Arc<Turns>,
}

#[derive(Default)]
struct Tasks {
    next: u64,
    /// The futures that are not being polled at this moment; `None` for the one that is.
    waiting: HashMap<u64, Option<BoxFuture<'static, ()>>>,
}

/// Who may run next. Apart from the futures, so that wakers may go to any thread.
#[derive(Default)]
struct Turns(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    ready: VecDeque<u64>,
    /// Whether somebody runs the tasks at this moment; that one also runs what becomes ready meanwhile.
    running: bool,
    /// Whether a Tokio task drives this runtime.
    driven: bool,
    drivers: Vec<Waker>,
}

struct TaskWaker {
    task: u64,
    turns: Arc<Turns>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.turns.enqueue(self.task);
    }
}

impl Turns {
    fn enqueue(&self, task: u64) {
        let mut queue = self.lock();
        if !queue.ready.contains(&task) {
            queue.ready.push_back(task);
        }
        let drivers = std::mem::take(&mut queue.drivers);
        drop(queue);
        drivers.into_iter().for_each(Waker::wake);
    }

    /// Remembers whom to wake when a task can go on.
    fn register(&self, driver: &Waker) {
        let mut queue = self.lock();
        if !queue.drivers.iter().any(|known| known.will_wake(driver)) {
            queue.drivers.push(driver.clone());
        }
    }

    /// The next task, or the end of the run: decided under one lock with `enqueue`, so that no turn is lost.
    fn next(&self) -> Option<u64> {
        let mut queue = self.lock();
        let next = queue.ready.pop_front();
        queue.running = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a run that a panicking task has cut short.
struct Run<'a> {
    turns: &'a Turns,
    complete: bool,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !self.complete {
            self.turns.lock().running = false;
        }
    }
}

impl VirtualRuntime {
    /// A runtime without tasks.
    #[must_use]
    pub fn new(clock: VirtualClock) -> Self {
        Self { clock, tasks: Arc::default(), turns: Arc::default() }
    }

    /// The clock that its sleepers follow.
    #[must_use]
    pub const fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Runs tasks until none can go on. Called by a task it does nothing, as that task itself can go on.
    pub fn settle(&self) {
        if std::mem::replace(&mut self.turns.lock().running, true) {
            return;
        }
        let mut run = Run { turns: &self.turns, complete: false };
        while let Some(task) = self.turns.next() {
            self.step(task);
        }
        run.complete = true;
    }

    /// Lets time pass from the end of one sleep to the end of the next, running tasks until none can go on each
    /// time: a task that sleeps every second runs ten times in ten seconds.
    pub fn advance(&self, span: Duration) {
        self.settle();
        let mut rest = span;
        while let Some(step) = self.clock.until_next_sleeper().filter(|step| *step <= rest) {
            self.clock.advance(step);
            rest = rest.saturating_sub(step);
            self.settle();
        }
        self.clock.advance(rest);
        self.settle();
    }

    /// Runs a future and the tasks beside it until the future ends.
    pub async fn drive<T>(&self, main: impl Future<Output = T>) -> T {
        let mut main = pin!(main);
        poll_fn(|context| {
            self.turns.register(context.waker());
            let outcome = main.as_mut().poll(context);
            self.settle();
            outcome
        })
        .await
    }

    /// Polls one task, unless it has ended meanwhile.
    fn step(&self, task: u64) {
        let Some(mut future) = self.lock().waiting.get_mut(&task).and_then(Option::take) else { return };
        let waker = Arc::new(TaskWaker { task, turns: self.turns.clone() }).into();
        let mut turn = Turn { runtime: self, task, rest: None };
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            turn.rest = Some(future);
        }
    }

    fn drive_by_tokio(&self) {
        let Ok(tokio) = tokio::runtime::Handle::try_current() else { return };
        if !std::mem::replace(&mut self.turns.lock().driven, true) {
            tokio.spawn(Driver { runtime: self.clone(), over: false });
        }
    }

    fn remove(&self, task: u64) {
        let removed = self.lock().waiting.remove(&task);
        // Dropped here, without the lock: a future may own handles of other tasks.
        drop(removed);
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for VirtualRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn TaskHandle> {
        let mut tasks = self.lock();
        let id = tasks.next;
        tasks.next = id.wrapping_add(1);
        tasks.waiting.insert(id, Some(task));
        drop(tasks);
        self.turns.enqueue(id);
        self.drive_by_tokio();
        Box::new(Handle { runtime: self.clone(), task: id })
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.clock.sleep(span))
    }
}

impl fmt::Debug for VirtualRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualRuntime").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// One poll of a task. Afterwards the task waits again, or is gone: because it ended, because its handle was
/// dropped meanwhile, or because it panicked.
struct Turn<'a> {
    runtime: &'a VirtualRuntime,
    task: u64,
    rest: Option<BoxFuture<'static, ()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut tasks = self.runtime.lock();
        match tasks.waiting.get_mut(&self.task) {
            Some(slot) if self.rest.is_some() => *slot = self.rest.take(),
            _ => drop(tasks.waiting.remove(&self.task)),
        }
    }
}

struct Handle {
    runtime: VirtualRuntime,
    task: u64,
}

impl TaskHandle for Handle {
    fn is_finished(&self) -> bool {
        !self.runtime.lock().waiting.contains_key(&self.task)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.runtime.remove(self.task);
    }
}

/// Drives the tasks within Tokio as long as there are any.
struct Driver {
    runtime: VirtualRuntime,
    over: bool,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.runtime.turns.register(context.waker());
        self.runtime.settle();
        // `spawn` adds its task before it takes this lock, so that a new task either keeps this driver or starts one.
        let mut queue = self.runtime.turns.lock();
        if !self.runtime.lock().waiting.is_empty() {
            return Poll::Pending;
        }
        queue.driven = false;
        drop(queue);
        self.over = true;
        Poll::Ready(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.over {
            self.runtime.turns.lock().driven = false;
        }
    }
}

#[cfg(test)]
#[path = "runtime_tests.rs"]
mod tests;
