//! What a store keeps, as the application sees it.

use std::collections::BTreeSet;

use hexmtp_domain::consent::ConsentState;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::group::{ConversationKind, LeafMember};
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::intent::{Intent, IntentId, IntentState, StagedPayload};
use hexmtp_domain::message::{ContentTypeId, DeliveryStatus, MessageKind};
use hexmtp_domain::{
    Cursor, Epoch, EpochAuthenticator, GroupId, InboxId, InstallationId, KeyPackageRef, MessageId, Secret,
    SequenceId, Timestamp, Topic,
};

use crate::delivery::WelcomeEnvelope;

/// Where the key of the installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldKey {
    /// In the store.
    Here(Box<InstallationKey>),
    /// In a [`SecretStore`](crate::secret_store::SecretStore); the store only knows whose it is.
    Elsewhere(InstallationId),
}

impl HeldKey {
    /// The installation.
    #[must_use]
    pub fn id(&self) -> InstallationId {
        match self {
            Self::Here(key) => key.id(),
            Self::Elsewhere(id) => *id,
        }
    }

    /// The key, if it is in the store.
    #[must_use]
    pub fn here(&self) -> Option<&InstallationKey> {
        match self {
            Self::Here(key) => Some(key),
            Self::Elsewhere(_) => None,
        }
    }
}

impl From<InstallationKey> for HeldKey {
    fn from(key: InstallationKey) -> Self {
        Self::Here(Box::new(key))
    }
}

/// Who this installation is. There is at most one in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRecord {
    /// The inbox.
    pub inbox_id: InboxId,
    /// The installation's key.
    pub key: HeldKey,
    /// When the identity was made.
    pub created_at: Timestamp,
    /// The sequence id of the identity update that added the installation, once the network has it.
    pub registered: Option<SequenceId>,
}

/// What the installations of an inbox share beside conversations (PROTOCOL.md 7.4). There is at most one in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferencesRecord {
    /// The root key from which the keys of sender HMACs are derived: 42 bytes (PROTOCOL.md 3.3).
    pub hmac_root: Secret,
    /// When it was made, by the clock of the installation that made it.
    pub hmac_cycled_at: Timestamp,
}

impl PreferencesRecord {
    /// Whether this record takes the place of another one: it is newer. Of two equally old ones, the stored one
    /// stays (PROTOCOL.md 7.4).
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        self.hmac_cycled_at > other.hmac_cycled_at
    }
}

/// A folded identity log: what it says after one of its updates. It can be made anew from the log at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedAssociationState {
    /// The inbox.
    pub inbox_id: InboxId,
    /// The update after which this is the state.
    pub sequence_id: SequenceId,
    /// The state, as the domain encodes it.
    pub state: Vec<u8>,
}

/// A key package of this installation with the private keys that unwrap welcomes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPackageRecord {
    /// Its hash reference.
    pub reference: KeyPackageRef,
    /// The X25519 init key, public and private.
    pub init_key: (Vec<u8>, Secret),
    /// The X-Wing wrapper key, public and seed.
    pub wrapper_key: (Vec<u8>, Secret),
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the network has accepted it.
    pub uploaded: bool,
    /// When a newer one took its place.
    pub superseded_at: Option<Timestamp>,
}

/// Where this installation stands towards a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MembershipState {
    /// A member that created the group, or accepted it.
    Allowed,
    /// Joined by a welcome.
    Pending,
    /// No longer a member.
    Removed,
    /// Known from an archive: it can be read, and becomes a conversation again when a welcome comes (PROTOCOL.md 7.5).
    Restored,
}

/// What is known about forks of a group (PROTOCOL.md 7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForkStatus {
    /// Whether this installation publishes what it made of each commit.
    pub publishes_commit_log: bool,
    /// The Ed25519 public key whose signatures count in the group's commit log: 32 bytes, once it is known.
    pub commit_log_key: Option<Vec<u8>>,
    /// Whether this installation has parted from the group, as far as its commit log tells.
    pub forked: Option<bool>,
    /// The code of what made a fork likely before the commit log told.
    pub suspicion: Option<String>,
}

/// A conversation as it stands after the last commit that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRecord {
    /// The MLS group.
    pub id: GroupId,
    /// Its kind.
    pub kind: ConversationKind,
    /// The two inboxes of a DM in lexical order: several groups of one pair are one conversation.
    pub dm_pair: Option<(InboxId, InboxId)>,
    /// When this installation created or joined it.
    pub created_at: Timestamp,
    /// Who created the group.
    pub creator: InboxId,
    /// Who added this installation.
    pub added_by: InboxId,
    /// Where this installation stands.
    pub membership: MembershipState,
    /// The present epoch.
    pub epoch: Epoch,
    /// The present epoch authenticator.
    pub authenticator: EpochAuthenticator,
    /// The group-context extensions, uninterpreted.
    pub extensions: Vec<RawExtension>,
    /// The leaves of the ratchet tree.
    pub members: Vec<LeafMember>,
    /// The members that have asked to leave and are still to be removed (PROTOCOL.md 4.7). The own inbox stays in
    /// it after its removal: it left by its own will.
    pub pending_removals: BTreeSet<InboxId>,
    /// The protocol version that the group asks for, while this client claims a lower one: the conversation can be
    /// read, nothing is sent and no commit is applied (PROTOCOL.md 4.5).
    pub paused_for: Option<String>,
    /// The code of the error after which this installation can follow the group only once it is added anew.
    pub needs_readd: Option<String>,
    /// What is known about forks of it.
    pub fork: ForkStatus,
    /// When the own leaf's keys were last replaced; zero for never.
    pub rotated_at: Timestamp,
    /// When the installations of the members were last compared with the identity logs.
    pub installations_checked_at: Timestamp,
    /// The welcome by which it was joined.
    pub welcome_sequence_id: Option<SequenceId>,
    /// When the last visible message was sent.
    pub last_message_at: Option<Timestamp>,
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its id.
    pub id: MessageId,
    /// The group in which it was sent.
    pub group_id: GroupId,
    /// Who sent it.
    pub sender: LeafMember,
    /// When: by the server's clock once the network has it, by the own clock before.
    pub sent_at: Timestamp,
    /// When this installation stored it first, by its own clock.
    pub inserted_at: Timestamp,
    /// When it disappears (PROTOCOL.md 3.5); `None` for a message that stays.
    pub expires_at: Option<Timestamp>,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// Whether the network has it.
    pub delivery: DeliveryStatus,
    /// The type of the content; `None` when the content cannot be read.
    pub content_type: Option<ContentTypeId>,
    /// The content exactly as sent: a serialized `EncodedContent`.
    pub content: Vec<u8>,
    /// The message that this one answers or reacts to, where its content names one.
    pub reference: Option<MessageId>,
    /// The key that the sender mixed into the id.
    pub idempotency_key: String,
    /// Its place in the group's log, once the network has it.
    pub cursor: Option<Cursor>,
    /// The epoch in which it was sent, where known.
    pub epoch: Option<Epoch>,
}

/// A conversation as a list of conversations shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationListItem {
    /// The conversation.
    pub conversation: ConversationRecord,
    /// What the user decided about it.
    pub consent: ConsentState,
    /// The last message that somebody sent in it ([`MessageKind::Application`]), by the order of
    /// [`MessageOrder::Sent`], whatever its delivery status, also when it was taken back; of a DM of several groups
    /// that of this group.
    ///
    /// [`MessageOrder::Sent`]: crate::store::MessageOrder::Sent
    pub last_message: Option<MessageRecord>,
}

/// A request to take a message back: it stays stored, and is shown as taken back (PROTOCOL.md 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionRecord {
    /// The message that asks for it.
    pub request: MessageId,
    /// The group in which it was asked.
    pub group_id: GroupId,
    /// The message that is taken back; it may come later, or never.
    pub target: MessageId,
    /// Who asks.
    pub by: InboxId,
    /// Whether it is asked as a super admin, and not as the author.
    pub as_super_admin: bool,
    /// When.
    pub at: Timestamp,
}

/// Something that this installation wants to do to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentRecord {
    /// Its id.
    pub id: IntentId,
    /// The group.
    pub group_id: GroupId,
    /// What is wanted.
    pub intent: Intent,
    /// How far it has come.
    pub state: IntentState,
    /// The payload, once there is one.
    pub payload: Option<StagedPayload>,
    /// The message that it sends.
    pub message_id: Option<MessageId>,
    /// Whether push servers should notify.
    pub should_push: bool,
    /// How often a payload was made or refused.
    pub attempts: u32,
    /// When it was wanted.
    pub created_at: Timestamp,
    /// The code of the error that it failed with.
    pub error: Option<String>,
}

/// What became of a commit (PROTOCOL.md 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommitOutcome {
    /// It was applied; also for the creation of a group and for a join.
    Applied,
    /// Another commit had ended its epoch.
    WrongEpoch,
    /// It could not be decrypted.
    Undecryptable,
    /// It broke a rule.
    Invalid,
}

/// A line of the local commit log: what this installation made of each commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitLogRecord {
    /// The group.
    pub group_id: GroupId,
    /// The commit's place; zero for the creation of a group.
    pub sequence_id: SequenceId,
    /// The epoch authenticator before; `None` for a creation or a join.
    pub last_authenticator: Option<EpochAuthenticator>,
    /// What became of it.
    pub outcome: CommitOutcome,
    /// The epoch afterwards.
    pub epoch: Epoch,
    /// The epoch authenticator afterwards.
    pub authenticator: EpochAuthenticator,
    /// Who made it, where known.
    pub committer: Option<InstallationId>,
}

/// A welcome pointer that was received before the welcome that it points to (PROTOCOL.md 5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredWelcome {
    /// The pointer.
    pub envelope: WelcomeEnvelope,
    /// When it was first looked at.
    pub since: Timestamp,
}

/// An envelope that was refused, so that nobody has to guess why something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// Whose log held it.
    pub topic: Topic,
    /// Its place.
    pub cursor: Cursor,
    /// The stable code of the error.
    pub code: String,
    /// What the error says, free of secrets.
    pub detail: String,
    /// When it was refused.
    pub at: Timestamp,
}
