//! What is said in a conversation. Several groups of one pair are one DM here: all of them are read, and the most
//! recently active one is written to (PROTOCOL.md 4.8).

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::message::{EncodedContent, text};
use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::store::{FeedPosition, MessageFilter};

use super::Conversation;
use crate::error::{ChangeError, SyncError};
use crate::message::Message;
use crate::outbound::{self, SendOptions, send};
use crate::stream::{MessageStream, StreamScope, message_stream};
use crate::{consent, group, inbound};

impl Conversation {
    /// The groups that it consists of: of a DM all groups of its pair, the most recently active first.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn groups(&self) -> Result<Vec<GroupId>, SyncError> {
        group::stitched(&self.context, self.id).await
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

    /// Publishes all messages that are stored and not sent, in their order ([`SendOptions::optimistic`]).
    ///
    /// # Errors
    /// [`ChangeError`]. What could not be sent stays stored; a later call or sync goes on with it where a retry
    /// can help.
    pub async fn publish_messages(&self) -> Result<(), ChangeError> {
        let mut result = Ok(());
        for id in self.groups().await? {
            result = result.and(outbound::publish_messages(&self.context, id).await);
        }
        result
    }

    /// Reads its log to the end and goes on with what is open. Gives the number of envelopes read.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn sync(&self) -> Result<usize, ChangeError> {
        let mut result = Ok(0);
        for id in self.groups().await? {
            let taken = inbound::sync_conversation(&self.context, id).await;
            result = result.and_then(|total| Ok(total + taken?));
        }
        result
    }

    /// Stored messages; the filter's groups are set to this conversation.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, SyncError> {
        let filter = MessageFilter { groups: self.groups().await?, ..filter };
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

    /// How many stored messages the filter matches; its groups are set to this conversation, its limit does not count.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn count_messages(&self, filter: MessageFilter) -> Result<u64, SyncError> {
        let filter = MessageFilter { groups: self.groups().await?, ..filter };
        Ok(self.context.store.count_messages(&filter).await?)
    }

    /// Whether the person wants this conversation.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn consent(&self) -> Result<ConsentState, SyncError> {
        consent::of(&self.context, ConsentEntity::Conversation(self.id)).await
    }

    /// Notes whether the person wants this conversation.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn set_consent(&self, state: ConsentState) -> Result<(), SyncError> {
        consent::set(&self.context, &[(ConsentEntity::Conversation(self.id), state)]).await
    }

    /// Removes the conversation from this device, with its messages and keys; of a DM all groups of its pair. The
    /// network and the other members are told nothing: this installation stays a member for them, and comes back into
    /// the conversation only when it is added anew. Messages that were not published yet are not sent any more.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn delete(&self) -> Result<(), SyncError> {
        group::delete(&self.context, self.id).await
    }
}
