//! What a node knows, in a database.
//!
//! All writing goes through one task (`crate::writer`), which gives the numbers. Reading goes past it, on other
//! connections where there are some.

mod identity;
mod open;
mod page;
mod read;
mod url;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::DatabaseConnection;

pub(crate) use identity::{LoggedUpdate, kind_number};
pub(crate) use page::{Page, PageRequest};

use crate::error::{NodeError, StorageError};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::writer::{self, Write, WriteOutcome, Writes};
use open::Database;

/// The sizes of the largest rows: while they are small, a page needs no second look at its size.
#[derive(Debug, Default)]
pub(crate) struct Largest {
    pub(crate) group_message: AtomicU64,
    pub(crate) welcome: AtomicU64,
}

/// The node's data. A clone is the same data.
#[derive(Clone, Debug)]
pub(crate) struct Storage(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    largest: Arc<Largest>,
    writes: Writes,
    /// The most bytes of a page, so that with its frame it stays below what clients take.
    page_bytes: u64,
}

impl Storage {
    /// Opens the database, brings its schema up to date and starts the writer.
    pub(crate) async fn open(
        url: &str,
        readers: u32,
        max_message_bytes: usize,
        hub: Hub,
        metrics: Arc<Metrics>,
    ) -> Result<Self, NodeError> {
        let database = Database::open(url, readers).await?;
        let largest = Arc::new(Largest::default());
        let started = writer::start(database.writer.clone(), hub, Arc::clone(&largest), metrics).await;
        let writes = match started {
            Ok(writes) => writes,
            Err(error) => {
                database.close().await;
                return Err(NodeError::Database(Box::new(error)));
            }
        };
        let page_bytes = u64::try_from(max_message_bytes / 5 * 4).unwrap_or(u64::MAX);
        Ok(Self(Arc::new(Shared { database, largest, writes, page_bytes })))
    }

    /// Writes, and returns once what was written is durable.
    pub(crate) async fn write(&self, write: Write) -> Result<WriteOutcome, StorageError> {
        self.0.writes.write(write).await
    }

    /// Finishes the writes that were begun, and closes the database.
    pub(crate) async fn close(&self) {
        self.0.writes.close().await;
        self.0.database.close().await;
    }

    fn readers(&self) -> &DatabaseConnection {
        &self.0.database.readers
    }

    fn largest_group_message(&self) -> u64 {
        self.0.largest.group_message.load(Ordering::Relaxed)
    }

    fn largest_welcome(&self) -> u64 {
        self.0.largest.welcome.load(Ordering::Relaxed)
    }
}
