//! The handle and the unit of work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use hexmtp_ports::port;
use hexmtp_ports::store::{
    ChangeSet, FeedPosition, MlsRows, Revision, Scope, Snapshot, StoreError, UnitOfWork,
};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sqlx::SqlitePool;

use crate::convert::to_u64;
use crate::entity::installation::last_position;
use crate::entity::revision::scope_key;
use crate::entity::{mls_row, revision};
use crate::error::from_db;
use crate::options::Place;
use crate::sessions::{INTERVAL, Sessions};
use crate::tenant::Tenant;
use crate::wake::Wakers;
use crate::{SqliteOptions, open, write};

/// A store in a SQLite database. A clone is the same store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    writer_pool: SqlitePool,
    reader_pool: SqlitePool,
    closed: AtomicBool,
    wakers: Wakers,
    /// None for a database that no other session can open.
    sessions: Option<Sessions>,
    tenant: Tenant,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = self.0.closed.load(Ordering::Acquire);
        f.debug_struct("SqliteStore").field("closed", &closed).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens a database, or makes a new one where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// - [`StoreError::WrongKeyOrNotADatabase`]: the key is wrong, or missing, or the file is something else;
    /// - [`StoreError::Corrupt`]: the file is damaged or cut off. Damage far from the start of the file is found
    ///   when the damaged part is read;
    /// - [`StoreError::ForeignSchema`] and [`StoreError::NewerSchema`];
    /// - [`StoreError::Backend`] with an [`OpenProblem`](crate::OpenProblem) as its source: the path or the key
    ///   cannot be used at all, or a key is given for a database that is not encrypted;
    /// - [`StoreError::Unavailable`]: another process holds the database for longer than five seconds.
    ///
    /// The file is left as it was whenever one of the first four is the answer.
    pub async fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        let (writer_pool, reader_pool) = open::open(&options).await?;
        let readers = open::connection(&reader_pool);
        let tenant = Tenant::alone();
        let sessions = match options.place {
            Place::File(_) => Some(Sessions::new(last_position(&readers, &tenant).await?)),
            Place::Memory => None,
        };
        Ok(Self(Arc::new(Shared {
            writer: open::connection(&writer_pool),
            readers,
            writer_pool,
            reader_pool,
            closed: AtomicBool::new(false),
            wakers: Wakers::new(),
            sessions,
            tenant,
        })))
    }

    /// A connection for reading.
    pub(crate) fn reader(&self) -> Result<&DatabaseConnection, StoreError> {
        self.check_open()?;
        Ok(&self.0.readers)
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> Result<&DatabaseConnection, StoreError> {
        self.check_open()?;
        Ok(&self.0.writer)
    }

    /// Whose rows the store reads and writes.
    pub(crate) fn tenant(&self) -> &Tenant {
        &self.0.tenant
    }

    pub(crate) fn wakers(&self) -> &Wakers {
        &self.0.wakers
    }

    /// Wakes readers after commits of other sessions, for as long as there are readers.
    pub(crate) fn watch_other_sessions(&self) {
        let Some(sessions) = &self.0.sessions else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if sessions.begin() {
            runtime.spawn(watch(Arc::downgrade(&self.0)));
        }
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.0.closed.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }
}

impl Shared {
    async fn commit(&self, changes: ChangeSet) -> Result<FeedPosition, StoreError> {
        let transaction = write::begin(&self.writer).await?;
        match write::apply(&transaction, &self.tenant, changes).await {
            Ok(written) => {
                transaction.commit().await.map_err(from_db)?;
                if written.fed {
                    if let Some(sessions) = &self.sessions {
                        sessions.is_news(written.position);
                    }
                    self.wakers.wake();
                }
                Ok(written.position)
            }
            Err(error) => {
                // Should the rollback fail, the connection rolls back before it is used again.
                let _ = transaction.rollback().await;
                Err(error)
            }
        }
    }
}

/// Looks at the end of the feed until nobody reads it any more, or the store is closed or gone.
async fn watch(store: Weak<Shared>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(store) = store.upgrade() else { return };
        let Some(sessions) = &store.sessions else { return };
        if store.closed.load(Ordering::Acquire) {
            return;
        }
        if store.wakers.is_empty() {
            sessions.end();
            // Somebody may have come just now, and seen that somebody was looking.
            if store.wakers.is_empty() || !sessions.begin() {
                return;
            }
        }
        // A database that is busy or in trouble is looked at again, and tells its readers itself.
        if let Ok(position) = last_position(&store.readers, &store.tenant).await
            && sessions.is_news(position)
        {
            store.wakers.wake();
        }
    }
}

/// One statement, so that the revisions and the rows are of one moment.
fn select_scopes(tenant: &Tenant, scopes: &[Scope]) -> SelectStatement {
    Query::select()
        .column((revision::Entity, revision::Column::Scope))
        .column((revision::Entity, revision::Column::Revision))
        .column((mls_row::Entity, mls_row::Column::Key))
        .column((mls_row::Entity, mls_row::Column::Value))
        .from(revision::Entity)
        .join(
            JoinType::LeftJoin,
            mls_row::Entity,
            Expr::col((mls_row::Entity, mls_row::Column::Installation)).eq(tenant.id).and(
                Expr::col((mls_row::Entity, mls_row::Column::Scope))
                    .equals((revision::Entity, revision::Column::Scope)),
            ),
        )
        .and_where(Expr::col((revision::Entity, revision::Column::Installation)).eq(tenant.id))
        .and_where(Expr::col((revision::Entity, revision::Column::Scope)).is_in(scopes.iter().map(scope_key)))
        .take()
}

#[port]
impl UnitOfWork for SqliteStore {
    async fn load(&self, scopes: &[Scope]) -> Result<Vec<Snapshot>, StoreError> {
        let found = self.reader()?.query_all(&select_scopes(self.tenant(), scopes)).await.map_err(from_db)?;
        let mut loaded: BTreeMap<Vec<u8>, (Revision, MlsRows)> = BTreeMap::new();
        for row in found {
            let scope: Vec<u8> = row.try_get("", "scope").map_err(from_db)?;
            let revision: i64 = row.try_get("", "revision").map_err(from_db)?;
            let revision = Revision(to_u64("revisions.revision", revision)?);
            let row = match row.try_get::<Option<Vec<u8>>>("", "key").map_err(from_db)? {
                Some(key) => {
                    let value = row.try_get("", "value").map_err(from_db)?;
                    let value = self.tenant().open(mls_row::VALUE, &[&scope, &key], value)?;
                    Some((key, value))
                }
                None => None,
            };
            let (_, rows) = loaded.entry(scope).or_insert((revision, MlsRows::new()));
            rows.extend(row);
        }
        let snapshot = |scope: &Scope| {
            let (revision, rows) = loaded.get(&scope_key(scope)).cloned().unwrap_or_default();
            Snapshot { scope: *scope, revision, rows }
        };
        Ok(scopes.iter().map(snapshot).collect())
    }

    async fn commit(&self, changes: ChangeSet) -> Result<FeedPosition, StoreError> {
        self.check_open()?;
        let shared = Arc::clone(&self.0);
        // A task of its own: a caller that goes away must not stop between the commit and its wake-up.
        let task = tokio::spawn(async move { shared.commit(changes).await });
        task.await.unwrap_or_else(|error| Err(StoreError::Backend(Box::new(error))))
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Err(StoreError::Closed);
        }
        self.0.wakers.close();
        self.0.reader_pool.close().await;
        // Everything is durable already, the checkpoint only brings it into one file. It needs the only writing
        // connection, and so waits for a commit that is under way.
        let _ = self.0.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
        self.0.writer_pool.close().await;
        Ok(())
    }
}
