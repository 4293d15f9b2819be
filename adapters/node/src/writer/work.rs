//! A batch of writes: one transaction, then the answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use super::counters::{Counters, now_ns};
use super::{Job, Write, WriteOutcome, append, identity};
use crate::entity::{commit_log, group_message, identity_update, key_package, welcome};
use crate::envelope::Envelope;
use crate::error::StorageError;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::storage::Largest;

/// The names of the tables in metrics.
const TABLES: [&str; 5] = ["group_messages", "welcomes", "commit_log", "identity_updates", "key_packages"];

/// What a transaction did.
#[derive(Debug, Default)]
struct Done {
    outcomes: Vec<WriteOutcome>,
    envelopes: Vec<Arc<Envelope>>,
    /// New rows, in the order of [`TABLES`].
    rows: [u64; 5],
}

/// The state of the task that writes.
pub(super) struct Writer {
    pub(super) database: DatabaseConnection,
    pub(super) hub: Hub,
    pub(super) counters: Counters,
    /// Whether the counters are those of the database. After a failed commit nobody knows.
    pub(super) is_certain: bool,
    largest: Arc<Largest>,
    metrics: Arc<Metrics>,
}

impl Writer {
    /// Reads where the tables stand.
    pub(super) async fn load(
        database: DatabaseConnection,
        hub: Hub,
        largest: Arc<Largest>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, DbErr> {
        let counters = Counters::load(&database).await?;
        let rows = [
            group_message::Entity::find().count(&database).await?,
            welcome::Entity::find().count(&database).await?,
            commit_log::Entity::find().count(&database).await?,
            identity_update::Entity::find().count(&database).await?,
            key_package::Entity::find().count(&database).await?,
        ];
        for (table, count) in TABLES.into_iter().zip(rows) {
            metrics.rows_added(table, count);
        }
        let writer = Self { database, hub, counters, is_certain: true, largest, metrics };
        writer.publish_sizes();
        Ok(writer)
    }

    /// Whether it is known what is in the database.
    pub(super) const fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// Serves writes, in one transaction if that succeeds. If not, each gets a transaction of its own, so that what
    /// the database cannot take fails alone.
    pub(super) async fn serve(&mut self, batch: Vec<Job>) {
        let (writes, replies): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|job| (job.write, (job.reply, job.share))).unzip();
        if self.is_certain || self.recover().await {
            match self.transact(&writes).await {
                Ok(outcomes) => {
                    for ((reply, _), outcome) in replies.into_iter().zip(outcomes) {
                        // A caller who has gone needs no answer.
                        let _ = reply.send(Ok(outcome));
                    }
                    return;
                }
                Err(error) => self.failed(&error),
            }
        }
        for (write, (reply, _)) in writes.into_iter().zip(replies) {
            let _ = reply.send(self.serve_alone(write).await);
        }
    }

    async fn serve_alone(&mut self, write: Write) -> Result<WriteOutcome, StorageError> {
        if !self.is_certain && !self.recover().await {
            return Err(StorageError::NotWritten);
        }
        match self.transact(std::slice::from_ref(&write)).await {
            Ok(outcomes) => outcomes.first().copied().ok_or(StorageError::NotWritten),
            Err(error) => {
                self.failed(&error);
                Err(StorageError::NotWritten)
            }
        }
    }

    pub(super) fn failed(&mut self, error: &DbErr) {
        tracing::error!(%error, "a transaction failed");
        self.metrics.failed_batches.inc();
        self.is_certain = false;
    }

    /// One transaction. Only after it are counters moved and subscribers told.
    pub(super) async fn transact(&mut self, writes: &[Write]) -> Result<Vec<WriteOutcome>, DbErr> {
        // SQLite takes the lock for writing at once: to ask for it later could fail.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.database.begin_with_options(options).await?;
        let mut counters = self.counters;
        let done = write_all(&transaction, &mut counters, writes).await?;
        counters.store(self.counters, &transaction).await?;
        transaction.commit().await?;
        self.counters = counters;
        self.publish_sizes();
        self.hub.announce(&done.envelopes);
        for (table, count) in TABLES.into_iter().zip(done.rows).filter(|(_, count)| *count > 0) {
            self.metrics.rows_added(table, count);
        }
        self.metrics.batch_sizes.observe(u32::try_from(writes.len()).map_or(f64::INFINITY, f64::from));
        Ok(done.outcomes)
    }

    /// Lets readers know how large rows are.
    pub(super) fn publish_sizes(&self) {
        self.largest.group_message.store(self.counters.group_messages.largest, Ordering::Relaxed);
        self.largest.welcome.store(self.counters.welcomes.largest, Ordering::Relaxed);
    }
}

/// Writes everything in few statements: rows of one table together, in the order in which they came.
async fn write_all(
    transaction: &DatabaseTransaction,
    counters: &mut Counters,
    writes: &[Write],
) -> Result<Done, DbErr> {
    let now = now_ns();
    let mut done = Done::default();
    let (mut messages, mut welcomes, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        let mut outcome = WriteOutcome::Written;
        match write {
            Write::GroupMessages(new) => messages.extend(new),
            Write::Welcomes(new) => welcomes.extend(new),
            Write::CommitLog(new) => entries.extend(new),
            Write::KeyPackage { installation, key_package } => {
                let new =
                    append::key_package(transaction, now, installation.to_vec(), key_package.clone()).await?;
                done.rows[4] += u64::from(new);
            }
            Write::IdentityUpdate(new) => {
                outcome = identity::append(transaction, &mut counters.identity_updates, now, new).await?;
                done.rows[3] += u64::from(outcome == WriteOutcome::Written);
            }
        }
        done.outcomes.push(outcome);
    }
    if !messages.is_empty() {
        let new = append::group_messages(transaction, &mut counters.group_messages, now, messages).await?;
        done.rows[0] = u64::try_from(new.len()).unwrap_or(u64::MAX);
        done.envelopes.extend(new);
    }
    if !welcomes.is_empty() {
        let new = append::welcomes(transaction, &mut counters.welcomes, now, welcomes).await?;
        done.rows[1] = u64::try_from(new.len()).unwrap_or(u64::MAX);
        done.envelopes.extend(new);
    }
    if !entries.is_empty() {
        done.rows[2] = append::commit_log(transaction, &mut counters.commit_log, now, entries).await?;
    }
    Ok(done)
}
