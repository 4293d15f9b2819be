//! The groups that are in use, open or as rows, by revision.
//!
//! A cached group is used without asking the store whether it still stands: if another process changed it, the commit
//! conflicts, and the decision is made again from what the store holds. Whoever takes a group owns it; only a commit
//! that succeeds puts it back, so what is cached is never ahead of the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hexmtp_domain::GroupId;
use hexmtp_ports::mls::MlsSession;
use hexmtp_ports::store::{MlsRowChange, MlsRows, Revision};

/// How many groups stay in memory: with 250 members and the secrets of three past epochs one takes about a megabyte.
const CAPACITY: usize = 32;

/// What is at hand of a group.
pub(crate) enum Held {
    /// Its rows, as they were loaded.
    Rows(MlsRows),
    /// The group, opened from its rows, with nothing in it that is not stored.
    Session(Box<dyn MlsSession>),
}

impl Held {
    /// After a commit that stored these changes. A session has them already.
    pub(crate) fn after<'a>(self, changes: impl Iterator<Item = &'a MlsRowChange>) -> Self {
        let Self::Rows(mut rows) = self else { return self };
        for change in changes {
            match &change.value {
                Some(value) => rows.insert(change.key.clone(), value.clone()),
                None => rows.remove(&change.key),
            };
        }
        Self::Rows(rows)
    }
}

#[derive(Default)]
pub(crate) struct SessionCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_group: HashMap<GroupId, Entry>,
    uses: u64,
}

struct Entry {
    revision: Revision,
    held: Held,
    last_use: u64,
}

impl SessionCache {
    /// Takes the group as it was last seen here.
    pub(crate) fn take(&self, group_id: GroupId) -> Option<(Revision, Held)> {
        let entry = self.entries().by_group.remove(&group_id)?;
        Some((entry.revision, entry.held))
    }

    /// Puts a group back, unless a newer one is there.
    pub(crate) fn put(&self, group_id: GroupId, revision: Revision, held: Held) {
        let mut entries = self.entries();
        if entries.by_group.get(&group_id).is_some_and(|entry| entry.revision > revision) {
            return;
        }
        entries.uses += 1;
        let entry = Entry { revision, held, last_use: entries.uses };
        entries.by_group.insert(group_id, entry);
        entries.evict();
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn evict(&mut self) {
        while self.by_group.len() > CAPACITY {
            let oldest = self.by_group.iter().min_by_key(|(_, entry)| entry.last_use).map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            self.by_group.remove(&oldest);
        }
    }
}
