//! What each device has in its database at the end.

use std::collections::BTreeMap;

use hexmtp::domain::InboxId;
use hexmtp::domain::group::ConversationKind;
use hexmtp::domain::message::MessageBody;
use hexmtp::ports::store::{ConversationFilter, MessageFilter};
use hexmtp::{Conversation, Message};

use crate::demo::person::Device;
use crate::error::CliError;

/// Who has which inbox.
pub(crate) type Names = BTreeMap<InboxId, &'static str>;

/// What one device sees.
pub(crate) struct Transcript {
    pub(crate) device: String,
    pub(crate) inbox_id: String,
    pub(crate) conversations: Vec<View>,
    pub(crate) rejected: usize,
}

/// One conversation as a device sees it.
pub(crate) struct View {
    pub(crate) title: String,
    pub(crate) id: String,
    pub(crate) epoch: u64,
    pub(crate) members: Vec<String>,
    pub(crate) active: bool,
    pub(crate) lines: Vec<Line>,
}

/// One message.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) text: String,
    /// Whether it tells of a change of the group, and is not somebody's words.
    pub(crate) is_event: bool,
}

/// Reads every device's database.
pub(crate) async fn transcripts(devices: &[&Device], names: &Names) -> Result<Vec<Transcript>, CliError> {
    let mut transcripts = Vec::with_capacity(devices.len());
    for device in devices {
        let mut conversations = Vec::new();
        for conversation in device.client.conversations(ConversationFilter::default()).await? {
            conversations.push(view(&conversation, names).await?);
        }
        transcripts.push(Transcript {
            device: device.label.clone(),
            inbox_id: device.client.inbox_id().to_string(),
            conversations,
            rejected: device.client.rejected(1000).await?.len(),
        });
    }
    Ok(transcripts)
}

async fn view(conversation: &Conversation, names: &Names) -> Result<View, CliError> {
    let record = conversation.record().await?;
    let members = conversation.members().await?;
    let title = match record.kind {
        ConversationKind::Dm => match conversation.dm_peer().await? {
            Some(peer) => format!("Direct, with {}", name(names, peer)),
            None => "Direct".to_owned(),
        },
        _ => format!("Group \"{}\"", conversation.name().await?),
    };
    let messages = conversation.messages(MessageFilter::default()).await?;
    Ok(View {
        title,
        id: conversation.id().to_string(),
        epoch: record.epoch.0,
        members: members
            .iter()
            .map(|member| match member.installations.len() {
                1 => name(names, member.inbox_id),
                count => format!("{} ({count} devices)", name(names, member.inbox_id)),
            })
            .collect(),
        active: conversation.is_active().await?,
        lines: messages.iter().map(|message| line(message, names)).collect(),
    })
}

fn line(message: &Message, names: &Names) -> Line {
    let text = match &message.body {
        MessageBody::Text(text) => Some(text.clone()),
        MessageBody::GroupUpdated(_) => None,
        other => Some(format!("{other:?}")),
    };
    Line {
        id: message.id.to_string(),
        at: message.sent_at.to_rfc3339_seconds(),
        who: name(names, message.sender),
        is_event: text.is_none(),
        text: text.unwrap_or_else(|| changes(message, names)),
    }
}

/// A change of the group in words.
fn changes(message: &Message, names: &Names) -> String {
    let MessageBody::GroupUpdated(update) = &message.body else { return String::new() };
    let list = |inboxes: &[InboxId]| {
        inboxes.iter().map(|inbox_id| name(names, *inbox_id)).collect::<Vec<_>>().join(" and ")
    };
    let mut parts = Vec::new();
    if !update.added.is_empty() {
        parts.push(format!("added {}", list(&update.added)));
    }
    if !update.removed.is_empty() {
        parts.push(format!("removed {}", list(&update.removed)));
    }
    for change in &update.metadata_changes {
        let new = change.new_value.as_deref().unwrap_or_default();
        match change.field.as_str() {
            "group_name" => parts.push(format!("named the group \"{new}\"")),
            field => parts.push(format!("set {field} to \"{new}\"")),
        }
    }
    if parts.is_empty() { "changed the group".to_owned() } else { parts.join(", ") }
}

fn name(names: &Names, inbox_id: InboxId) -> String {
    names.get(&inbox_id).map_or_else(|| inbox_id.to_string(), |name| (*name).to_owned())
}
