//! The connections of a store, and whether it has any at the moment.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hexmtp_ports::bounds::async_trait;
use hexmtp_ports::store::StoreError;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

use crate::error::{RELEASED, is_lost};
use crate::postgres::Server;

/// The connections to an open database.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    /// The one connection that writes.
    pub(crate) writer: DatabaseConnection,
    /// Those that read.
    pub(crate) readers: DatabaseConnection,
    /// What only a server has; none on SQLite.
    pub(crate) server: Option<Server>,
}

impl Connections {
    /// Closes all connections, once nobody uses them.
    pub(crate) async fn close(&self) {
        if let Some(server) = &self.server {
            server.close(&self.writer).await;
        }
        let _ = self.readers.close_by_ref().await;
        if self.writer.get_database_backend() == DbBackend::Sqlite {
            // Everything is durable already, the checkpoint only brings it into one file. It needs the only writing
            // connection, and so waits for a commit that is under way.
            let _ = self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
        }
        let _ = self.writer.close_by_ref().await;
    }
}

/// Where a store stands towards its database.
#[derive(Debug)]
enum State {
    Open(Connections),
    /// The database was let go. One in memory is kept, since it would be gone with its connection.
    Released(Option<Connections>),
    Closed,
}

/// Gives out the connections for as long as the store has them.
#[derive(Debug)]
pub(crate) struct Access(RwLock<State>);

impl Access {
    pub(crate) fn new(connections: Connections) -> Self {
        Self(RwLock::new(State::Open(connections)))
    }

    /// The connections.
    ///
    /// # Errors
    /// [`StoreError::Released`] and [`StoreError::Closed`].
    pub(crate) fn connections(&self) -> Result<Connections, StoreError> {
        match &*self.read() {
            State::Open(connections) => Ok(connections.clone()),
            State::Released(_) => Err(StoreError::Released),
            State::Closed => Err(StoreError::Closed),
        }
    }

    /// Whether the store may be used.
    ///
    /// # Errors
    /// [`StoreError::Released`] and [`StoreError::Closed`].
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &*self.read() {
            State::Open(_) => Ok(()),
            State::Released(_) => Err(StoreError::Released),
            State::Closed => Err(StoreError::Closed),
        }
    }

    /// From now on the store is released. Gives the connections to be closed; with `keep` they are kept for later.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub(crate) fn release(&self, keep: bool) -> Result<Option<Connections>, StoreError> {
        let mut state = self.write();
        match &*state {
            State::Closed => Err(StoreError::Closed),
            State::Released(_) => Ok(None),
            State::Open(connections) => {
                let connections = connections.clone();
                let (kept, given) = if keep { (Some(connections), None) } else { (None, Some(connections)) };
                *state = State::Released(kept);
                Ok(given)
            }
        }
    }

    /// What is to be done to take the database up again.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub(crate) fn resume(&self) -> Result<Resume, StoreError> {
        let mut state = self.write();
        match &*state {
            State::Closed => Err(StoreError::Closed),
            State::Open(_) => Ok(Resume::WasOpen),
            State::Released(None) => Ok(Resume::Reopen),
            State::Released(Some(kept)) => {
                let kept = kept.clone();
                *state = State::Open(kept);
                Ok(Resume::Done)
            }
        }
    }

    /// From now on the store uses these connections. Gives them back if it was closed in the meantime.
    pub(crate) fn install(&self, connections: Connections) -> Option<Connections> {
        let mut state = self.write();
        if matches!(*state, State::Closed) {
            return Some(connections);
        }
        *state = State::Open(connections);
        None
    }

    /// From now on the store is closed. Gives the connections to be closed.
    ///
    /// # Errors
    /// [`StoreError::Closed`] when it was closed before.
    pub(crate) fn close(&self) -> Result<Option<Connections>, StoreError> {
        match std::mem::replace(&mut *self.write(), State::Closed) {
            State::Closed => Err(StoreError::Closed),
            State::Released(kept) => Ok(kept),
            State::Open(connections) => Ok(Some(connections)),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be done to take a database up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// Nothing, it was not let go.
    WasOpen,
    /// Nothing more: what was kept is used again.
    Done,
    /// It is to be opened.
    Reopen,
}

/// The connections for reading, as one that a query takes.
///
/// On a server a statement whose connection breaks is asked again on another one: it changes nothing, and after the
/// server was started anew every connection of the pool is broken.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    access: Arc<Access>,
    backend: DbBackend,
}

impl Reader {
    pub(crate) const fn new(access: Arc<Access>, backend: DbBackend) -> Self {
        Self { access, backend }
    }

    async fn ask<T>(
        &self,
        statement: Statement,
        ask: impl AsyncFn(&DatabaseConnection, Statement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let connections = self.access.connections().map_err(unusable)?;
        let mut attempts = connections.server.as_ref().map_or(0, Server::readers);
        loop {
            if attempts == 0 {
                return ask(&connections.readers, statement).await.map_err(|error| self.explain(error));
            }
            match ask(&connections.readers, statement.clone()).await {
                Err(error) if is_lost(&error) => attempts -= 1,
                answer => return answer.map_err(|error| self.explain(error)),
            }
        }
    }

    /// A pool that is closed while a call waits for it says so; whether the store is released or closed it knows not.
    fn explain(&self, error: DbErr) -> DbErr {
        match (&error, self.access.check()) {
            (DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed), Err(state)) => unusable(state),
            _ => error,
        }
    }
}

fn unusable(state: StoreError) -> DbErr {
    match state {
        StoreError::Released => DbErr::Custom(RELEASED.to_owned()),
        _ => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.ask(statement, async |readers, statement| readers.execute_raw(statement).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let connections = self.access.connections().map_err(unusable)?;
        connections.readers.execute_unprepared(sql).await.map_err(|error| self.explain(error))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.ask(statement, async |readers, statement| readers.query_one_raw(statement).await).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.ask(statement, async |readers, statement| readers.query_all_raw(statement).await).await
    }
}
