//! Wake-ups for the readers of the change feed in this process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_channel::mpsc::{Receiver, Sender, channel};

/// Those who wait for wake-ups; none any more once the store is closed.
pub(crate) struct Wakers(Mutex<Option<Vec<Sender<()>>>>);

impl Wakers {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// A stream that gets an item after each commit from now on. It has room for one, which stands for every commit
    /// before it is read.
    pub(crate) fn subscribe(&self) -> Receiver<()> {
        let (sender, receiver) = channel(0);
        if let Some(senders) = self.lock().as_mut() {
            senders.retain(|sender| !sender.is_closed());
            senders.push(sender);
        }
        receiver
    }

    pub(crate) fn wake(&self) {
        for sender in self.lock().iter_mut().flatten() {
            // A full channel holds a wake-up already; a closed one has no reader.
            let _ = sender.try_send(());
        }
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().as_ref().is_none_or(|senders| senders.iter().all(Sender::is_closed))
    }

    /// Ends all streams.
    pub(crate) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Sender<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
