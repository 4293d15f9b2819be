//! Storage: load, decide, commit (ARCHITECTURE.md, "Storage").
//!
//! All writes go through one [`ChangeSet`], which an adapter applies in one transaction with a compare-and-swap
//! on the revisions of the scopes that the decision was made from. Reads are small queries over committed rows.

pub mod change_set;
pub mod error;
pub mod feed;
pub mod filter;
pub mod fork;
pub mod maintenance;
pub mod progress;
pub mod query;
pub mod record;
pub mod task;
pub mod unit_of_work;

pub use change_set::{ChangeSet, MlsRowChange, RowChange};
pub use error::StoreError;
pub use feed::{ChangeFeed, FeedEntry, FeedEvent, FeedPosition};
pub use filter::{
    ContentTypeName, ConversationFilter, ConversationOrder, Direction, MessageFilter, MessageOrder,
};
pub use fork::{ReaddRecord, RemoteCommitLogRecord};
pub use maintenance::{Maintenance, StoreStatistics, Trim};
pub use progress::{CutoverRecord, IcedEnvelope, SyncProgress, SyncState, Watermark};
pub use query::{
    ConsentQuery, ConversationQuery, DiagnosticsQuery, IdentityQuery, IntentQuery, MessageQuery,
    ProgressQuery, TaskQuery,
};
pub use record::{
    CachedAssociationState, CommitLogRecord, CommitOutcome, ConversationListItem, ConversationRecord,
    DeferredWelcome, DeletionRecord, ForkStatus, HeldKey, IdentityRecord, IntentRecord, KeyPackageRecord,
    MembershipState, MessageRecord, PreferencesRecord, RejectedRecord,
};
pub use task::{LeaseHolder, LeaseName, LeaseRecord, TaskId, TaskRecord};
pub use unit_of_work::{MlsRows, Revision, Scope, Snapshot, UnitOfWork};

use crate::bounds::Port;

/// Everything that a storage adapter implements, for one installation.
pub trait Store:
    UnitOfWork
    + ChangeFeed
    + IdentityQuery
    + ProgressQuery
    + ConversationQuery
    + MessageQuery
    + IntentQuery
    + TaskQuery
    + ConsentQuery
    + DiagnosticsQuery
    + Maintenance
{
}

impl<T> Store for T where
    T: Port
        + UnitOfWork
        + ChangeFeed
        + IdentityQuery
        + ProgressQuery
        + ConversationQuery
        + MessageQuery
        + IntentQuery
        + TaskQuery
        + ConsentQuery
        + DiagnosticsQuery
        + Maintenance
{
}
