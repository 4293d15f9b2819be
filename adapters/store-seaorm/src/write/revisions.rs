//! Compare-and-swap on revisions.

use hexmtp_ports::store::{Revision, Scope, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::Writer;
use crate::convert::from_u64;
use crate::entity::revision::{ActiveModel, Column, Entity, scope_key};
use crate::error::from_db;

/// Moves every scope from its expected revision to the next one.
pub(super) async fn advance(writer: &Writer<'_>, expect: &[(Scope, Revision)]) -> Result<(), StoreError> {
    for (scope, revision) in expect {
        let moved = match revision.0 {
            0 => create(writer, scope).await?,
            number => match from_u64(number) {
                Ok(number) => swap(writer, scope, number).await?,
                // No scope has been changed that often.
                Err(_) => false,
            },
        };
        if !moved {
            return Err(StoreError::Conflict { scope: *scope });
        }
    }
    Ok(())
}

async fn create(writer: &Writer<'_>, scope: &Scope) -> Result<bool, StoreError> {
    let row =
        ActiveModel { installation: Set(writer.tenant.id), scope: Set(scope_key(scope)), revision: Set(1) };
    let keep = OnConflict::columns([Column::Installation, Column::Scope]).do_nothing().to_owned();
    writer.insert(Entity::insert(row).on_conflict(keep)).await
}

async fn swap(writer: &Writer<'_>, scope: &Scope, revision: i64) -> Result<bool, StoreError> {
    let update = writer
        .tenant
        .update::<Entity>()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Column::Scope.eq(scope_key(scope)))
        .filter(Column::Revision.eq(revision));
    let updated = update.exec(writer.transaction).await.map_err(from_db)?;
    Ok(updated.rows_affected > 0)
}
