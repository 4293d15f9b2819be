//! The handle, its sessions, and the unit of work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::mpsc::Sender;
use hexmtp_ports::port;
use hexmtp_ports::store::{ChangeSet, FeedPosition, Scope, Snapshot, StoreError, UnitOfWork};

use crate::data::Data;

/// What all handles share.
#[derive(Default)]
pub(crate) struct Shared {
    /// The rows.
    pub(crate) data: Data,
    /// The open sessions with those who wait for wake-ups. A session that is not here was closed.
    pub(crate) sessions: BTreeMap<u64, Vec<Sender<()>>>,
    /// The number of the next session.
    next_session: u64,
}

/// A store in memory.
///
/// A clone is the same session. [`MemoryStore::reopen`] starts another session on the same rows, as a restart of
/// the process or a second process would.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Mutex<Shared>>,
    session: u64,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::session_on(Arc::default())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("session", &self.session).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// A new session on the same rows, whether this one is closed or not.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self::session_on(Arc::clone(&self.shared))
    }

    fn session_on(shared: Arc<Mutex<Shared>>) -> Self {
        let mut guard = lock(&shared);
        let session = guard.next_session;
        guard.next_session += 1;
        guard.sessions.insert(session, Vec::new());
        drop(guard);
        Self { shared, session }
    }

    /// Reads rows of an open session.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Data) -> T) -> Result<T, StoreError> {
        let shared = lock(&self.shared);
        if !shared.sessions.contains_key(&self.session) {
            return Err(StoreError::Closed);
        }
        Ok(read(&shared.data))
    }

    /// Registers somebody to be woken; a closed session drops the sender, which ends the stream.
    pub(crate) fn register(&self, waker: Sender<()>) {
        if let Some(wakers) = lock(&self.shared).sessions.get_mut(&self.session) {
            wakers.retain(|waker| !waker.is_closed());
            wakers.push(waker);
        }
    }
}

/// A panic cannot leave the rows half changed, because changes are checked before any is applied.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[port]
impl UnitOfWork for MemoryStore {
    async fn load(&self, scopes: &[Scope]) -> Result<Vec<Snapshot>, StoreError> {
        self.read(|data| scopes.iter().map(|scope| data.snapshot(*scope)).collect())
    }

    async fn commit(&self, changes: ChangeSet) -> Result<FeedPosition, StoreError> {
        let mut shared = lock(&self.shared);
        if !shared.sessions.contains_key(&self.session) {
            return Err(StoreError::Closed);
        }
        let before = shared.data.position();
        shared.data.commit(changes)?;
        let after = shared.data.position();
        if after > before {
            for waker in shared.sessions.values_mut().flatten() {
                // A full channel already holds a wake-up that stands for this commit too; a closed one has no reader.
                let _ = waker.try_send(());
            }
        }
        Ok(after)
    }

    async fn close(&self) -> Result<(), StoreError> {
        lock(&self.shared).sessions.remove(&self.session).map(drop).ok_or(StoreError::Closed)
    }
}
