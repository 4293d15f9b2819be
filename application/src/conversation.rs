//! A conversation as applications work with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::group::mutable_metadata::{self, Role};
use hexmtp_domain::group::{ConversationKind, GroupContext};
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::message::{EncodedContent, text};
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_domain::{GroupId, InboxId, InstallationId, MessageId, SequenceId};
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{CommitLogRecord, ConversationRecord, FeedPosition, MessageFilter, RowChange};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::message::Message;
use crate::outbound::{SendOptions, send};
use crate::stream::{MessageStream, StreamScope, message_stream};
use crate::unit::Unit;
use crate::{group, identity, inbound};

/// A member of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The inbox.
    pub inbox_id: InboxId,
    /// Its installations that are in the group.
    pub installations: Vec<InstallationId>,
    /// The sequence id of its identity log at which its installations were last compared.
    pub sequence_id: SequenceId,
    /// What it may do.
    pub role: Role,
}

/// A conversation. Cheap to clone; every call reads what is stored now.
#[derive(Clone)]
pub struct Conversation {
    context: Context,
    id: GroupId,
}

impl Conversation {
    pub(crate) fn new(context: &Context, id: GroupId) -> Self {
        Self { context: Arc::clone(context), id }
    }

    /// The id of its MLS group.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }

    /// All that is stored about it.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails or does not know it any more.
    pub async fn record(&self) -> Result<ConversationRecord, SyncError> {
        group::load(&self.context, self.id).await
    }

    /// The state that its members agree on.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn group_context(&self) -> Result<GroupContext, SyncError> {
        Ok(GroupContext::parse(&self.record().await?.extensions)?)
    }

    /// What it is called; empty for a DM.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn name(&self) -> Result<String, SyncError> {
        Ok(self.group_context().await?.mutable.name().to_owned())
    }

    /// Whether it is a group or a DM.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn kind(&self) -> Result<ConversationKind, SyncError> {
        Ok(self.record().await?.kind)
    }

    /// Whether this installation is a member.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn is_active(&self) -> Result<bool, SyncError> {
        Ok(self.record().await?.membership != MembershipState::Removed)
    }

    /// Whether this inbox has asked to leave and is still a member.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn is_leaving(&self) -> Result<bool, SyncError> {
        Ok(group::is_leaving(&self.context, &self.record().await?))
    }

    /// The members that have asked to leave and are still to be removed.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn pending_removals(&self) -> Result<BTreeSet<InboxId>, SyncError> {
        let record = self.record().await?;
        let members = GroupContext::parse(&record.extensions)?.membership.members;
        Ok(record.pending_removals.into_iter().filter(|inbox_id| members.contains_key(inbox_id)).collect())
    }

    /// The other side of a DM; `None` for a group.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn dm_peer(&self) -> Result<Option<InboxId>, SyncError> {
        let pair = self.record().await?.dm_pair;
        Ok(pair.map(|(one, two)| if one == self.context.inbox_id { two } else { one }))
    }

    /// Its members in the order of their inbox ids.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn members(&self) -> Result<Vec<Member>, SyncError> {
        let record = self.record().await?;
        let context = GroupContext::parse(&record.extensions)?;
        let installations_of = |inbox_id: InboxId| {
            let leaves = record.members.iter().filter(move |leaf| leaf.inbox_id == inbox_id);
            leaves.map(|leaf| leaf.installation_id).collect()
        };
        Ok(context
            .membership
            .members
            .iter()
            .map(|(inbox_id, sequence_id)| Member {
                inbox_id: *inbox_id,
                installations: installations_of(*inbox_id),
                sequence_id: *sequence_id,
                role: context.mutable.role(*inbox_id),
            })
            .collect())
    }

    /// Adds inboxes with all their installations. Those that are members already are passed over.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn add_members(&self, inboxes: &[InboxId]) -> Result<(), ChangeError> {
        group::add_members(&self.context, self.id, inboxes).await
    }

    /// Adds the inboxes that these identifiers belong to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none; nobody is added then.
    pub async fn add_members_by_identifier(&self, identifiers: &[Identifier]) -> Result<(), ChangeError> {
        let inboxes = identity::inbox_ids(&self.context, identifiers).await?;
        self.add_members(&inboxes).await
    }

    /// Removes inboxes with all their installations. Those that are no members are passed over.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn remove_members(&self, inboxes: &[InboxId]) -> Result<(), ChangeError> {
        group::remove_members(&self.context, self.id, inboxes).await
    }

    /// Removes the inboxes that these identifiers belong to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none; nobody is removed then.
    pub async fn remove_members_by_identifier(&self, identifiers: &[Identifier]) -> Result<(), ChangeError> {
        let inboxes = identity::inbox_ids(&self.context, identifiers).await?;
        self.remove_members(&inboxes).await
    }

    /// Asks to be removed from the group. From then on this inbox reads on and sends nothing more, until a super
    /// admin's client commits the removal (PROTOCOL.md 4.7). It cannot be taken back; to ask again changes nothing.
    ///
    /// # Errors
    /// [`ChangeError::CannotLeave`] for a DM, the last member, and super admins, who have to resign first.
    pub async fn leave(&self) -> Result<(), ChangeError> {
        group::leave(&self.context, self.id).await
    }

    /// Renames the group; at most 100 bytes.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn update_name(&self, name: &str) -> Result<(), ChangeError> {
        group::update_metadata(&self.context, self.id, mutable_metadata::GROUP_NAME, name).await
    }

    /// Asks all members for at least this protocol version. Those who claim a lower one are paused until they
    /// upgrade (PROTOCOL.md 4.5). Only super admins may.
    ///
    /// # Errors
    /// [`ChangeError::NotPermitted`] for a version above the own one or below the present floor.
    pub async fn require_version(&self, version: &ProtocolVersion) -> Result<(), ChangeError> {
        group::require_version(&self.context, self.id, version).await
    }

    /// Adds new installations of the members and removes revoked ones, now and not at the next occasion.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn update_installations(&self) -> Result<(), ChangeError> {
        inbound::sync_and_follow(&self.context, self.id).await.map(|_| ())
    }

    /// Sends a text and gives the message's id.
    ///
    /// # Errors
    /// [`ChangeError`]. The message stays stored; a later sync goes on with it where a retry can help.
    pub async fn send_text(&self, text: &str) -> Result<MessageId, ChangeError> {
        self.send(&text::encode(text), SendOptions::default()).await
    }

    /// Sends a content of any type and gives the message's id.
    ///
    /// # Errors
    /// [`ChangeError`]. The message stays stored; a later sync goes on with it where a retry can help.
    pub async fn send(
        &self,
        content: &EncodedContent,
        options: SendOptions,
    ) -> Result<MessageId, ChangeError> {
        send(&self.context, self.id, content, options).await
    }

    /// Reads the group's log to its end and goes on with what is open. Gives the number of envelopes read.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn sync(&self) -> Result<usize, ChangeError> {
        inbound::sync_conversation(&self.context, self.id).await
    }

    /// Stored messages; the filter's groups are set to this conversation, for a DM to all groups of its pair.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, SyncError> {
        let groups = match self.record().await?.dm_pair {
            Some(pair) => self.context.store.dm_groups(pair).await?.iter().map(|record| record.id).collect(),
            None => vec![self.id],
        };
        let filter = MessageFilter { groups, ..filter };
        let records = self.context.store.messages(&filter).await?;
        Ok(records.into_iter().map(Message::from).collect())
    }

    /// Messages of this conversation as they are stored from now on. See [`crate::Client::stream_messages`].
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn stream_messages(&self) -> Result<MessageStream, SyncError> {
        let position = self.context.store.position().await?;
        Ok(self.stream_messages_from(position))
    }

    /// Messages of this conversation stored after a position.
    #[must_use]
    pub fn stream_messages_from(&self, position: FeedPosition) -> MessageStream {
        message_stream(&self.context, StreamScope::Conversation(self.id), position)
    }

    /// Whether the person wants this conversation.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn consent(&self) -> Result<ConsentState, SyncError> {
        let stored = self.context.store.consent(&ConsentEntity::Conversation(self.id)).await?;
        Ok(stored.map_or(ConsentState::Unknown, |consent| consent.state))
    }

    /// Notes whether the person wants this conversation.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn set_consent(&self, state: ConsentState) -> Result<(), SyncError> {
        let entity = ConsentEntity::Conversation(self.id);
        let mut unit = Unit::unconditional();
        unit.change(RowChange::PutConsent(ConsentRecord { entity, state, at: self.context.now() }));
        Ok(unit.commit(&self.context).await?)
    }

    /// What this installation made of each commit of the group, oldest first.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn commit_log(&self) -> Result<Vec<CommitLogRecord>, SyncError> {
        Ok(self.context.store.commit_log(self.id).await?)
    }
}
