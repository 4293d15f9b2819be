//! Messages and lines of the transcript as either side holds them, in a form that can be compared.

use std::fmt;

use hexmtp::{Conversation, Message};
use hexmtp_domain::message::{DeliveryStatus, EncodedContent, GroupUpdated, MessageKind, group_updated};
use hexmtp_ports::store::MessageFilter;

use super::official::OfficialConversation;
use super::official_state::OfficialMessage;
use super::official_store::StoredMessage;

/// A message, or a line of the transcript, as one side holds it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Held {
    id: String,
    sender: String,
    installation: String,
    content: Content,
    sent_at: i64,
    published: bool,
    pub(super) sequence_id: i64,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq)]
enum Content {
    /// The serialized `EncodedContent`.
    Bytes(Vec<u8>),
    /// What a commit changed, with sorted lists: official clients write them down in any order, and so the bytes, and
    /// the id that is made of them, differ from member to member.
    Change(Box<GroupUpdated>),
    /// The content within the `EncodedContent`, where nobody tells the rest.
    Inner(String),
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, sender, installation, content, sent_at, published, sequence_id } = self;
        let short = |text: &str| text.chars().take(8).collect::<String>();
        let (id, sender, installation) = (short(id), short(sender), short(installation));
        write!(f, "#{sequence_id} {id} from {sender}/{installation} at {sent_at}, published {published}: ")?;
        match content {
            Content::Bytes(bytes) => {
                write!(f, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(100)]))
            }
            Content::Change(change) => change.fmt(f),
            Content::Inner(text) => f.write_str(&short(text)),
        }
    }
}

/// The content of a line of the transcript.
fn change(bytes: &[u8]) -> Content {
    let decoded = EncodedContent::decode(bytes).and_then(|content| group_updated::decode(&content));
    let mut change = decoded.expect("what a commit changed");
    let lists = [
        &mut change.added,
        &mut change.removed,
        &mut change.left,
        &mut change.added_admins,
        &mut change.removed_admins,
        &mut change.added_super_admins,
        &mut change.removed_super_admins,
    ];
    lists.into_iter().for_each(|list| list.sort());
    change.metadata_changes.sort_by(|one, other| one.field.cmp(&other.field));
    Content::Change(Box::new(change))
}

/// Whether nothing is listed before something that was sent earlier; what was sent at the same time is put in order.
fn in_order(mut listed: Vec<Held>) -> Vec<Held> {
    assert!(listed.is_sorted_by_key(|one| one.sent_at), "listed out of order: {listed:#?}");
    listed.sort_by_key(|one| (one.sent_at, one.sequence_id));
    listed
}

/// Our messages, and the lines of our transcript.
pub(super) async fn held_by_us(ours: &Conversation, bytes: bool) -> (Vec<Held>, Vec<Held>) {
    let listed = ours.messages(MessageFilter::default()).await.expect("our messages");
    let here = listed.into_iter().filter(|message| message.group_id == ours.id());
    let (messages, changes): (Vec<_>, Vec<_>) =
        here.partition(|message| message.kind == MessageKind::Application);
    let held = |message: Message| {
        let is_change = message.kind == MessageKind::MembershipChange;
        let content = if is_change {
            change(&message.content)
        } else if bytes {
            Content::Bytes(message.content)
        } else {
            let decoded = EncodedContent::decode(&message.content).expect("encoded content");
            Content::Inner(hex::encode(decoded.content))
        };
        let sequence_id = message.cursor.filter(|_| bytes).map_or(0, |cursor| cursor.sequence_id.0);
        Held {
            // Made of the bytes: see above.
            id: if is_change { String::new() } else { message.id.to_string() },
            sender: message.sender.to_string(),
            installation: if bytes { message.installation.to_string() } else { String::new() },
            content,
            sent_at: message.sent_at.as_nanos(),
            published: message.delivery == DeliveryStatus::Published,
            sequence_id: i64::try_from(sequence_id).expect("a small number"),
        }
    };
    (in_order(messages.into_iter().map(held).collect()), in_order(changes.into_iter().map(held).collect()))
}

/// Their messages, and the lines of their transcript where their database can be read.
pub(super) async fn held_by_them(theirs: &OfficialConversation) -> (Vec<Held>, Vec<Held>) {
    let group = theirs.id.to_string();
    let mut listed = theirs.messages().await;
    listed.retain(|message| message.group == group);
    let Some(store) = theirs.client.store() else {
        listed.retain(|message| message.application);
        return (in_order(listed.into_iter().map(listed_only).collect()), Vec::new());
    };
    let stored = store.messages(theirs.id).await;
    for message in &listed {
        let same =
            stored.iter().find(|one| one.id.to_string() == message.id).expect("what is listed is stored");
        let listed = (&message.sender, message.sent_at_ns, message.application, message.published);
        assert_eq!((&same.sender, same.sent_at_ns, same.application, same.published), listed, "{same:?}");
    }
    let (messages, changes): (Vec<_>, Vec<_>) = stored.into_iter().partition(|message| message.application);
    (in_order(messages.into_iter().map(held).collect()), in_order(changes.into_iter().map(held).collect()))
}

fn held(message: StoredMessage) -> Held {
    let application = message.application;
    Held {
        id: if application { message.id.to_string() } else { String::new() },
        sender: message.sender,
        installation: hex::encode(message.installation),
        content: if application { Content::Bytes(message.content) } else { change(&message.content) },
        sent_at: message.sent_at_ns,
        published: message.published,
        sequence_id: message.sequence_id,
    }
}

/// A message of a client whose database cannot be read.
fn listed_only(message: OfficialMessage) -> Held {
    Held {
        id: message.id,
        sender: message.sender,
        installation: String::new(),
        content: Content::Inner(message.body.unwrap_or_default()),
        sent_at: message.sent_at_ns,
        published: message.published,
        sequence_id: 0,
    }
}
