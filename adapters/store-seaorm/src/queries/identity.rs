//! The own identity, and identity logs.

use std::collections::BTreeMap;

use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::port;
use hexmtp_ports::store::{
    CachedAssociationState, IdentityQuery, IdentityRecord, KeyPackageRecord, PreferencesRecord, StoreError,
};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::BATCH;
use crate::SqlStore;
use crate::convert::{from_u64, to_sequence};
use crate::entity::{association_state, identity, identity_update, key_package, known_inbox, preferences};
use crate::error::from_db;
use crate::tenant::{Tenant, record, records};

/// At most so many alternatives in one condition; SQLite takes a thousand.
const ALTERNATIVES: usize = 100;

/// The latest state of an inbox at or before an update.
fn latest_state(tenant: &Tenant, inbox_id: InboxId, up_to: SequenceId) -> Condition {
    use association_state::{Column, Entity};
    // Beyond what can be stored there is nothing.
    let up_to = from_u64(up_to.0).unwrap_or(i64::MAX);
    let latest = Query::select()
        .expr(Func::max(Expr::col(Column::SequenceId)))
        .from(Entity)
        .and_where(Expr::col(Column::Installation).eq(tenant.id))
        .and_where(Expr::col(Column::InboxId).eq(inbox_id.to_vec()))
        .and_where(Expr::col(Column::SequenceId).lte(up_to))
        .take();
    Condition::all()
        .add(Column::Installation.eq(tenant.id))
        .add(Column::InboxId.eq(inbox_id.to_vec()))
        .add(Expr::col((Entity, Column::SequenceId)).eq(Expr::from(latest)))
}

#[port]
impl IdentityQuery for SqlStore {
    async fn identity(&self) -> Result<Option<IdentityRecord>, StoreError> {
        let query = identity::Entity::find_by_id(self.tenant().id);
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn preferences(&self) -> Result<Option<PreferencesRecord>, StoreError> {
        let query = preferences::Entity::find_by_id(self.tenant().id);
        record(self.tenant(), query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn key_packages(&self) -> Result<Vec<KeyPackageRecord>, StoreError> {
        use key_package::{Column, Entity};
        let query = self.tenant().find::<Entity>();
        let query = query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Reference);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }

    async fn key_package_for(&self, public_key: &[u8]) -> Result<Option<KeyPackageRecord>, StoreError> {
        use key_package::{Column, Entity};
        let reader = self.reader()?;
        for column in [Column::InitPublic, Column::WrapperPublic] {
            let query = self.tenant().find::<Entity>().filter(column.eq(public_key));
            if let Some(row) = query.one(reader).await.map_err(from_db)? {
                return record(self.tenant(), Some(row));
            }
        }
        Ok(None)
    }

    async fn identity_updates(
        &self,
        inbox_id: InboxId,
        after: SequenceId,
    ) -> Result<Vec<LoggedUpdate>, StoreError> {
        use identity_update::{Column, Entity};
        let reader = self.reader()?;
        let Ok(after) = from_u64(after.0) else {
            return Ok(Vec::new());
        };
        let query = self
            .tenant()
            .find::<Entity>()
            .filter(Column::InboxId.eq(inbox_id.to_vec()))
            .filter(Column::SequenceId.gt(after))
            .order_by_asc(Column::SequenceId);
        records(self.tenant(), query.all(reader).await.map_err(from_db)?)
    }

    async fn latest_identity_updates(&self, inboxes: &[InboxId]) -> Result<Vec<SequenceId>, StoreError> {
        use identity_update::{Column, Entity};
        let reader = self.reader()?;
        let mut latest: BTreeMap<Vec<u8>, SequenceId> = BTreeMap::new();
        for inboxes in inboxes.chunks(BATCH) {
            let query = self
                .tenant()
                .find::<Entity>()
                .select_only()
                .column(Column::InboxId)
                .column_as(Column::SequenceId.max(), "latest")
                .filter(Column::InboxId.is_in(inboxes.iter().map(InboxId::to_vec)))
                .group_by(Column::InboxId);
            let rows: Vec<(Vec<u8>, i64)> = query.into_tuple().all(reader).await.map_err(from_db)?;
            for (inbox, number) in rows {
                latest.insert(inbox, to_sequence("identity_updates.sequence_id", number)?);
            }
        }
        let of = |inbox: &InboxId| latest.get(inbox.as_bytes().as_slice()).copied().unwrap_or_default();
        Ok(inboxes.iter().map(of).collect())
    }

    async fn association_states(
        &self,
        wanted: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Option<CachedAssociationState>>, StoreError> {
        use association_state::Entity;
        let reader = self.reader()?;
        let mut found: BTreeMap<(InboxId, SequenceId), CachedAssociationState> = BTreeMap::new();
        for wanted in wanted.chunks(ALTERNATIVES) {
            let one = wanted.iter().map(|(inbox_id, up_to)| latest_state(self.tenant(), *inbox_id, *up_to));
            let query = Entity::find().filter(one.fold(Condition::any(), Condition::add));
            let states = records(self.tenant(), query.all(reader).await.map_err(from_db)?)?;
            found.extend(
                states
                    .into_iter()
                    .map(|state: CachedAssociationState| ((state.inbox_id, state.sequence_id), state)),
            );
        }
        let state = |(inbox_id, up_to): &(InboxId, SequenceId)| {
            let up_to = found.range((*inbox_id, SequenceId(0))..=(*inbox_id, *up_to));
            up_to.last().map(|(_, state)| state.clone())
        };
        Ok(wanted.iter().map(state).collect())
    }

    async fn inboxes_of(
        &self,
        identifiers: &[Identifier],
    ) -> Result<Vec<Option<Option<InboxId>>>, StoreError> {
        use known_inbox::{Column, Entity};
        let reader = self.reader()?;
        let mut by_kind: BTreeMap<i16, Vec<Vec<u8>>> = BTreeMap::new();
        for identifier in identifiers {
            let (kind, bytes) = known_inbox::key(identifier);
            by_kind.entry(kind).or_default().push(bytes);
        }
        let mut known = BTreeMap::new();
        for (kind, wanted) in by_kind {
            for wanted in wanted.chunks(BATCH) {
                let query = self.tenant().find::<Entity>().filter(Column::Kind.eq(kind));
                let query = query.filter(Column::Identifier.is_in(wanted.iter().map(Vec::as_slice)));
                for row in query.all(reader).await.map_err(from_db)? {
                    let inbox = known_inbox::inbox(row.inbox_id.as_deref())?;
                    known.insert((row.kind, row.identifier), inbox);
                }
            }
        }
        Ok(identifiers.iter().map(|identifier| known.get(&known_inbox::key(identifier)).copied()).collect())
    }
}
