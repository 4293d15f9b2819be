//! Messages of all conversations.

use hexmtp_domain::MessageId;
use hexmtp_ports::store::FeedPosition;

use super::Client;
use crate::error::{ChangeError, SyncError};
use crate::message::{self, Message};
use crate::stream::{MessageStream, StreamScope, message_stream};

impl Client {
    /// A stored message.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, SyncError> {
        Ok(self.context.store.message(id).await?.map(Message::from))
    }

    /// Removes a message from this device. Other members keep it, and so do the own other devices; one that was not
    /// published yet is not sent any more. Gives whether there was one.
    ///
    /// # Errors
    /// [`ChangeError`] when the store fails.
    pub async fn delete_message(&self, id: MessageId) -> Result<bool, ChangeError> {
        message::delete(&self.context, id).await
    }

    /// Messages of all conversations as they are stored from now on: those of others and the own ones, each
    /// once, in the order in which they are stored. A network subscription runs as long as a stream is open.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn stream_messages(&self) -> Result<MessageStream, SyncError> {
        let position = self.context.store.position().await?;
        Ok(self.stream_messages_from(position))
    }

    /// Messages stored after a position, such as that of the last message that was handled before a restart. One behind
    /// which the feed was trimmed ([`Client::trim`]) makes the stream say [`StoreError::PositionGone`] and end: some
    /// messages would be missing.
    ///
    /// [`StoreError::PositionGone`]: hexmtp_ports::store::StoreError::PositionGone
    #[must_use]
    pub fn stream_messages_from(&self, position: FeedPosition) -> MessageStream {
        message_stream(&self.context, StreamScope::All, position)
    }
}
