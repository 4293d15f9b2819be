//! Compare-and-swap on revisions.

use hexmtp_ports::store::{Revision, Scope, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::convert::from_u64;
use crate::entity::revision::{ActiveModel, Column, Entity, scope_key};
use crate::error::from_db;

/// Moves every scope from its expected revision to the next one.
pub(super) async fn advance(
    transaction: &DatabaseTransaction,
    expect: &[(Scope, Revision)],
) -> Result<(), StoreError> {
    for (scope, revision) in expect {
        let moved = match revision.0 {
            0 => create(transaction, scope).await?,
            number => match from_u64(number) {
                Ok(number) => swap(transaction, scope, number).await?,
                // No scope has been changed that often.
                Err(_) => 0,
            },
        };
        if moved == 0 {
            return Err(StoreError::Conflict { scope: *scope });
        }
    }
    Ok(())
}

async fn create(transaction: &DatabaseTransaction, scope: &Scope) -> Result<u64, StoreError> {
    let row = ActiveModel { scope: Set(scope_key(scope)), revision: Set(1) };
    Entity::insert(row)
        .on_conflict(OnConflict::column(Column::Scope).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await
        .map_err(from_db)
}

async fn swap(transaction: &DatabaseTransaction, scope: &Scope, revision: i64) -> Result<u64, StoreError> {
    let updated = Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Column::Scope.eq(scope_key(scope)))
        .filter(Column::Revision.eq(revision))
        .exec(transaction)
        .await
        .map_err(from_db)?;
    Ok(updated.rows_affected)
}
