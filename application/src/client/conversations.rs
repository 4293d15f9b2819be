//! Conversations: made, found, listed.

use hexmtp_domain::consent::ConsentState;
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{GroupId, InboxId};
use hexmtp_ports::store::{ConversationFilter, ConversationRecord};

use super::Client;
use crate::conversation::Conversation;
use crate::error::{ChangeError, SyncError};
use crate::group::{self, GroupOptions};
use crate::message::Message;

/// A conversation as a list of conversations shows it.
#[derive(Clone)]
pub struct ConversationPreview {
    /// The conversation.
    pub conversation: Conversation,
    /// What is stored about it.
    pub record: ConversationRecord,
    /// What the user decided about it.
    pub consent: ConsentState,
    /// The last message that somebody sent in it; of a DM of several groups that of the group that stands for it.
    pub last_message: Option<Message>,
}

impl Client {
    /// Creates a group with the given inboxes beside the own one.
    ///
    /// # Errors
    /// [`ChangeError`]. When the network fails after the group was stored, a later sync goes on with it.
    pub async fn create_group(
        &self,
        options: GroupOptions,
        members: &[InboxId],
    ) -> Result<Conversation, ChangeError> {
        let id = group::create_group(&self.context, options, members).await?;
        Ok(Conversation::new(&self.context, id))
    }

    /// Creates a group with the inboxes that these identifiers belong to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none; no group is created then.
    pub async fn create_group_by_identifier(
        &self,
        options: GroupOptions,
        members: &[Identifier],
    ) -> Result<Conversation, ChangeError> {
        let inboxes = self.inbox_ids(members).await?;
        self.create_group(options, &inboxes).await
    }

    /// The direct conversation with an inbox: the most recently active one, or a new one.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn create_or_find_dm(&self, peer: InboxId) -> Result<Conversation, ChangeError> {
        let id = group::create_or_find_dm(&self.context, peer).await?;
        Ok(Conversation::new(&self.context, id))
    }

    /// The direct conversation with the inbox that an identifier belongs to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] when it belongs to none.
    pub async fn create_or_find_dm_by_identifier(
        &self,
        peer: &Identifier,
    ) -> Result<Conversation, ChangeError> {
        let inboxes = self.inbox_ids(std::slice::from_ref(peer)).await?;
        match inboxes.first() {
            Some(inbox_id) => self.create_or_find_dm(*inbox_id).await,
            None => Err(ChangeError::UnknownIdentifiers(vec![peer.clone()])),
        }
    }

    /// A stored conversation.
    ///
    /// # Errors
    /// [`SyncError::UnknownConversation`] when there is none with this id.
    pub async fn conversation(&self, id: GroupId) -> Result<Conversation, SyncError> {
        group::load(&self.context, id).await?;
        Ok(Conversation::new(&self.context, id))
    }

    /// Stored conversations, in the order of the filter. Without kinds in the filter, groups and DMs. Of several groups
    /// of one pair the most recently active one stands for the DM (PROTOCOL.md 4.8), and the filter's other conditions
    /// are asked of it.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn conversations(&self, filter: ConversationFilter) -> Result<Vec<Conversation>, SyncError> {
        let ids = self.context.store.conversation_ids(&shown(filter)).await?;
        Ok(ids.into_iter().map(|id| Conversation::new(&self.context, id)).collect())
    }

    /// As [`Client::conversations`], each with what a list of conversations shows of it.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn conversation_list(
        &self,
        filter: ConversationFilter,
    ) -> Result<Vec<ConversationPreview>, SyncError> {
        let items = self.context.store.conversation_list(&shown(filter)).await?;
        Ok(items
            .into_iter()
            .map(|item| ConversationPreview {
                conversation: Conversation::new(&self.context, item.conversation.id),
                record: item.conversation,
                consent: item.consent,
                last_message: item.last_message.map(Message::from),
            })
            .collect())
    }

    /// How many conversations [`Client::conversations`] would list without a limit.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn count_conversations(&self, filter: ConversationFilter) -> Result<u64, SyncError> {
        Ok(self.context.store.count_conversations(&shown(filter)).await?)
    }
}

/// The filter for what people see: a DM is one conversation, however many groups it consists of.
fn shown(mut filter: ConversationFilter) -> ConversationFilter {
    if filter.kinds.is_empty() {
        filter.kinds = vec![ConversationKind::Group, ConversationKind::Dm];
    }
    filter.one_group_per_dm = true;
    filter
}
