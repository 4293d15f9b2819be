//! The queries for the own identity and the identity logs of others.

use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CachedAssociationState, IdentityQuery, IdentityRecord, KeyPackageRecord, PreferencesRecord, StoreError,
};

use crate::MemoryStore;

#[port]
impl IdentityQuery for MemoryStore {
    async fn identity(&self) -> Result<Option<IdentityRecord>, StoreError> {
        self.read(|data| data.identity.clone())
    }

    async fn preferences(&self) -> Result<Option<PreferencesRecord>, StoreError> {
        self.read(|data| data.preferences.clone())
    }

    async fn key_packages(&self) -> Result<Vec<KeyPackageRecord>, StoreError> {
        let mut records = self.read(|data| data.key_packages.values().cloned().collect::<Vec<_>>())?;
        records.sort_by_key(|record| (record.created_at, record.reference));
        Ok(records)
    }

    async fn key_package_for(&self, public_key: &[u8]) -> Result<Option<KeyPackageRecord>, StoreError> {
        let matches = |record: &&KeyPackageRecord| {
            record.init_key.0 == public_key || record.wrapper_key.0 == public_key
        };
        self.read(|data| data.key_packages.values().find(matches).cloned())
    }

    async fn identity_updates(
        &self,
        inbox_id: InboxId,
        after: SequenceId,
    ) -> Result<Vec<LoggedUpdate>, StoreError> {
        self.read(|data| {
            let log = data.identity_updates.get(&inbox_id);
            log.into_iter()
                .flat_map(|log| log.values())
                .filter(|update| update.sequence_id > after)
                .cloned()
                .collect()
        })
    }

    async fn latest_identity_updates(&self, inboxes: &[InboxId]) -> Result<Vec<SequenceId>, StoreError> {
        self.read(|data| {
            let latest =
                |inbox| data.identity_updates.get(inbox).and_then(|log| log.keys().next_back().copied());
            inboxes.iter().map(|inbox| latest(inbox).unwrap_or_default()).collect()
        })
    }

    async fn association_states(
        &self,
        wanted: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Option<CachedAssociationState>>, StoreError> {
        self.read(|data| {
            let latest = |(inbox_id, at): &(InboxId, SequenceId)| {
                let states = data.association_states.range((*inbox_id, SequenceId(0))..=(*inbox_id, *at));
                states.last().map(|(_, state)| state.clone())
            };
            wanted.iter().map(latest).collect()
        })
    }

    async fn inboxes_of(
        &self,
        identifiers: &[Identifier],
    ) -> Result<Vec<Option<Option<InboxId>>>, StoreError> {
        self.read(|data| identifiers.iter().map(|identifier| data.inboxes.get(identifier).copied()).collect())
    }
}
