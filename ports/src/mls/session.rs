//! One group, open in memory.

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::group::{CommitSummary, LeafMember};
use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId, InstallationId};

use crate::bounds::MaybeSend;
use crate::mls::{MlsError, VerifiedKeyPackage};
use crate::store::MlsRowChange;

/// What is known of a group at its present epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// The group.
    pub group_id: GroupId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its epoch authenticator.
    pub authenticator: EpochAuthenticator,
    /// Its group-context extensions in order, the required capabilities among them.
    pub extensions: Vec<RawExtension>,
    /// Its leaves in order. A leaf whose credential cannot be read makes the group unreadable.
    pub members: Vec<LeafMember>,
    /// Whether the own leaf is in the group.
    pub is_active: bool,
}

/// What a message of the group turned out to be.
#[derive(Debug)]
pub enum Processed {
    /// An application message.
    Application {
        /// Who sent it.
        sender: LeafMember,
        /// The epoch in which it was sent.
        epoch: Epoch,
        /// What it said.
        plaintext: Vec<u8>,
    },
    /// A commit, staged and not merged. [`MlsSession::merge_staged`] accepts it.
    Commit(Box<CommitSummary>),
    /// A proposal by reference, which groups of this version do not use; it is not kept.
    Proposal {
        /// Who sent it.
        sender: LeafMember,
    },
    /// A message that names the own leaf as its sender. The claim is not authenticated.
    Own,
}

/// A commit to make. Its proposals go by value, in the order adds, extensions, removes.
#[derive(Clone, Debug, Default)]
pub struct CommitPlan {
    /// Key packages to add.
    pub add: Vec<VerifiedKeyPackage>,
    /// Installations to remove; one that has no leaf is passed over.
    pub remove: Vec<InstallationId>,
    /// The complete new list of group-context extensions.
    pub extensions: Option<Vec<RawExtension>>,
}

/// A commit that was made and is pending in the session.
#[derive(Debug)]
pub struct OutboundCommit {
    /// The TLS encoding of the `MLSMessage`, to be published.
    pub data: Vec<u8>,
    /// The TLS encoding of the `MLSMessage` that holds the welcome; `None` when nobody was added.
    pub welcome: Option<Vec<u8>>,
}

/// Which of a session's changes to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of them.
    All,
    /// Those made before the last commit was processed: the session goes back to where it was then, and that commit
    /// can be processed again.
    BeforeStagedCommit,
}

/// One group, open in memory. What it does is stored by taking its changes out. It can be used on then, as long as
/// the store takes them: a session that is ahead of what is stored must be dropped.
pub trait MlsSession: MaybeSend {
    /// The group as it stands.
    ///
    /// # Errors
    /// [`MlsError::CorruptRow`] when a credential or extension cannot be read.
    fn state(&self) -> Result<SessionState, MlsError>;

    /// Decrypts and authenticates a message of another member. A commit that is neither accepted nor discarded
    /// cannot be processed again in this session.
    ///
    /// # Errors
    /// [`MlsError`]; the session can be used on. A commit that fails uses nothing up (see
    /// [`MlsSession::discard_staged`]).
    fn process(&mut self, data: &[u8]) -> Result<Processed, MlsError>;

    /// Accepts the commit that was processed last: the group moves to its next epoch.
    ///
    /// # Errors
    /// [`MlsError::Backend`] when there is no staged commit or the library fails.
    fn merge_staged(&mut self) -> Result<(), MlsError>;

    /// Forgets the staged commit, if there is one, and takes back that its key was used. Official clients take
    /// their ratchet back, too, after a commit of theirs that everybody refuses: their next one in the epoch comes
    /// under the same generation (measured).
    ///
    /// # Errors
    /// [`MlsError::CorruptRow`] or [`MlsError::Backend`] when the state before it cannot be had again.
    fn discard_staged(&mut self) -> Result<(), MlsError>;

    /// Accepts the own pending commit, which the network has put first in its epoch.
    ///
    /// # Errors
    /// [`MlsError::Backend`] when no commit is pending or the library fails.
    fn merge_pending(&mut self) -> Result<(), MlsError>;

    /// Makes a commit. It stays pending until it is merged, or another commit takes its place. A commit that
    /// was pending before is dropped.
    ///
    /// # Errors
    /// [`MlsError`] when a key package cannot be added or the library fails.
    fn commit(&mut self, plan: &CommitPlan) -> Result<OutboundCommit, MlsError>;

    /// Encrypts an application message: the TLS encoding of an `MLSMessage`. The changes must be stored before
    /// the message is published, or a crash would use its key twice.
    ///
    /// # Errors
    /// [`MlsError::NotAMember`], or when the library fails.
    fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, MlsError>;

    /// Gives what has to be stored since the group was opened or changes were last taken. A commit that is neither
    /// accepted nor discarded is forgotten.
    ///
    /// # Errors
    /// [`MlsError::Backend`] when the state cannot be encoded, [`MlsError::CorruptRow`] when the state before the
    /// commit cannot be had again. The session cannot be used on then.
    fn take_changes(&mut self, keep: Keep) -> Result<Vec<MlsRowChange>, MlsError>;
}
