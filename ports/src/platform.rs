//! Time, randomness and tasks.

use std::time::Duration;

use hexmtp_domain::Timestamp;
use thiserror::Error;

use crate::bounds::{BoxFuture, Port};

/// The present time.
pub trait Clock: Port {
    /// Now, by this device's clock.
    fn now(&self) -> Timestamp;
}

/// The platform could not give random bytes.
#[derive(Debug, Error)]
#[error("the platform's source of randomness failed")]
pub struct EntropyError;

/// A cryptographically secure source of random bytes.
pub trait Entropy: Port {
    /// Fills the buffer.
    ///
    /// # Errors
    /// [`EntropyError`] when the platform refuses; the buffer must not be used then.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// A running task. Dropping it ends the task at its next suspension.
pub trait TaskHandle: Port {
    /// Whether the task has ended.
    fn is_finished(&self) -> bool;
}

/// Runs tasks and lets time pass.
pub trait Runtime: Port {
    /// Starts a task that runs until it ends or its handle is dropped.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn TaskHandle>;

    /// Completes when the span has passed.
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()>;
}
