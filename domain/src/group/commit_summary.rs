//! What a commit does, in plain data: the MLS engine tells, the commit rules judge.

use crate::ids::{Epoch, InboxId, InstallationId};

/// A leaf of the ratchet tree, as its credential and signature key name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafMember {
    /// The inbox named by the leaf's credential. It is a claim until the identity log confirms it.
    pub inbox_id: InboxId,
    /// The leaf's signature key.
    pub installation_id: InstallationId,
}

/// One extension of the group context, uninterpreted: RFC 9420 section 13.4 extension type and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawExtension {
    /// The extension type.
    pub id: u16,
    /// The extension data, without the length prefix of the extension list.
    pub data: Vec<u8>,
}

/// What a commit that was decrypted, authenticated and staged by MLS would do to the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitSummary {
    /// The epoch that the commit ends.
    pub epoch: Epoch,
    /// Who made the commit.
    pub committer: LeafMember,
    /// The leaves that its Add proposals bring.
    pub added: Vec<LeafMember>,
    /// The leaves that its Remove proposals take away.
    pub removed: Vec<LeafMember>,
    /// Leaves replaced by Update proposals and by the commit's own path: before and after.
    pub updated: Vec<(LeafMember, LeafMember)>,
    /// The complete list of group-context extensions after the commit, in its order; `None` when unchanged.
    pub extensions: Option<Vec<RawExtension>>,
    /// Whether the own leaf is among the removed ones.
    pub removes_own_leaf: bool,
    /// Proposals that XMTP does not allow in a commit, by name (PROTOCOL.md 2.1, 4.1).
    pub forbidden_proposals: Vec<&'static str>,
}
