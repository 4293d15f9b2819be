//! The handle, its sessions, and the unit of work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::mpsc::Sender;
use hexmtp_ports::port;
use hexmtp_ports::store::{ChangeSet, FeedPosition, Scope, Snapshot, StoreError, UnitOfWork};

use crate::data::Data;

/// One opening of the store.
#[derive(Default)]
struct Session {
    /// Those who wait for wake-ups.
    wakers: Vec<Sender<()>>,
    /// Whether it let go of the rows for a while.
    released: bool,
}

impl Session {
    fn wake(&mut self) {
        for waker in &mut self.wakers {
            // A full channel already holds a wake-up that stands for this one too; a closed one has no reader.
            let _ = waker.try_send(());
        }
    }
}

/// What all handles share.
#[derive(Default)]
struct Shared {
    data: Data,
    /// The open sessions. One that is not here was closed.
    sessions: BTreeMap<u64, Session>,
    /// The number of the next session.
    next_session: u64,
}

impl Shared {
    fn session(&mut self, number: u64) -> Result<&mut Session, StoreError> {
        self.sessions.get_mut(&number).ok_or(StoreError::Closed)
    }

    /// The rows, for a session that is open and has not let go of them.
    fn data_for(&mut self, session: u64) -> Result<&mut Data, StoreError> {
        match self.session(session)?.released {
            true => Err(StoreError::Released),
            false => Ok(&mut self.data),
        }
    }
}

/// A store in memory.
///
/// A clone is the same session. [`MemoryStore::reopen`] starts another session on the same rows, as a restart of
/// the process or a second process would. Sessions are closed and released each for itself.
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
    /// A new session on the same rows, whether this one is closed or released or neither.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self::session_on(Arc::clone(&self.shared))
    }

    fn session_on(shared: Arc<Mutex<Shared>>) -> Self {
        let mut guard = lock(&shared);
        let session = guard.next_session;
        guard.next_session += 1;
        guard.sessions.insert(session, Session::default());
        drop(guard);
        Self { shared, session }
    }

    /// Reads rows of an open session.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Data) -> T) -> Result<T, StoreError> {
        self.change(|data| read(data))
    }

    /// Changes rows in an open session, without a word to the readers of the feed.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Data) -> T) -> Result<T, StoreError> {
        lock(&self.shared).data_for(self.session).map(change)
    }

    /// Registers somebody to be woken; a closed session drops the sender, which ends the stream.
    pub(crate) fn register(&self, waker: Sender<()>) {
        if let Ok(session) = lock(&self.shared).session(self.session) {
            session.wakers.retain(|waker| !waker.is_closed());
            session.wakers.push(waker);
        }
    }

    /// Lets go of the rows, or takes them up again and wakes the readers who may have missed something meanwhile.
    pub(crate) fn set_released(&self, released: bool) -> Result<(), StoreError> {
        let mut shared = lock(&self.shared);
        let session = shared.session(self.session)?;
        if std::mem::replace(&mut session.released, released) && !released {
            session.wake();
        }
        Ok(())
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
        let data = shared.data_for(self.session)?;
        let before = data.feed.position();
        data.commit(changes)?;
        let after = data.feed.position();
        if after > before {
            // A released session is woken when it comes back.
            shared.sessions.values_mut().filter(|session| !session.released).for_each(Session::wake);
        }
        Ok(after)
    }

    async fn close(&self) -> Result<(), StoreError> {
        lock(&self.shared).sessions.remove(&self.session).map(drop).ok_or(StoreError::Closed)
    }
}
