//! Leases.

use hexmtp_domain::Timestamp;
use hexmtp_ports::store::{LeaseHolder, LeaseName, StoreError};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::Writer;
use crate::entity::lease::{Column, Entity, key, to_row};
use crate::error::from_db;

/// Takes a lease that is free, has run out, or is the holder's already.
pub(super) async fn take(
    writer: &Writer<'_>,
    name: LeaseName,
    holder: LeaseHolder,
    (now, until): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let run_out = Expr::col((Entity, Column::Until)).lte(now.as_nanos());
    let own = Expr::col((Entity, Column::Holder)).eq(Expr::col(("excluded", Column::Holder)));
    let replace = OnConflict::columns([Column::Installation, Column::Kind, Column::Subject])
        .update_columns([Column::Holder, Column::Until])
        .action_and_where(run_out.or(own))
        .to_owned();
    let insert = Entity::insert(to_row(writer.tenant, &name, holder, until)).on_conflict(replace);
    if writer.insert(insert).await? {
        return Ok(());
    }
    let (kind, subject) = key(&name);
    let query = Entity::find_by_id((writer.tenant.id, kind, subject));
    let held = query.one(writer.transaction).await.map_err(from_db)?;
    let until = held.map_or(now, |row| Timestamp::from_nanos(row.until));
    Err(StoreError::Leased { name, until })
}

/// Gives a lease back; one that somebody else holds stays as it is.
pub(super) async fn release(
    writer: &Writer<'_>,
    name: LeaseName,
    holder: LeaseHolder,
) -> Result<(), StoreError> {
    let (kind, subject) = key(&name);
    let delete = writer
        .tenant
        .delete::<Entity>()
        .filter(Column::Kind.eq(kind))
        .filter(Column::Subject.eq(subject))
        .filter(Column::Holder.eq(holder.0.to_vec()));
    delete.exec(writer.transaction).await.map(drop).map_err(from_db)
}
