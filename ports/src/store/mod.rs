//! Storage: load, decide, commit (ARCHITECTURE.md, "Storage").
//!
//! All writes go through one [`ChangeSet`], which an adapter applies in one transaction with a compare-and-swap
//! on the revisions of the scopes that the decision was made from. Reads are small queries over committed rows.

pub mod change_set;
pub mod error;
pub mod feed;
pub mod query;
pub mod record;
pub mod unit_of_work;

pub use change_set::{ChangeSet, MlsRowChange, RowChange};
pub use error::StoreError;
pub use feed::{ChangeFeed, FeedEntry, FeedEvent, FeedPosition};
pub use query::{
    ConsentQuery, ConversationFilter, ConversationQuery, DiagnosticsQuery, Direction, IdentityQuery,
    IntentQuery, MessageFilter, MessageQuery,
};
pub use record::{
    CommitLogRecord, CommitOutcome, ConversationRecord, DeferredWelcome, IdentityRecord, IntentRecord,
    KeyPackageRecord, MembershipState, MessageRecord, RejectedRecord,
};
pub use unit_of_work::{MlsRows, Revision, Scope, Snapshot, UnitOfWork};

use crate::bounds::Port;

/// Everything that a storage adapter implements, for one installation.
pub trait Store:
    UnitOfWork
    + ChangeFeed
    + IdentityQuery
    + ConversationQuery
    + MessageQuery
    + IntentQuery
    + ConsentQuery
    + DiagnosticsQuery
{
}

impl<T> Store for T where
    T: Port
        + UnitOfWork
        + ChangeFeed
        + IdentityQuery
        + ConversationQuery
        + MessageQuery
        + IntentQuery
        + ConsentQuery
        + DiagnosticsQuery
{
}
