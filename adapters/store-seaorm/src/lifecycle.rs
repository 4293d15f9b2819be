//! Opening, letting go, taking up again, another key.

use hexmtp_domain::Secret;
use hexmtp_ports::store::StoreError;

use crate::access::{Connections, Resume};
use crate::convert::corrupt;
use crate::options::{self, Encryption, OpenProblem, SqliteOptions};
use crate::postgres::{self, PostgresOptions};
use crate::sessions::watch_other_sessions;
use crate::sqlite;
use crate::store::SqlStore;
use crate::tenant::Tenant;

/// Where a database is, and how it is opened.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Sqlite(SqliteOptions),
    Postgres(Box<PostgresOptions>),
}

impl Place {
    /// Whether other sessions can open it.
    pub(crate) const fn is_shared(&self) -> bool {
        !self.is_in_memory()
    }

    const fn is_in_memory(&self) -> bool {
        matches!(self, Self::Sqlite(SqliteOptions { place: options::Place::Memory, .. }))
    }
}

/// Opens a database.
pub(crate) async fn open(place: &Place) -> Result<(Connections, Tenant), StoreError> {
    match place {
        Place::Sqlite(options) => Ok((sqlite::open(options).await?, Tenant::alone())),
        Place::Postgres(options) => postgres::open(options).await,
    }
}

impl SqlStore {
    /// Lets go of the database for a while. Whatever is under way is finished; every call after that answers
    /// [`StoreError::Released`] until [`SqlStore::take_up`]. A database in memory is kept.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub(crate) async fn let_go(&self) -> Result<(), StoreError> {
        let place = self.0.place.lock().await;
        if let Some(connections) = self.0.access.release(place.is_in_memory())? {
            connections.close().await;
        }
        Ok(())
    }

    /// Takes the database up again, and wakes the readers of the feed. Does nothing where it was not let go.
    ///
    /// # Errors
    /// As for opening; the store stays released then.
    pub(crate) async fn take_up(&self) -> Result<(), StoreError> {
        let place = self.0.place.lock().await;
        match self.0.access.resume()? {
            Resume::WasOpen => return Ok(()),
            Resume::Done => {}
            Resume::Reopen => {
                let (connections, tenant) = open(&place).await?;
                if tenant.id != self.0.tenant.id {
                    connections.close().await;
                    return Err(corrupt("installations.id"));
                }
                self.install(connections).await?;
            }
        }
        self.wake_after_reopening();
        Ok(())
    }

    /// Puts what is sealed of an installation on a server under another data key, in one transaction: a crash at any
    /// moment leaves it under the old or the new key, so keep both until this returns. Commits of others wait meanwhile.
    /// Stores that are open under the old key can be used no longer: their commits answer
    /// [`StoreError::WrongKeyOrNotADatabase`], and what they read is [`StoreError::Corrupt`] to them.
    ///
    /// # Errors
    /// As for opening. It is under the old key then; but for [`StoreError::Unavailable`], when the connection was lost
    /// in the end: then one of the two keys opens it.
    pub async fn change_data_key(options: &PostgresOptions, to: &Secret) -> Result<(), StoreError> {
        postgres::reseal(options, to).await
    }

    /// Puts a SQLite database under another key, or under none, or under one for the first time.
    ///
    /// A SQLite file is written anew as a whole and then replaced, so a crash at any moment leaves it under the old or
    /// the new key: keep both until this returns. It takes as much space as the database once more, and nobody else may
    /// have the file open. The old file's blocks are free afterwards, but not overwritten.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: somebody else has the file open;
    /// - [`StoreError::Full`], [`StoreError::ReadOnly`], [`StoreError::Corrupt`];
    /// - [`StoreError::Backend`] with an [`OpenProblem`] as its source: a database in memory has no key, a new key has
    ///   the wrong length, the database is on a server ([`SqlStore::change_data_key`]).
    ///
    /// The database stays under its old key then, and the store goes on with it.
    pub async fn rekey(&self, to: Encryption) -> Result<(), StoreError> {
        let mut place = self.0.place.lock().await;
        self.0.access.check()?;
        match &mut *place {
            Place::Sqlite(options) => self.rekey_file(options, to).await,
            Place::Postgres(_) => Err(StoreError::Backend(Box::new(OpenProblem::Unsupported(
                "the data key on a server is changed while the store is closed",
            )))),
        }
    }

    async fn rekey_file(&self, options: &mut SqliteOptions, to: Encryption) -> Result<(), StoreError> {
        sqlite::can_reencrypt(options, &to)?;
        if let Some(connections) = self.0.access.release(false)? {
            connections.close().await;
        }
        let done = sqlite::reencrypt(options, &to).await;
        let renewed = SqliteOptions { encryption: to, ..options.clone() };
        if done.is_ok() {
            *options = renewed;
        }
        let reopened = match sqlite::open(options).await {
            Ok(connections) => self.install(connections).await,
            Err(error) => Err(error),
        };
        self.wake_after_reopening();
        done.and(reopened)
    }

    async fn install(&self, connections: Connections) -> Result<(), StoreError> {
        match self.0.access.install(connections) {
            None => Ok(()),
            Some(connections) => {
                connections.close().await;
                Err(StoreError::Closed)
            }
        }
    }

    fn wake_after_reopening(&self) {
        if !self.0.wakers.is_empty() {
            watch_other_sessions(&self.0);
        }
        self.0.wakers.wake();
    }
}
