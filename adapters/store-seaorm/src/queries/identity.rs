//! The own identity, and identity logs.

use std::collections::BTreeMap;

use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CachedAssociationState, IdentityQuery, IdentityRecord, KeyPackageRecord, PreferencesRecord, StoreError,
};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{BATCH, not_yet, record, records};
use crate::SqliteStore;
use crate::convert::{from_u64, to_sequence};
use crate::entity::{identity, identity_update, key_package};
use crate::error::from_db;

#[port]
impl IdentityQuery for SqliteStore {
    async fn identity(&self) -> Result<Option<IdentityRecord>, StoreError> {
        record(identity::Entity::find_by_id(identity::SLOT).one(self.reader()?).await.map_err(from_db)?)
    }

    async fn key_packages(&self) -> Result<Vec<KeyPackageRecord>, StoreError> {
        let query = key_package::Entity::find()
            .order_by_asc(key_package::Column::CreatedAt)
            .order_by_asc(key_package::Column::Reference);
        records(query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn key_package_for(&self, public_key: &[u8]) -> Result<Option<KeyPackageRecord>, StoreError> {
        let either = key_package::Column::InitPublic
            .eq(public_key)
            .or(key_package::Column::WrapperPublic.eq(public_key));
        let query = key_package::Entity::find().filter(either).order_by_asc(key_package::Column::Reference);
        record(query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn identity_updates(
        &self,
        inbox_id: InboxId,
        after: SequenceId,
    ) -> Result<Vec<LoggedUpdate>, StoreError> {
        let reader = self.reader()?;
        let Ok(after) = from_u64(after.0) else {
            return Ok(Vec::new());
        };
        let query = identity_update::Entity::find()
            .filter(identity_update::Column::InboxId.eq(inbox_id.to_vec()))
            .filter(identity_update::Column::SequenceId.gt(after))
            .order_by_asc(identity_update::Column::SequenceId);
        records(query.all(reader).await.map_err(from_db)?)
    }

    async fn latest_identity_updates(&self, inboxes: &[InboxId]) -> Result<Vec<SequenceId>, StoreError> {
        let reader = self.reader()?;
        let mut latest: BTreeMap<Vec<u8>, SequenceId> = BTreeMap::new();
        for inboxes in inboxes.chunks(BATCH) {
            let query = identity_update::Entity::find()
                .select_only()
                .column(identity_update::Column::InboxId)
                .column_as(identity_update::Column::SequenceId.max(), "latest")
                .filter(identity_update::Column::InboxId.is_in(inboxes.iter().map(InboxId::to_vec)))
                .group_by(identity_update::Column::InboxId);
            let rows: Vec<(Vec<u8>, i64)> = query.into_tuple().all(reader).await.map_err(from_db)?;
            for (inbox, number) in rows {
                latest.insert(inbox, to_sequence("identity_updates.sequence_id", number)?);
            }
        }
        let of = |inbox: &InboxId| latest.get(inbox.as_bytes().as_slice()).copied().unwrap_or_default();
        Ok(inboxes.iter().map(of).collect())
    }

    async fn preferences(&self) -> Result<Option<PreferencesRecord>, StoreError> {
        record(identity::Entity::find_by_id(identity::SLOT).one(self.reader()?).await.map_err(from_db)?)
    }

    async fn association_states(
        &self,
        _: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Option<CachedAssociationState>>, StoreError> {
        Err(not_yet())
    }

    async fn inboxes_of(&self, _: &[Identifier]) -> Result<Vec<Option<Option<InboxId>>>, StoreError> {
        Err(not_yet())
    }
}
