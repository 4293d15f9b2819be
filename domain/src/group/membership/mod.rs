//! Who belongs to a conversation: the extension `0xff01` (PROTOCOL.md 2.4, 4.2, 4.3).

use std::collections::{BTreeMap, BTreeSet};

use hexmtp_proto::xmtp::mls::message_contents as wire;
use prost::Message;
use thiserror::Error;

use crate::cursor::SequenceId;
use crate::ids::{IdError, InboxId, InstallationId};

mod plan;
mod states;

pub use plan::{MembershipError, MembershipPlan, Wanted, facts_for_plan, plan_membership};
pub use states::{ExpectedInstallations, InstallationStates, UnknownState};

/// The extension type.
pub const EXTENSION_ID: u16 = 0xff01;

/// The most inboxes that a conversation may hold. Only senders check it (PROTOCOL.md 1.9).
pub const MAX_GROUP_SIZE: usize = 250;

/// The inboxes of a conversation, each with the place in its identity log up to which the group follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMembership {
    /// Each inbox with a sequence id of its identity log. Zero is the creator's before the first commit.
    pub members: BTreeMap<InboxId, SequenceId>,
    /// Installations that the members have and the group could not add.
    pub failed_installations: BTreeSet<InstallationId>,
}

/// The data of an extension `0xff01` is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupMembershipError {
    /// The data is not the protobuf message.
    #[error("the membership is not a GroupMembership")]
    Malformed,
    /// A member's inbox id is not one. Nobody could ever look up its identity log.
    #[error("the membership names an inbox wrongly")]
    InboxId(#[from] IdError),
}

impl GroupMembershipError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "group.membership.malformed",
            Self::InboxId(_) => "group.membership.inbox_id",
        }
    }
}

/// How two memberships differ in their inboxes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipDiff {
    /// Inboxes that only the later one has.
    pub added: BTreeSet<InboxId>,
    /// Inboxes that only the earlier one has.
    pub removed: BTreeSet<InboxId>,
    /// Inboxes of both whose sequence ids differ.
    pub updated: BTreeSet<InboxId>,
}

impl GroupMembership {
    /// The membership of a group that was just created: its creator at sequence id zero.
    #[must_use]
    pub fn initial(creator: InboxId) -> Self {
        Self {
            members: BTreeMap::from([(creator, SequenceId::default())]),
            failed_installations: BTreeSet::new(),
        }
    }

    /// The sequence id of a member; `None` for other inboxes.
    #[must_use]
    pub fn sequence_id(&self, inbox_id: InboxId) -> Option<SequenceId> {
        self.members.get(&inbox_id).copied()
    }

    /// How `later` differs from this membership.
    #[must_use]
    pub fn diff(&self, later: &Self) -> MembershipDiff {
        let mut diff = MembershipDiff::default();
        for (inbox_id, sequence_id) in &self.members {
            match later.members.get(inbox_id) {
                None => diff.removed.insert(*inbox_id),
                Some(other) if other != sequence_id => diff.updated.insert(*inbox_id),
                Some(_) => false,
            };
        }
        let is_new = |inbox_id: &&InboxId| !self.members.contains_key(*inbox_id);
        diff.added = later.members.keys().filter(is_new).copied().collect();
        diff
    }

    /// The extension data: a `GroupMembership`, failed installations in bytewise order.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::GroupMembership {
            members: self.members.iter().map(|(inbox_id, id)| (inbox_id.to_string(), id.0)).collect(),
            failed_installations: self.failed_installations.iter().map(InstallationId::to_vec).collect(),
        }
        .encode_to_vec()
    }

    /// Reads extension data. Failed installations of another length than an installation's are dropped: they
    /// can stand for none, and official clients accept any bytes there.
    ///
    /// # Errors
    /// [`GroupMembershipError`].
    pub fn decode(data: &[u8]) -> Result<Self, GroupMembershipError> {
        let message = wire::GroupMembership::decode(data).map_err(|_| GroupMembershipError::Malformed)?;
        let mut members = BTreeMap::new();
        for (inbox_id, sequence_id) in message.members {
            members.insert(inbox_id.parse()?, SequenceId(sequence_id));
        }
        let failed = message.failed_installations.iter().filter_map(|id| InstallationId::from_slice(id).ok());
        Ok(Self { members, failed_installations: failed.collect() })
    }
}
