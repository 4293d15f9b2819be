//! The only way in which anything is written.

use std::collections::BTreeMap;

use hexmtp_domain::{GroupId, KeyPackageRef};

use crate::bounds::Port;
use crate::port;
use crate::store::{ChangeSet, FeedPosition, StoreError};

/// A part of the state that is loaded, decided on and committed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One group: its MLS rows, and the right to change its conversation, messages, intents and cursor.
    Group(GroupId),
    /// The private rows of one key package.
    KeyPackage(KeyPackageRef),
    /// The installation: its identity, its list of key packages, its welcome cursor.
    Installation,
}

/// How often a scope has been changed. Zero: never, the scope does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// MLS rows of one scope, by the engine's own keys.
pub type MlsRows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A scope as it stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The scope.
    pub scope: Scope,
    /// Its revision.
    pub revision: Revision,
    /// Its MLS rows, all of them.
    pub rows: MlsRows,
}

/// Loads scopes and commits change sets.
#[port]
pub trait UnitOfWork: Port {
    /// The scopes as they stand, in the order asked. A scope that does not exist has revision zero and no rows.
    async fn load(&self, scopes: &[Scope]) -> Result<Vec<Snapshot>, StoreError>;

    /// Applies the whole change set in one transaction, or nothing of it. Each scope in `expect` must still have
    /// the expected revision, and has the next one afterwards. Gives the position of the last change in the feed.
    async fn commit(&self, changes: ChangeSet) -> Result<FeedPosition, StoreError>;

    /// Writes out what is pending and lets go of the medium. Every later call answers [`StoreError::Closed`].
    async fn close(&self) -> Result<(), StoreError>;
}
