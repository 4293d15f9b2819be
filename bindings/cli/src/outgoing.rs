//! Texts on their way out, also while the network is away.

use hexmtp::domain::MessageId;
use hexmtp::domain::message::{EncodedContent, message_id, text};
use hexmtp::error::ChangeError;
use hexmtp::{Conversation, SendOptions};

use crate::error::CliError;
use crate::profile::random_key;

/// A text to one conversation. Its id is known before it is sent.
pub(crate) struct Outgoing {
    content: EncodedContent,
    idempotency_key: String,
    id: MessageId,
}

/// How far a text has come.
pub(crate) enum Sending {
    /// The network has it.
    Sent,
    /// It is stored; the next sync sends it. The error says what was in the way.
    Waits(ChangeError),
}

impl Outgoing {
    /// Says something in a conversation.
    pub(crate) fn new(conversation: &Conversation, said: &str) -> Result<Self, CliError> {
        let content = text::encode(said);
        let idempotency_key = hex::encode(random_key()?.expose().get(..16).unwrap_or_default());
        let id = message_id(conversation.id(), &idempotency_key, &content.encode());
        Ok(Self { content, idempotency_key, id })
    }

    pub(crate) const fn id(&self) -> MessageId {
        self.id
    }

    /// Sends it. When the network does not do now what it may do later, the message is stored in any case, so that
    /// nobody has to guess whether to say it again.
    pub(crate) async fn send(&self, conversation: &Conversation) -> Result<Sending, CliError> {
        match conversation.send(&self.content, self.options(false)).await {
            Ok(_) => Ok(Sending::Sent),
            Err(error) if error.retry().is_worth_it() => {
                // With the same key this stores nothing that is stored already.
                conversation.send(&self.content, self.options(true)).await?;
                Ok(Sending::Waits(error))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn options(&self, optimistic: bool) -> SendOptions {
        SendOptions {
            idempotency_key: Some(self.idempotency_key.clone()),
            optimistic,
            ..SendOptions::default()
        }
    }
}

/// Sends a text, and takes it for an error when it has to wait.
pub(crate) async fn send(conversation: &Conversation, said: &str) -> Result<MessageId, CliError> {
    let outgoing = Outgoing::new(conversation, said)?;
    match outgoing.send(conversation).await? {
        Sending::Sent => Ok(outgoing.id()),
        Sending::Waits(source) => Err(CliError::NotSentYet(source)),
    }
}
