//! Messages as they are stored: each once, in the order of the commits, from any position on.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_util::{Stream, StreamExt, stream};
use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::store::{FeedEvent, FeedPosition, StoreError};

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

/// A stream of messages. Dropping it ends it, and with the last one the network subscription. It waits while the store
/// has released its medium ([`crate::Client::release_store`]). When it was to begin at a position behind which the feed
/// was trimmed ([`crate::Client::trim`]), it says [`StoreError::PositionGone`] and ends.
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
    pending: VecDeque<StreamedMessage>,
    wake_ups: BoxStream<'static, ()>,
    has_ended: bool,
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
        has_ended: false,
    };
    MessageStream(Box::pin(stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    })))
}

impl Reader {
    /// The next message; `None` once the store is closed, and behind the error that something is missing.
    async fn next(&mut self) -> Option<Result<StreamedMessage, StoreError>> {
        loop {
            if let Some(message) = self.pending.pop_front() {
                return Some(Ok(message));
            }
            if self.has_ended {
                return None;
            }
            match self.read_on().await {
                Ok(true) => {}
                // There is nothing new, or the store has let go of its medium: both end with a wake-up.
                Ok(false) | Err(StoreError::Released) => self.wake_ups.next().await?,
                Err(StoreError::Closed) => return None,
                Err(error) => {
                    self.has_ended = matches!(error, StoreError::PositionGone { .. });
                    return Some(Err(error));
                }
            }
        }
    }

    /// Reads the next changes, and the messages that they tell of in one query. What could not be read is read again,
    /// and not passed over. Gives whether there were any changes.
    async fn read_on(&mut self) -> Result<bool, StoreError> {
        let entries = self.context.store.changes_after(self.position, BATCH).await?;
        let Some(last) = entries.last().map(|entry| entry.position) else { return Ok(false) };
        let mut told = Vec::new();
        for entry in entries {
            if let FeedEvent::MessageStored { group_id, id } = entry.event
                && self.covers(group_id).await?
            {
                told.push((entry.position, id));
            }
        }
        if !told.is_empty() {
            let ids: Vec<MessageId> = told.iter().map(|(_, id)| *id).collect();
            let records = self.context.store.messages_by_id(&ids).await?;
            // Those that were deleted meanwhile are not there any more.
            let messages = told.into_iter().zip(records).filter_map(|((position, _), record)| {
                Some(StreamedMessage { position, message: Message::from(record?) })
            });
            self.pending.extend(messages);
        }
        self.position = last;
        Ok(true)
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
