//! Durable tasks, and leases: the right to do what only one process may do at a time.

use hexmtp_domain::{GroupId, Timestamp};

/// What a task is known by: the same work wanted twice is one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub [u8; 32]);

/// Work that has to be done later, and outlives the process (FEATURES.md WK-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// Its id.
    pub id: TaskId,
    /// What kind of work it is: a stable name. Software that does not know it leaves the task alone.
    pub kind: String,
    /// What the work is about, as its kind encodes it.
    pub data: Vec<u8>,
    /// When it was wanted.
    pub created_at: Timestamp,
    /// When it is to be tried next.
    pub due_at: Timestamp,
    /// After which moment it is pointless; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// The code of the error that it failed with last.
    pub error: Option<String>,
}

/// What a lease gives the right to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseName {
    /// To publish the payloads of a group's intents.
    Outbox(GroupId),
    /// To work on a task.
    Task(TaskId),
}

/// Who holds a lease: one opened client, by a random number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseHolder(pub [u8; 16]);

/// A lease that is held, or that ran out and was not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRecord {
    /// What it gives the right to.
    pub name: LeaseName,
    /// Who holds it.
    pub holder: LeaseHolder,
    /// When it ends unless it is prolonged.
    pub until: Timestamp,
}
