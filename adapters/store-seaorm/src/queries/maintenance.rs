//! Looking after a database.

use hexmtp_ports::port;
use hexmtp_ports::store::{Maintenance, StoreError, StoreStatistics, Trim};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, PaginatorTrait, QueryFilter, Statement,
};

use crate::SqlStore;
use crate::convert::to_u64;
use crate::entity::{conversation, feed, iced, identity_update, intent, message, mls_row, rejected, task};
use crate::error::from_db;
use crate::migration::tables;
use crate::tenant::Owned;
use crate::write;

/// The size of the database and the free part of it, both in bytes.
async fn size(connection: &impl ConnectionTrait) -> Result<(u64, u64), StoreError> {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT page_count * page_size, freelist_count * page_size \
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
            .to_owned(),
        _ => format!(
            "SELECT COALESCE(SUM(pg_total_relation_size(to_regclass(name))), 0)::bigint, 0::bigint \
             FROM UNNEST(ARRAY['{}']) AS name",
            tables().join("', '")
        ),
    };
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let Some(row) = connection.query_one_raw(statement).await.map_err(from_db)? else {
        return Ok((0, 0));
    };
    let number = |index| row.try_get_by_index::<i64>(index).map_err(from_db);
    Ok((to_u64("page_count", number(0)?)?, to_u64("freelist_count", number(1)?)?))
}

/// Ends a transaction as its work ended.
async fn end(transaction: DatabaseTransaction, done: Result<(), StoreError>) -> Result<(), StoreError> {
    match done {
        Ok(()) => transaction.commit().await.map_err(from_db),
        Err(error) => {
            // Should the rollback fail, the connection rolls back before it is used again.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

impl SqlStore {
    async fn count<E: Owned>(&self) -> Result<u64, StoreError>
    where
        E::Model: Sync,
    {
        self.tenant().find::<E>().count(self.reader()?).await.map_err(from_db)
    }

    async fn count_intents(&self, settled: bool) -> Result<u64, StoreError> {
        let query = self.tenant().find::<intent::Entity>().filter(intent::Column::Settled.eq(settled));
        query.count(self.reader()?).await.map_err(from_db)
    }
}

#[port]
impl Maintenance for SqlStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let (bytes, free_bytes) = size(self.reader()?).await?;
        Ok(StoreStatistics {
            bytes,
            free_bytes,
            conversations: self.count::<conversation::Entity>().await?,
            messages: self.count::<message::Entity>().await?,
            open_intents: self.count_intents(false).await?,
            settled_intents: self.count_intents(true).await?,
            identity_updates: self.count::<identity_update::Entity>().await?,
            mls_rows: self.count::<mls_row::Entity>().await?,
            feed_entries: self.count::<feed::Entity>().await?,
            rejected: self.count::<rejected::Entity>().await?,
            tasks: self.count::<task::Entity>().await?,
            iced: self.count::<iced::Entity>().await?,
        })
    }

    async fn trim(&self, trim: &Trim) -> Result<(), StoreError> {
        let transaction = write::begin(&self.writer()?).await?;
        let done = write::trim(&transaction, self.tenant(), trim).await;
        end(transaction, done).await
    }

    async fn wipe(&self) -> Result<(), StoreError> {
        let transaction = write::begin(&self.writer()?).await?;
        let done = write::wipe(&transaction, self.tenant()).await;
        end(transaction, done).await
    }

    async fn compact(&self) -> Result<(), StoreError> {
        let writer = self.writer()?;
        let statement = match writer.get_database_backend() {
            DbBackend::Sqlite => "VACUUM".to_owned(),
            // With what it counts PostgreSQL chooses the index of a sorted list instead of sorting all rows.
            _ => format!("VACUUM (ANALYZE) {}", tables().join(", ")),
        };
        writer.execute_unprepared(&statement).await.map(drop).map_err(from_db)
    }

    async fn release(&self) -> Result<(), StoreError> {
        self.let_go().await
    }

    async fn reconnect(&self) -> Result<(), StoreError> {
        self.take_up().await
    }
}
