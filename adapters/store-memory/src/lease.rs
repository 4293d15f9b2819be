//! Leases: who may do what only one process may do at a time.

use std::collections::BTreeMap;

use hexmtp_domain::{GroupId, Timestamp};
use hexmtp_ports::store::{LeaseHolder, LeaseName, LeaseRecord, RowChange, StoreError};

use crate::data::Data;

/// The leases as they would stand after some rows of a change set that is not applied yet.
struct Prospect<'a> {
    data: &'a Data,
    leases: BTreeMap<LeaseName, Option<LeaseRecord>>,
    conversations: BTreeMap<GroupId, bool>,
}

impl Prospect<'_> {
    fn lease(&self, name: LeaseName) -> Option<LeaseRecord> {
        let stored = || self.data.leases.get(&name).copied();
        self.leases.get(&name).copied().unwrap_or_else(stored)
    }

    fn knows(&self, id: GroupId) -> bool {
        let stored = || self.data.conversations.contains_key(&id);
        self.conversations.get(&id).copied().unwrap_or_else(stored)
    }

    fn follow(&mut self, row: &RowChange) -> Result<(), StoreError> {
        match row {
            RowChange::TakeLease { name, holder, now, until } => {
                let free = |lease: &LeaseRecord| lease.holder == *holder || lease.until <= *now;
                if let Some(lease) = self.lease(*name).filter(|lease| !free(lease)) {
                    return Err(StoreError::Leased { name: *name, until: lease.until });
                }
                self.leases.insert(*name, Some(lease(*name, *holder, *until)));
            }
            RowChange::ReleaseLease { name, holder }
                if self.lease(*name).is_some_and(|lease| lease.holder == *holder) =>
            {
                self.leases.insert(*name, None);
            }
            RowChange::PutConversation(record) => {
                self.conversations.insert(record.id, true);
            }
            RowChange::DeleteConversation(id) if self.knows(*id) => {
                self.conversations.insert(*id, false);
                self.leases.insert(LeaseName::Outbox(*id), None);
            }
            _ => {}
        }
        Ok(())
    }
}

const fn lease(name: LeaseName, holder: LeaseHolder, until: Timestamp) -> LeaseRecord {
    LeaseRecord { name, holder, until }
}

/// Refuses rows that ask for a lease which somebody else holds when their turn comes.
pub(crate) fn check(data: &Data, rows: &[RowChange]) -> Result<(), StoreError> {
    if !rows.iter().any(|row| matches!(row, RowChange::TakeLease { .. })) {
        return Ok(());
    }
    let mut prospect = Prospect { data, leases: BTreeMap::new(), conversations: BTreeMap::new() };
    rows.iter().try_for_each(|row| prospect.follow(row))
}

impl Data {
    /// Takes a lease that [`check`] found free.
    pub(crate) fn take_lease(&mut self, name: LeaseName, holder: LeaseHolder, until: Timestamp) {
        self.leases.insert(name, lease(name, holder, until));
    }

    pub(crate) fn release_lease(&mut self, name: LeaseName, holder: LeaseHolder) {
        if self.leases.get(&name).is_some_and(|lease| lease.holder == holder) {
            self.leases.remove(&name);
        }
    }
}
