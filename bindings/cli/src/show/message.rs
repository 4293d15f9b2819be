//! Messages.

use hexmtp::Message;
use hexmtp::domain::group::mutable_metadata::{DESCRIPTION, GROUP_NAME, IMAGE_URL, SUPER_ADMIN_PREFIX};
use hexmtp::domain::message::{DeliveryStatus, GroupUpdated, MessageBody, MetadataChange};
use hexmtp::domain::{GroupId, InboxId, InstallationId, MessageId, Timestamp};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::Show;
use crate::people::People;
use crate::show::{one_line, printable};
use crate::style::Style;

/// A point in time as people read it: UTC, and says so.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_rfc3339_seconds().replacen('T', " ", 1)
}

/// Hours and minutes of it.
fn clock(at: Timestamp) -> String {
    at.to_rfc3339_seconds().get(11..16).map(|text| format!("{text}Z")).unwrap_or_default()
}

/// A message as a person sees it.
#[derive(Clone)]
pub(crate) struct MessageView {
    id: MessageId,
    group_id: GroupId,
    sender: InboxId,
    installation: InstallationId,
    address: Option<String>,
    who: String,
    is_own: bool,
    at: Timestamp,
    delivery: DeliveryStatus,
    said: Said,
    /// What the conversation is called, where messages of several are shown.
    conversation: Option<String>,
}

/// What a message says.
#[derive(Clone)]
enum Said {
    Text(String),
    /// A change of the group, in words and as it is.
    Change(String, Box<GroupUpdated>),
    /// The sender wants to be removed.
    Leaving,
    Unknown {
        content_type: String,
        fallback: Option<String>,
    },
    Undecodable,
}

/// Finds out who is meant.
pub(crate) async fn message_view(message: &Message, people: &People) -> Result<MessageView, CliError> {
    let said = match &message.body {
        MessageBody::Text(text) => Said::Text(text.clone()),
        MessageBody::GroupUpdated(change) => Said::Change(in_words(change, people).await?, change.clone()),
        MessageBody::LeaveRequest => Said::Leaving,
        MessageBody::Unknown { content_type, fallback } => {
            Said::Unknown { content_type: content_type.to_string(), fallback: fallback.clone() }
        }
        MessageBody::Undecodable => Said::Undecodable,
    };
    Ok(MessageView {
        id: message.id,
        group_id: message.group_id,
        sender: message.sender,
        installation: message.installation,
        address: people.address(message.sender).await?,
        who: people.label(message.sender).await?,
        is_own: people.is_own(message.sender),
        at: message.sent_at,
        delivery: message.delivery,
        said,
        conversation: None,
    })
}

/// What was changed, as a sentence without its subject.
async fn in_words(change: &GroupUpdated, people: &People) -> Result<String, CliError> {
    let mut parts = Vec::new();
    for (what, inboxes, after) in [
        ("added", &change.added, ""),
        ("removed", &change.removed, ""),
        ("removed", &change.left, ", as asked"),
        ("made", &change.added_admins, " admin"),
        ("took from", &change.removed_admins, " the role of admin"),
        ("made", &change.added_super_admins, " super admin"),
        ("took from", &change.removed_super_admins, " the role of super admin"),
    ] {
        if !inboxes.is_empty() {
            parts.push(format!("{what} {}{after}", people.labels(inboxes).await?));
        }
    }
    parts.extend(change.metadata_changes.iter().map(metadata_in_words));
    Ok(if parts.is_empty() { "changed the group".to_owned() } else { parts.join(", ") })
}

fn metadata_in_words(change: &MetadataChange) -> String {
    let new = one_line(change.new_value.as_deref().unwrap_or_default());
    let what = match change.field.as_str() {
        GROUP_NAME => "the group",
        DESCRIPTION => "the description",
        IMAGE_URL => "the picture",
        other => return format!("changed {}", one_line(other)),
    };
    match (what, new.is_empty()) {
        ("the group", true) => "took the group's name away".to_owned(),
        ("the group", false) => format!("named the group \"{new}\""),
        (what, true) => format!("took {what} away"),
        (what, false) => format!("changed {what} to \"{new}\""),
    }
}

impl MessageView {
    /// Names the conversation with the message.
    pub(crate) fn of(mut self, conversation: String) -> Self {
        self.conversation = Some(conversation);
        self
    }

    /// The line in a chat, where everybody knows the day and the conversation.
    pub(crate) fn chat_line(&self, style: Style) -> String {
        self.line(&clock(self.at), style)
    }

    fn line(&self, at: &str, style: Style) -> String {
        let at = style.faint(at);
        let conversation = self.conversation.as_ref().map(|name| style.heading(&format!("[{name}] ")));
        let conversation = conversation.unwrap_or_default();
        let state = match self.delivery {
            DeliveryStatus::Published => "",
            DeliveryStatus::Unpublished => " (not sent yet)",
            DeliveryStatus::Failed => " (could not be sent)",
        };
        match &self.said {
            said @ (Said::Change(..) | Said::Leaving) => {
                let event = format!("* {} {}{state}", self.who, said.shown());
                format!("{at}  {conversation}{}", style.faint(&event))
            }
            said => {
                let who = style.name(&self.who);
                format!("{at}  {conversation}{who}: {}{}", indented(&said.shown()), style.faint(state))
            }
        }
    }

    fn said_json(&self) -> Value {
        match &self.said {
            Said::Text(text) => json!({"kind": "text", "text": text}),
            Said::Change(words, change) => {
                json!({"kind": "group_updated", "summary": words, "change": change_json(change)})
            }
            Said::Leaving => json!({"kind": "leave_request"}),
            Said::Unknown { content_type, fallback } => {
                json!({"kind": "unknown", "content_type": content_type, "fallback": fallback})
            }
            Said::Undecodable => json!({"kind": "undecodable"}),
        }
    }
}

impl Said {
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => printable(text),
            Self::Change(words, _) => words.clone(),
            Self::Leaving => "asked to leave".to_owned(),
            Self::Unknown { fallback: Some(fallback), .. } => printable(fallback),
            Self::Unknown { content_type, .. } => format!("[content of type {}]", one_line(content_type)),
            Self::Undecodable => "[unreadable content]".to_owned(),
        }
    }
}

impl Show for MessageView {
    fn text(&self, style: Style) -> String {
        self.line(&time(self.at), style)
    }

    fn json(&self) -> Value {
        let mut value = self.said_json();
        value["id"] = json!(self.id.to_string());
        value["conversation"] = json!(self.group_id.to_string());
        value["sender"] = json!({
            "inbox_id": self.sender.to_string(),
            "address": self.address,
            "installation_id": self.installation.to_string(),
            "me": self.is_own,
        });
        value["sent_at"] = json!(self.at.to_string());
        // Programs whose numbers are floating-point would round nanoseconds.
        value["sent_at_ns"] = json!(self.at.as_nanos().to_string());
        value["delivery"] = json!(match self.delivery {
            DeliveryStatus::Published => "published",
            DeliveryStatus::Unpublished => "unpublished",
            DeliveryStatus::Failed => "failed",
        });
        value
    }
}

/// Further lines of a text stand under its first one, so that none can pass for another message.
fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
}

fn change_json(change: &GroupUpdated) -> Value {
    let list = |inboxes: &[InboxId]| inboxes.iter().map(InboxId::to_string).collect::<Vec<_>>();
    let fields: Vec<Value> = change.metadata_changes.iter().map(field_json).collect();
    json!({
        "initiated_by": change.initiated_by.to_string(),
        "added": list(&change.added),
        "removed": list(&change.removed),
        "left": list(&change.left),
        "added_admins": list(&change.added_admins),
        "removed_admins": list(&change.removed_admins),
        "added_super_admins": list(&change.added_super_admins),
        "removed_super_admins": list(&change.removed_super_admins),
        "fields": fields,
    })
}

/// The values of fields for super admins stay inside: one of them holds a key.
fn field_json(change: &MetadataChange) -> Value {
    if change.field.starts_with(SUPER_ADMIN_PREFIX) {
        return json!({"field": change.field});
    }
    json!({"field": change.field, "old": change.old_value, "new": change.new_value})
}

/// A message that was just sent.
pub(crate) struct Sent {
    pub(crate) message_id: MessageId,
    pub(crate) conversation: GroupId,
    pub(crate) title: String,
}

impl Show for Sent {
    fn text(&self, style: Style) -> String {
        format!("sent to {}", style.name(&self.title))
    }

    fn json(&self) -> Value {
        json!({"message_id": self.message_id.to_string(), "conversation": self.conversation.to_string()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(said: Said) -> MessageView {
        MessageView {
            id: MessageId::new([1; 32]),
            group_id: GroupId::new([2; 16]),
            sender: InboxId::new([3; 32]),
            installation: InstallationId::new([4; 32]),
            address: Some("0xabc".to_owned()),
            who: "0x12…34".to_owned(),
            is_own: false,
            at: Timestamp::from_nanos(1_704_164_645_123_456_789),
            delivery: DeliveryStatus::Published,
            said,
            conversation: None,
        }
    }

    fn change(fields: Vec<MetadataChange>) -> GroupUpdated {
        GroupUpdated {
            initiated_by: InboxId::new([3; 32]),
            added: vec![],
            removed: vec![],
            left: vec![],
            metadata_changes: fields,
            added_admins: vec![],
            removed_admins: vec![],
            added_super_admins: vec![],
            removed_super_admins: vec![],
        }
    }

    fn field(field: &str, old: Option<&str>, new: Option<&str>) -> MetadataChange {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        MetadataChange { field: field.to_owned(), old_value: owned(old), new_value: owned(new) }
    }

    #[test]
    fn a_text_is_shown_with_its_time_and_sender() {
        let mut view = view(Said::Text("Hello".to_owned()));
        assert_eq!(view.text(Style::plain()), "2024-01-02 03:04:05Z  0x12…34: Hello");
        assert_eq!(view.chat_line(Style::plain()), "03:04Z  0x12…34: Hello");
        assert_eq!(
            view.clone().of("Weekend".to_owned()).text(Style::plain()),
            "2024-01-02 03:04:05Z  [Weekend] 0x12…34: Hello"
        );
        view.delivery = DeliveryStatus::Unpublished;
        assert!(view.text(Style::plain()).ends_with("Hello (not sent yet)"));
    }

    #[test]
    fn a_text_of_several_lines_cannot_pass_for_several_messages() {
        let view = view(Said::Text("one\n2024-01-02 03:04:05Z  you: two\u{1b}[1A".to_owned()));
        let text = view.text(Style::plain());
        assert!(text.lines().skip(1).all(|line| line.starts_with("      ")), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn json_has_all_of_it() {
        let json = view(Said::Text("Hello\n\u{1b}".to_owned())).json();
        assert_eq!(json["kind"], "text");
        assert_eq!(json["text"], "Hello\n\u{1b}");
        assert_eq!(json["sender"]["address"], "0xabc");
        assert_eq!(json["sent_at"], "2024-01-02T03:04:05Z");
        assert_eq!(json["sent_at_ns"], "1704164645123456789");
        assert_eq!(json["delivery"], "published");
        assert_eq!(json["conversation"], "02".repeat(16));
        assert_eq!(view(Said::Undecodable).json()["kind"], "undecodable");
        let unknown = Said::Unknown { content_type: "a/b:1.0".to_owned(), fallback: None };
        assert_eq!(view(unknown.clone()).json()["content_type"], "a/b:1.0");
        assert!(view(unknown).text(Style::plain()).ends_with("[content of type a/b:1.0]"));
    }

    #[test]
    fn changes_of_metadata_are_told_in_words() {
        for (change, words) in [
            (field(GROUP_NAME, Some("a"), Some("b")), "named the group \"b\""),
            (field(GROUP_NAME, Some("a"), Some("")), "took the group's name away"),
            (field(DESCRIPTION, None, Some("x\ny")), "changed the description to \"x y\""),
            (field(IMAGE_URL, Some("x"), None), "took the picture away"),
            (field("app_data", None, Some("x")), "changed app_data"),
        ] {
            assert_eq!(metadata_in_words(&change), words);
        }
    }

    #[test]
    fn the_key_that_signs_commit_logs_is_not_shown() {
        let secret = change(vec![field("_commit_log_signer", Some("5ec2e7"), Some("5ec2e8"))]);
        let words = metadata_in_words(&secret.metadata_changes[0]);
        let view = view(Said::Change(words, Box::new(secret)));
        for shown in [view.text(Style::plain()), view.json().to_string()] {
            assert!(shown.contains("_commit_log_signer") && !shown.contains("5ec2e"), "{shown}");
        }
    }
}
