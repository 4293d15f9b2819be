//! Messages as they are stored: each once, in the order of the commits, from any position on.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_util::{Stream, StreamExt, stream};
use hexmtp_domain::GroupId;
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::store::{FeedEntry, FeedEvent, FeedPosition, StoreError};

use crate::context::Context;
use crate::message::Message;
use crate::stream::{Pump, start};

/// How many changes are read at once.
const BATCH: usize = 100;

/// Which messages a stream tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamScope {
    /// Those of all conversations.
    #[default]
    All,
    /// Those of one conversation.
    Conversation(GroupId),
}

impl StreamScope {
    fn covers(self, group_id: GroupId) -> bool {
        match self {
            Self::All => true,
            Self::Conversation(wanted) => wanted == group_id,
        }
    }
}

/// A message and where the stream stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamedMessage {
    /// A stream that is opened from here goes on with the next message.
    pub position: FeedPosition,
    /// The message.
    pub message: Message,
}

/// A stream of messages. Dropping it ends it, and with the last one the network subscription.
pub struct MessageStream(BoxStream<'static, Result<StreamedMessage, StoreError>>);

impl Stream for MessageStream {
    type Item = Result<StreamedMessage, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

/// Where a stream stands.
struct Reader {
    context: Context,
    _pump: Arc<Pump>,
    scope: StreamScope,
    position: FeedPosition,
    pending: VecDeque<FeedEntry>,
    wake_ups: BoxStream<'static, ()>,
}

/// Messages stored after a position, those of other members and the own ones.
pub(crate) fn message_stream(context: &Context, scope: StreamScope, after: FeedPosition) -> MessageStream {
    let reader = Reader {
        wake_ups: context.store.wake_ups(),
        _pump: start(context),
        context: Arc::clone(context),
        scope,
        position: after,
        pending: VecDeque::new(),
    };
    MessageStream(Box::pin(stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    })))
}

impl Reader {
    /// The next message; `None` once the store is closed.
    async fn next(&mut self) -> Option<Result<StreamedMessage, StoreError>> {
        loop {
            while let Some(entry) = self.pending.pop_front() {
                self.position = entry.position;
                match read(&self.context, self.scope, entry).await {
                    Ok(Some(message)) => return Some(Ok(message)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                }
            }
            match self.context.store.changes_after(self.position, BATCH).await {
                Ok(entries) if entries.is_empty() => self.wake_ups.next().await?,
                Ok(entries) => self.pending = entries.into(),
                Err(StoreError::Closed) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The message that an entry tells of, if it does and it is wanted.
async fn read(
    context: &Context,
    scope: StreamScope,
    entry: FeedEntry,
) -> Result<Option<StreamedMessage>, StoreError> {
    let FeedEvent::MessageStored { group_id, id } = entry.event else { return Ok(None) };
    if !scope.covers(group_id) {
        return Ok(None);
    }
    let record = context.store.message(id).await?;
    Ok(record.map(|record| StreamedMessage { position: entry.position, message: Message::from(record) }))
}
