//! One task at a time per group, in the order of asking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_lock::MutexGuardArc;
use hexmtp_domain::GroupId;

/// The locks of the groups that are in use. It only saves work that would end in a conflict: what makes a unit
/// of work safe, also against other processes, is the compare-and-swap of its commit.
#[derive(Debug, Default)]
pub(crate) struct GroupLocks(Mutex<HashMap<GroupId, Weak<async_lock::Mutex<()>>>>);

/// Held while a group is worked on.
pub(crate) type GroupGuard = MutexGuardArc<()>;

impl GroupLocks {
    /// Waits for the group.
    pub(crate) async fn lock(&self, group_id: GroupId) -> GroupGuard {
        self.entry(group_id).lock_arc().await
    }

    fn entry(&self, group_id: GroupId) -> Arc<async_lock::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&group_id).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(async_lock::Mutex::new(()));
        locks.insert(group_id, Arc::downgrade(&lock));
        lock
    }
}
