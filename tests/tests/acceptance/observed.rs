//! What tests look at.

use hexmtp::domain::GroupId;
use hexmtp::domain::message::{GroupUpdated, MessageBody};
use hexmtp::ports::store::{ConversationRecord, MessageFilter};
use hexmtp::{Client, Conversation, Message};

/// A conversation as a client has it.
pub(crate) async fn of(client: &Client, id: GroupId) -> Conversation {
    client.conversation(id).await.expect("a known conversation")
}

/// All messages of a conversation, oldest first.
pub(crate) async fn messages(client: &Client, id: GroupId) -> Vec<Message> {
    of(client, id).await.messages(MessageFilter::default()).await.expect("messages")
}

/// The texts of a conversation, oldest first.
pub(crate) async fn texts(client: &Client, id: GroupId) -> Vec<String> {
    let messages = messages(client, id).await;
    messages.iter().filter_map(|message| message.body.as_text().map(ToOwned::to_owned)).collect()
}

/// What the commits of a conversation changed, oldest first.
pub(crate) async fn transcript(client: &Client, id: GroupId) -> Vec<GroupUpdated> {
    let messages = messages(client, id).await;
    let updates = messages.into_iter().filter_map(|message| match message.body {
        MessageBody::GroupUpdated(update) => Some(*update),
        _ => None,
    });
    updates.collect()
}

/// What the last commit changed that changed something visible.
pub(crate) async fn last_change(client: &Client, id: GroupId) -> GroupUpdated {
    transcript(client, id).await.pop().expect("a change")
}

/// How many membership messages a conversation has.
pub(crate) async fn changes(client: &Client, id: GroupId) -> usize {
    transcript(client, id).await.len()
}

/// Fails unless all clients hold the same state of a group.
pub(crate) async fn assert_agreement(clients: &[&Client], id: GroupId) {
    let mut records: Vec<ConversationRecord> = Vec::new();
    for client in clients {
        records.push(of(client, id).await.record().await.expect("a record"));
    }
    for record in &records[1..] {
        assert_eq!(record.epoch, records[0].epoch, "epochs differ");
        assert_eq!(record.authenticator, records[0].authenticator, "epoch authenticators differ");
        assert_eq!(record.extensions, records[0].extensions, "group contexts differ");
        assert_eq!(record.members, records[0].members, "trees differ");
    }
}

/// The codes of what a client refused.
pub(crate) async fn refused(client: &Client) -> Vec<String> {
    client.rejected(1000).await.expect("a list").into_iter().map(|rejected| rejected.code).collect()
}
