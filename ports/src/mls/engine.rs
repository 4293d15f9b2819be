//! Making and opening MLS state.

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{GroupId, InboxId, KeyPackageRef, Secret, Timestamp};

use crate::bounds::Port;
use crate::mls::{MlsError, MlsSession};
use crate::store::{MlsRowChange, MlsRows};

/// What a new key package is made of (PROTOCOL.md 2.2).
#[derive(Clone, Copy, Debug)]
pub struct KeyPackageParams<'a> {
    /// The installation whose leaf it holds.
    pub key: &'a InstallationKey,
    /// The inbox that its credential names.
    pub inbox_id: InboxId,
    /// Now; the lifetime starts an hour before and ends 84 days after.
    pub now: Timestamp,
    /// The X-Wing wrapper key to advertise, with support for welcome pointers; `None` leaves out both.
    pub wrapper_public_key: Option<&'a [u8]>,
}

/// A key package that was just made.
#[derive(Debug)]
pub struct NewKeyPackage {
    /// Its hash reference.
    pub reference: KeyPackageRef,
    /// The TLS encoding of the `KeyPackage`, as uploaded.
    pub tls: Vec<u8>,
    /// The public init key: the X25519 wrapper key.
    pub init_public_key: Vec<u8>,
    /// The private init key.
    pub init_private_key: Secret,
    /// Its rows, under the scope of its reference.
    pub changes: Vec<MlsRowChange>,
}

/// A key package of another installation that MLS accepts and whose lifetime holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKeyPackage {
    /// Whom it would add.
    pub member: LeafMember,
    /// The TLS encoding.
    pub tls: Vec<u8>,
    /// The public init key: the X25519 wrapper key.
    pub init_public_key: Vec<u8>,
    /// The key-package extensions, uninterpreted.
    pub extensions: Vec<RawExtension>,
    /// The leaf extensions, uninterpreted.
    pub leaf_extensions: Vec<RawExtension>,
    /// The extension types that the leaf's capabilities list.
    pub extension_capabilities: Vec<u16>,
    /// The proposal types that the leaf's capabilities list.
    pub proposal_capabilities: Vec<u16>,
    /// When its lifetime starts and ends.
    pub lifetime: (Timestamp, Timestamp),
}

/// What a new group is made of (PROTOCOL.md 2.3).
#[derive(Clone, Debug)]
pub struct GroupParams<'a> {
    /// The creator's installation.
    pub key: &'a InstallationKey,
    /// The inbox that the creator's credential names.
    pub inbox_id: InboxId,
    /// The group's id.
    pub group_id: GroupId,
    /// The group-context extensions without the required capabilities, which the engine adds.
    pub extensions: Vec<RawExtension>,
}

/// A group as it stands after its welcome was opened, before it is accepted.
pub struct Joined {
    /// The group.
    pub session: Box<dyn MlsSession>,
    /// The member that signed the group info: who added this installation.
    pub sender: LeafMember,
}

/// Makes and opens MLS state. Every method works in memory on what it is given.
pub trait MlsEngine: Port {
    /// Makes a key package.
    ///
    /// # Errors
    /// [`MlsError`] when the library fails.
    fn create_key_package(&self, params: KeyPackageParams<'_>) -> Result<NewKeyPackage, MlsError>;

    /// Checks a key package of somebody else, lifetime included (PROTOCOL.md 2.2).
    ///
    /// # Errors
    /// [`MlsError::Malformed`] or [`MlsError::InvalidKeyPackage`].
    fn verify_key_package(&self, tls: &[u8]) -> Result<VerifiedKeyPackage, MlsError>;

    /// Makes a group whose only member is this installation.
    ///
    /// # Errors
    /// [`MlsError`] when the library fails.
    fn create_group(&self, params: GroupParams<'_>) -> Result<Box<dyn MlsSession>, MlsError>;

    /// Opens a group from all rows of its scope.
    ///
    /// # Errors
    /// [`MlsError::MissingRow`] or [`MlsError::CorruptRow`].
    fn open_group(
        &self,
        key: &InstallationKey,
        group_id: GroupId,
        rows: MlsRows,
    ) -> Result<Box<dyn MlsSession>, MlsError>;

    /// Opens an unwrapped welcome (the TLS encoding of an `MLSMessage`) with the rows of the key package that it
    /// was made for. Lifetimes in the ratchet tree are not checked, pre-shared keys are refused.
    ///
    /// # Errors
    /// [`MlsError`]; nothing is kept then.
    fn join(
        &self,
        key: &InstallationKey,
        welcome: &[u8],
        key_package: (KeyPackageRef, MlsRows),
    ) -> Result<Joined, MlsError>;
}
