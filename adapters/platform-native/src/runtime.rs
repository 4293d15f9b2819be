//! Tasks and sleep on Tokio.

use std::time::Duration;

use hexmtp_ports::bounds::BoxFuture;
use hexmtp_ports::platform::{Runtime, TaskHandle};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The calling thread is not within a Tokio runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no Tokio runtime on this thread")]
pub struct NoTokio;

/// Runs tasks on one Tokio runtime, from whatever thread they are started.
///
/// The runtime needs its time driver (`enable_time` or `enable_all`): Tokio itself panics when a runtime without
/// one is asked to sleep.
#[derive(Clone, Debug)]
pub struct TokioRuntime(Handle);

impl TokioRuntime {
    /// Takes a runtime, which its owner keeps alive.
    #[must_use]
    pub const fn new(handle: Handle) -> Self {
        Self(handle)
    }

    /// Takes the runtime of the calling thread.
    ///
    /// # Errors
    /// [`NoTokio`] when the thread is not within one.
    pub fn current() -> Result<Self, NoTokio> {
        Handle::try_current().map(Self).map_err(|_| NoTokio)
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn TaskHandle> {
        Box::new(Task(self.0.spawn(task)))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        // Tokio's timer takes its driver from the thread that makes it, which need not be one of the runtime's.
        let _within = self.0.enter();
        Box::pin(tokio::time::sleep(span))
    }
}

struct Task(JoinHandle<()>);

impl TaskHandle for Task {
    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_task_runs_until_it_ends() {
        let runtime = TokioRuntime::current().unwrap();
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn(Box::pin(async move {
            sender.send(7).unwrap();
        }));
        assert_eq!(receiver.await, Ok(7));
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_task_ends_when_its_handle_is_dropped() {
        let runtime = TokioRuntime::current().unwrap();
        let (sender, receiver) = oneshot::channel::<()>();
        let task = runtime.spawn(Box::pin(async move {
            let _held = sender;
            std::future::pending::<()>().await;
        }));
        assert!(!task.is_finished());
        drop(task);
        assert!(receiver.await.is_err(), "the task's values are dropped with it");
    }

    #[tokio::test(start_paused = true)]
    async fn sleep_takes_the_span() {
        let runtime = TokioRuntime::current().unwrap();
        let start = tokio::time::Instant::now();
        runtime.sleep(Duration::from_secs(60)).await;
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[test]
    fn a_thread_outside_of_the_runtime_can_use_it_and_says_so_when_there_is_none() {
        assert_eq!(TokioRuntime::current().unwrap_err(), NoTokio);
        let tokio =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let runtime = TokioRuntime::new(tokio.handle().clone());
        let (sender, receiver) = oneshot::channel();
        let nap = runtime.sleep(Duration::ZERO);
        let _task = runtime.spawn(Box::pin(async move {
            nap.await;
            sender.send(()).unwrap();
        }));
        receiver.blocking_recv().unwrap();
    }
}
