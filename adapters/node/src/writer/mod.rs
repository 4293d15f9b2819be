//! The one task that writes.
//!
//! It takes what waits, puts all of it into one transaction, and answers and announces only after the commit. So
//! numbers follow the order of commits: who sees a number has everything below it. And the more there is to do, the
//! less each write costs, because they share the wait for the disk.

mod append;
mod counters;
mod identity;
mod recover;
mod work;

#[cfg(test)]
mod writer_tests;

use std::sync::Arc;
use std::time::Duration;

use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{InboxId, PayloadHash};
use hexmtp_proto::Message;
use hexmtp_proto::xmtp::mls::api::v1::{PublishCommitLogRequest, WelcomeMessageInput, group_message_input};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::StorageError;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::storage::Largest;
use work::Writer;

/// How many writes may wait for the writer; the callers of more of them wait themselves.
const QUEUE: usize = 1024;
/// The most KiB that may wait for the writer. A write that is larger waits until it is alone.
const QUEUE_KIB: u32 = 64 * 1024;
/// The most writes of one transaction.
const BATCH: usize = 512;
/// How long after a failure the writer looks again what has become of it, when nobody asks.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// A message to a group, checked.
#[derive(Debug)]
pub(crate) struct NewGroupMessage {
    /// The group that its framing names.
    pub(crate) group_id: hexmtp_domain::GroupId,
    /// By what it is recognised if it is sent again.
    pub(crate) hash: PayloadHash,
    /// Whether its framing says that it is a commit.
    pub(crate) is_commit: bool,
    /// The message.
    pub(crate) input: group_message_input::V1,
}

/// A welcome or a pointer to one, checked.
#[derive(Debug)]
pub(crate) struct NewWelcome {
    /// By what it is recognised if it is sent again.
    pub(crate) hash: PayloadHash,
    /// To whom.
    pub(crate) destination: hexmtp_domain::WelcomeDestination,
    /// The welcome.
    pub(crate) input: WelcomeMessageInput,
}

/// A change of which inbox an identifier belongs to.
#[derive(Debug)]
pub(crate) enum AssociationChange {
    /// It is a member now.
    Associate(Identifier),
    /// It is none any more.
    Dissociate(Identifier),
}

/// An identity update that applies to a log which ends with the given number.
#[derive(Debug)]
pub(crate) struct NewIdentityUpdate {
    /// The inbox.
    pub(crate) inbox: InboxId,
    /// The last number of the log that the update was judged by; zero for an empty log.
    pub(crate) judged_at: u64,
    /// The serialized update.
    pub(crate) payload: Vec<u8>,
    /// What it changes, in order.
    pub(crate) changes: Vec<AssociationChange>,
}

/// Something to write, all or nothing.
#[derive(Debug)]
pub(crate) enum Write {
    /// Messages; those that are stored already are passed over.
    GroupMessages(Vec<NewGroupMessage>),
    /// Welcomes; those that are stored already are passed over.
    Welcomes(Vec<NewWelcome>),
    /// The newest key package of an installation.
    KeyPackage {
        /// Whose.
        installation: hexmtp_domain::InstallationId,
        /// In its TLS encoding.
        key_package: Vec<u8>,
    },
    /// Entries of commit logs.
    CommitLog(Vec<PublishCommitLogRequest>),
    /// An identity update.
    IdentityUpdate(NewIdentityUpdate),
}

/// What became of a write that the database took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    /// It is durable.
    Written,
    /// The log of the inbox has grown since the update was judged; nothing was written.
    Outdated,
}

impl Write {
    /// Its size in KiB, roughly.
    fn kib(&self) -> u32 {
        let bytes: usize = match self {
            Self::GroupMessages(messages) => messages.iter().map(|it| it.input.data.len()).sum(),
            Self::Welcomes(welcomes) => welcomes.iter().map(|it| it.input.encoded_len()).sum(),
            Self::KeyPackage { key_package, .. } => key_package.len(),
            Self::CommitLog(entries) => entries.iter().map(Message::encoded_len).sum(),
            Self::IdentityUpdate(update) => update.payload.len(),
        };
        u32::try_from(bytes / 1024 + 1).map_or(QUEUE_KIB, |kib| kib.min(QUEUE_KIB))
    }
}

struct Job {
    write: Write,
    reply: oneshot::Sender<Result<WriteOutcome, StorageError>>,
    /// Its share of what may wait.
    share: OwnedSemaphorePermit,
}

/// The way to the writer.
#[derive(Debug)]
pub(crate) struct Writes {
    jobs: std::sync::Mutex<Option<mpsc::Sender<Job>>>,
    room: Arc<Semaphore>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writes {
    /// Writes, and returns once what was written is durable.
    pub(crate) async fn write(&self, write: Write) -> Result<WriteOutcome, StorageError> {
        let jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let jobs = jobs.ok_or(StorageError::Closed)?;
        let room = Arc::clone(&self.room).acquire_many_owned(write.kib()).await;
        let share = room.map_err(|_| StorageError::Closed)?;
        let (reply, outcome) = oneshot::channel();
        jobs.send(Job { write, reply, share }).await.map_err(|_| StorageError::Closed)?;
        drop(jobs);
        outcome.await.map_err(|_| StorageError::NotWritten)?
    }

    /// Takes nothing more, and waits until all that was taken is written.
    pub(crate) async fn close(&self) {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer failed");
        }
    }
}

/// Starts the writer.
pub(crate) async fn start(
    database: DatabaseConnection,
    hub: Hub,
    largest: Arc<Largest>,
    metrics: Arc<Metrics>,
) -> Result<Writes, DbErr> {
    let writer = Writer::load(database, hub, largest, metrics).await?;
    let (jobs, queue) = mpsc::channel(QUEUE);
    let task = tokio::spawn(run(writer, queue));
    let room = Arc::new(Semaphore::new(usize::try_from(QUEUE_KIB).unwrap_or(usize::MAX)));
    Ok(Writes { jobs: std::sync::Mutex::new(Some(jobs)), room, task: Mutex::new(Some(task)) })
}

async fn run(mut writer: Writer, mut queue: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = if writer.is_certain() {
            Some(queue.recv_many(&mut batch, BATCH).await)
        } else {
            tokio::time::timeout(RECOVERY_INTERVAL, queue.recv_many(&mut batch, BATCH)).await.ok()
        };
        match received {
            Some(0) => return,
            Some(_) => writer.serve(std::mem::take(&mut batch)).await,
            None => {
                // Who subscribed may wait for what was written, though nobody could say so.
                writer.recover().await;
            }
        }
    }
}
