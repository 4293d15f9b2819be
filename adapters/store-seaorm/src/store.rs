//! The handle and the unit of work.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hexmtp_ports::port;
use hexmtp_ports::store::{
    ChangeSet, FeedPosition, MlsRows, Revision, Scope, Snapshot, StoreError, UnitOfWork,
};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::task::AbortHandle;

use crate::access::{Access, Connections, Reader};
use crate::commit;
use crate::convert::to_u64;
use crate::entity::installation::last_position;
use crate::entity::revision::scope_key;
use crate::entity::{mls_row, revision};
use crate::error::from_db;
use crate::lifecycle::{Place, open};
use crate::options::SqliteOptions;
use crate::postgres::PostgresOptions;
use crate::sessions::{Sessions, watch_other_sessions};
use crate::tenant::Tenant;
use crate::wake::Wakers;

/// A store in a SQLite or PostgreSQL database. A clone is the same store.
///
/// Close an encrypted store before the process ends: SQLCipher clears up at that moment, and a thread that still works on the
/// database then can fault. What is committed is safe either way.
#[derive(Clone)]
pub struct SqlStore(pub(crate) Arc<Shared>);

/// What the clones of a store share.
pub(crate) struct Shared {
    pub(crate) access: Arc<Access>,
    pub(crate) reader: Reader,
    pub(crate) wakers: Wakers,
    /// None for a database that no other session can open.
    pub(crate) sessions: Option<Sessions>,
    /// Where the database is, and under which key. Who holds it may let the database go, take it up, change the key.
    pub(crate) place: tokio::sync::Mutex<Place>,
    /// The task that watches other sessions.
    watcher: Mutex<Option<AbortHandle>>,
    pub(crate) tenant: Tenant,
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("state", &self.0.access.check()).finish_non_exhaustive()
    }
}

impl SqlStore {
    /// Opens a SQLite database, or makes a new one where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// - [`StoreError::WrongKeyOrNotADatabase`]: the key is wrong, or missing, or the file is something else;
    /// - [`StoreError::Corrupt`]: the file is damaged or cut off. Damage far from the start of the file is found
    ///   when the damaged part is read;
    /// - [`StoreError::ForeignSchema`] and [`StoreError::NewerSchema`];
    /// - [`StoreError::Backend`] with an [`OpenProblem`](crate::OpenProblem) as its source: the path or the key
    ///   cannot be used at all, or a key is given for a database that is not encrypted;
    /// - [`StoreError::Unavailable`]: another process holds the database for longer than the busy time-out;
    /// - [`StoreError::ReadOnly`]: it is to be opened for reading only, and its schema is an older one.
    ///
    /// The file is left as it was whenever one of the first four is the answer.
    pub async fn open_sqlite(options: SqliteOptions) -> Result<Self, StoreError> {
        Self::open(Place::Sqlite(options)).await
    }

    /// Opens a PostgreSQL database, makes the tables if they are not there, and brings them up to date. Several
    /// processes may do so at the same time.
    ///
    /// # Errors
    /// - [`StoreError::WrongKeyOrNotADatabase`]: the installation's rows are sealed under another key;
    /// - [`StoreError::ForeignSchema`]: there are tables with our names that we have not made;
    /// - [`StoreError::NewerSchema`];
    /// - [`StoreError::Unavailable`]: the server is not there;
    /// - [`StoreError::ReadOnly`]: it takes no changes, as a standby;
    /// - [`StoreError::Backend`]: it does not let the user in, or the user lacks a privilege, or the connection is not
    ///   as safe as the URL wants it; with an [`OpenProblem`](crate::OpenProblem) as its source: the server is too old,
    ///   or there is no schema.
    pub async fn open_postgres(options: PostgresOptions) -> Result<Self, StoreError> {
        Self::open(Place::Postgres(Box::new(options))).await
    }

    async fn open(place: Place) -> Result<Self, StoreError> {
        let (connections, tenant) = open(&place).await?;
        let backend = connections.writer.get_database_backend();
        let access = Arc::new(Access::new(connections.clone()));
        let reader = Reader::new(Arc::clone(&access), backend);
        let sessions = match place.is_shared() {
            true => match last_position(&reader, &tenant).await {
                Ok(position) => Some(Sessions::new(position)),
                Err(error) => {
                    connections.close().await;
                    return Err(error);
                }
            },
            false => None,
        };
        Ok(Self(Arc::new(Shared {
            access,
            reader,
            wakers: Wakers::new(),
            sessions,
            place: tokio::sync::Mutex::new(place),
            watcher: Mutex::new(None),
            tenant,
        })))
    }

    /// A connection for reading.
    pub(crate) fn reader(&self) -> Result<&Reader, StoreError> {
        self.0.access.check()?;
        Ok(&self.0.reader)
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> Result<DatabaseConnection, StoreError> {
        Ok(self.0.access.connections()?.writer)
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
        watch_other_sessions(&self.0);
    }
}

impl Shared {
    async fn commit(
        &self,
        connections: &Connections,
        changes: ChangeSet,
    ) -> Result<FeedPosition, StoreError> {
        let written =
            commit::commit(connections, &self.tenant, changes).await.map_err(|error| match error {
                // A pool that is closed while a commit waits for it does not know whether the store was closed, too.
                StoreError::Closed => self.access.check().err().unwrap_or(error),
                _ => error,
            })?;
        if written.fed {
            if let Some(sessions) = &self.sessions {
                sessions.is_news(written.position);
            }
            self.wakers.wake();
        }
        Ok(written.position)
    }

    pub(crate) fn set_watcher(&self, task: AbortHandle) {
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

impl Drop for Shared {
    /// A store that nobody holds any more needs no watcher, which may be waiting for a server to tell of something.
    fn drop(&mut self) {
        if let Some(task) = self.watcher.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
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
impl UnitOfWork for SqlStore {
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
        let connections = self.0.access.connections()?;
        let shared = Arc::clone(&self.0);
        // A task of its own: a caller that goes away must not stop between the commit and its wake-up.
        let task = tokio::spawn(async move { shared.commit(&connections, changes).await });
        task.await.unwrap_or_else(|error| Err(StoreError::Backend(Box::new(error))))
    }

    async fn close(&self) -> Result<(), StoreError> {
        let connections = self.0.access.close()?;
        self.0.wakers.close();
        if let Some(connections) = connections {
            connections.close().await;
        }
        Ok(())
    }
}
