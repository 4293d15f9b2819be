//! What an application looks at when it shows conversations.

use hexmtp::Client;
use hexmtp_domain::Timestamp;
use hexmtp_ports::store::{ConversationFilter, Direction, MessageFilter};

use crate::filled::group_id;

/// How many conversations or messages are looked at.
pub(crate) const PAGE: usize = 50;

/// The first conversations, each with its last message: how many have one.
pub(crate) async fn list(client: &Client) -> usize {
    let filter = ConversationFilter { limit: Some(PAGE), ..ConversationFilter::default() };
    let list = client.conversation_list(filter).await.expect("conversations");
    list.iter().filter(|item| item.last_message.is_some()).count()
}

/// A page of the largest conversation, by time, behind its newest quarter; it has a tenth of all messages, a second
/// apart.
pub(crate) async fn page(client: &Client, conversations: usize, messages: usize) -> usize {
    let group = client.conversation(group_id(conversations - 1)).await.expect("a conversation");
    let last = group.record().await.expect("a record").last_message_at.unwrap_or_default();
    let quarter = i64::try_from(messages / 40).unwrap_or_default() * 1_000_000_000;
    let filter = MessageFilter {
        sent_before: Some(Timestamp::from_nanos(last.as_nanos() - quarter)),
        limit: Some(PAGE),
        direction: Direction::Descending,
        ..MessageFilter::default()
    };
    group.messages(filter).await.expect("messages").len()
}

/// How many messages a conversation of ordinary size has.
pub(crate) async fn count(client: &Client, conversations: usize) -> u64 {
    let group = client.conversation(group_id(conversations / 2)).await.expect("a conversation");
    group.count_messages(MessageFilter::default()).await.expect("a count")
}
