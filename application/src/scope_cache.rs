//! The MLS rows of the groups that are in use, by revision.
//!
//! A cached scope is used without asking the store whether it still stands: if another process changed it, the
//! commit conflicts, the entry is forgotten, and the decision is made again from what the store holds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hexmtp_ports::store::{MlsRowChange, MlsRows, Revision, Scope};

/// How many groups stay in memory: at 200 KB for a group of 250 members a few megabytes.
const CAPACITY: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct ScopeCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_scope: HashMap<Scope, Entry>,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    revision: Revision,
    rows: MlsRows,
    last_use: u64,
}

impl ScopeCache {
    /// The scope as it was last seen here.
    pub(crate) fn get(&self, scope: Scope) -> Option<(Revision, MlsRows)> {
        let mut entries = self.entries();
        entries.uses += 1;
        let uses = entries.uses;
        let entry = entries.by_scope.get_mut(&scope)?;
        entry.last_use = uses;
        Some((entry.revision, entry.rows.clone()))
    }

    /// Takes over what a commit has made of the scopes that it had loaded.
    pub(crate) fn refresh(
        &self,
        expect: &[(Scope, Revision)],
        loaded: Vec<(Scope, MlsRows)>,
        changes: &[MlsRowChange],
    ) {
        let mut entries = self.entries();
        for ((scope, revision), (_, mut rows)) in expect.iter().zip(loaded) {
            if !matches!(scope, Scope::Group(_)) {
                continue;
            }
            for change in changes.iter().filter(|change| change.scope == *scope) {
                match &change.value {
                    Some(value) => rows.insert(change.key.clone(), value.clone()),
                    None => rows.remove(&change.key),
                };
            }
            entries.uses += 1;
            let entry = Entry { revision: Revision(revision.0 + 1), rows, last_use: entries.uses };
            entries.by_scope.insert(*scope, entry);
        }
        entries.evict();
    }

    /// Forgets a scope whose rows went in another way than by changes of them.
    pub(crate) fn forget_one(&self, scope: Scope) {
        self.entries().by_scope.remove(&scope);
    }

    /// Forgets scopes, so that the next use loads them.
    pub(crate) fn forget(&self, scopes: &[(Scope, Revision)]) {
        let mut entries = self.entries();
        for (scope, _) in scopes {
            entries.by_scope.remove(scope);
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn evict(&mut self) {
        while self.by_scope.len() > CAPACITY {
            let oldest =
                self.by_scope.iter().min_by_key(|(_, entry)| entry.last_use).map(|(scope, _)| *scope);
            let Some(oldest) = oldest else { return };
            self.by_scope.remove(&oldest);
        }
    }
}
