//! The rows of the MLS engine.

use std::collections::BTreeMap;

use hexmtp_ports::store::{MlsRowChange, Revision, Scope, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use thiserror::Error;

use super::BATCH;
use crate::entity::mls_row::{ActiveModel, Column, Entity};
use crate::entity::revision::scope_key;
use crate::error::from_db;

/// A change set breaks the port's contract.
#[derive(Debug, Error)]
#[error("a row of a scope is changed that the change set does not expect")]
struct UnexpectedScope;

pub(super) async fn apply(
    transaction: &DatabaseTransaction,
    expect: &[(Scope, Revision)],
    changes: Vec<MlsRowChange>,
) -> Result<(), StoreError> {
    // The last change of a row counts, and a statement may name a row only once.
    let mut last = BTreeMap::new();
    for change in changes {
        if !expect.iter().any(|(scope, _)| *scope == change.scope) {
            return Err(StoreError::Backend(Box::new(UnexpectedScope)));
        }
        last.insert((change.scope, change.key), change.value);
    }
    let mut puts = Vec::new();
    let mut deletes: BTreeMap<Scope, Vec<Vec<u8>>> = BTreeMap::new();
    for ((scope, key), value) in last {
        match value {
            Some(value) => {
                puts.push(ActiveModel { scope: Set(scope_key(&scope)), key: Set(key), value: Set(value) });
            }
            None => deletes.entry(scope).or_default().push(key),
        }
    }
    delete(transaction, deletes).await?;
    put(transaction, puts).await
}

async fn put(transaction: &DatabaseTransaction, rows: Vec<ActiveModel>) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        Entity::insert_many(rows.by_ref().take(BATCH).collect::<Vec<_>>())
            .on_conflict(
                OnConflict::columns([Column::Scope, Column::Key]).update_column(Column::Value).to_owned(),
            )
            .exec_without_returning(transaction)
            .await
            .map_err(from_db)?;
    }
    Ok(())
}

async fn delete(
    transaction: &DatabaseTransaction,
    rows: BTreeMap<Scope, Vec<Vec<u8>>>,
) -> Result<(), StoreError> {
    for (scope, keys) in rows {
        for keys in keys.chunks(BATCH) {
            Entity::delete_many()
                .filter(Column::Scope.eq(scope_key(&scope)))
                .filter(Column::Key.is_in(keys.iter().map(Vec::as_slice)))
                .exec(transaction)
                .await
                .map_err(from_db)?;
        }
    }
    Ok(())
}
