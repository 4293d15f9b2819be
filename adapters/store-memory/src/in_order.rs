//! Rows in the order in which they were stored, found by their keys.

use std::collections::BTreeMap;

/// Rows by key that remember the order in which they were stored.
pub(crate) struct InOrder<K, V> {
    /// By the number under which a row was stored.
    rows: BTreeMap<u64, V>,
    numbers: BTreeMap<K, u64>,
    next: u64,
}

impl<K, V> Default for InOrder<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), numbers: BTreeMap::new(), next: 0 }
    }
}

impl<K: Ord + Copy, V> InOrder<K, V> {
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.numbers.get(&key).and_then(|number| self.rows.get(number))
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.numbers.get(&key).and_then(|number| self.rows.get_mut(number))
    }

    /// Stores a row, unless there is one with the same key; says whether it did.
    pub(crate) fn insert_new(&mut self, key: K, row: V) -> bool {
        if self.numbers.contains_key(&key) {
            return false;
        }
        self.numbers.insert(key, self.next);
        self.rows.insert(self.next, row);
        self.next += 1;
        true
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        self.numbers.remove(&key).and_then(|number| self.rows.remove(&number))
    }

    /// Keeps the rows of which `keep` says so.
    pub(crate) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.rows.retain(|_, row| keep(row));
        self.numbers.retain(|_, number| self.rows.contains_key(number));
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows, in the order in which they were stored.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.values()
    }
}
