//! The rows of the MLS engine.

use std::collections::BTreeMap;

use hexmtp_ports::store::{MlsRowChange, Revision, Scope, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use thiserror::Error;

use super::{BATCH, Writer};
use crate::entity::mls_row::{ActiveModel, Column, Entity, VALUE};
use crate::entity::revision::scope_key;
use crate::error::from_db;

/// A change set breaks the port's contract.
#[derive(Debug, Error)]
#[error("a row of a scope is changed that the change set does not expect")]
struct UnexpectedScope;

pub(super) async fn apply(
    writer: &Writer<'_>,
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
                let scope = scope_key(&scope);
                let value = writer.tenant.seal(VALUE, &[&scope, &key], value)?;
                puts.push(ActiveModel {
                    installation: Set(writer.tenant.id),
                    scope: Set(scope),
                    key: Set(key),
                    value: Set(value),
                });
            }
            None => deletes.entry(scope).or_default().push(key),
        }
    }
    delete(writer, deletes).await?;
    put(writer, puts).await
}

async fn put(writer: &Writer<'_>, rows: Vec<ActiveModel>) -> Result<(), StoreError> {
    let key = [Column::Installation, Column::Scope, Column::Key];
    let replace = OnConflict::columns(key).update_column(Column::Value).to_owned();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        Entity::insert_many(rows.by_ref().take(BATCH).collect::<Vec<_>>())
            .on_conflict(replace.clone())
            .exec_without_returning(writer.transaction)
            .await
            .map_err(from_db)?;
    }
    Ok(())
}

async fn delete(writer: &Writer<'_>, rows: BTreeMap<Scope, Vec<Vec<u8>>>) -> Result<(), StoreError> {
    for (scope, keys) in rows {
        for keys in keys.chunks(BATCH) {
            let delete = writer
                .tenant
                .delete::<Entity>()
                .filter(Column::Scope.eq(scope_key(&scope)))
                .filter(Column::Key.is_in(keys.iter().map(Vec::as_slice)));
            delete.exec(writer.transaction).await.map_err(from_db)?;
        }
    }
    Ok(())
}
