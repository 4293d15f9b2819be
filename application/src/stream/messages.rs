//! Messages as they are stored: each once, in the order of the commits, from any position on.

use std::collections::{HashMap, VecDeque};
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
    /// Those of all conversations that people see.
    #[default]
    All,
    /// Those of one conversation; of a DM those of all groups of its pair.
    Conversation(GroupId),
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
    /// Whether the scope covers a group, for those that were met: kinds and pairs never change.
    covered: HashMap<GroupId, bool>,
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
        covered: HashMap::new(),
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
            while let Some(entry) = self.pending.front().copied() {
                // What could not be read is read again, and not passed over.
                let read = match self.read(entry).await {
                    Ok(read) => read,
                    Err(StoreError::Closed) => return None,
                    Err(error) => return Some(Err(error)),
                };
                self.pending.pop_front();
                self.position = entry.position;
                if let Some(message) = read {
                    return Some(Ok(message));
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

    /// The message that an entry tells of, if it does and it is wanted.
    async fn read(&mut self, entry: FeedEntry) -> Result<Option<StreamedMessage>, StoreError> {
        let FeedEvent::MessageStored { group_id, id } = entry.event else { return Ok(None) };
        if !self.covers(group_id).await? {
            return Ok(None);
        }
        let record = self.context.store.message(id).await?;
        Ok(record.map(|record| StreamedMessage { position: entry.position, message: Message::from(record) }))
    }

    async fn covers(&mut self, group_id: GroupId) -> Result<bool, StoreError> {
        if let Some(covered) = self.covered.get(&group_id) {
            return Ok(*covered);
        }
        let store = &self.context.store;
        let record = store.conversation(group_id).await?;
        let covered = match self.scope {
            StreamScope::All => record.is_none_or(|record| record.kind.is_visible()),
            StreamScope::Conversation(wanted) if wanted == group_id => true,
            StreamScope::Conversation(wanted) => match record.and_then(|record| record.dm_pair) {
                Some(pair) => store.conversation(wanted).await?.is_some_and(|own| own.dm_pair == Some(pair)),
                None => false,
            },
        };
        self.covered.insert(group_id, covered);
        Ok(covered)
    }
}
