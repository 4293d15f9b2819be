//! Conversations and their members.

use hexmtp::Conversation;
use hexmtp::domain::group::ConversationKind;
use hexmtp::domain::group::mutable_metadata::Role;
use hexmtp::domain::{GroupId, InboxId, MessageId, Timestamp};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::Show;
use crate::people::{People, shortened};
use crate::show::message::time;
use crate::show::{one_line, short};
use crate::style::Style;

/// The digits of an id that are shown; more where they do not tell conversations apart.
const ID_DIGITS: usize = 8;
/// The characters of a name in a table.
const NAME_LENGTH: usize = 32;

/// A conversation as a person sees it.
#[derive(Clone)]
pub(crate) struct ConversationView {
    pub(crate) id: GroupId,
    pub(crate) is_dm: bool,
    pub(crate) name: String,
    /// The other side of a direct conversation, with its address where it is known.
    pub(crate) peer: Option<(InboxId, Option<String>)>,
    pub(crate) members: usize,
    pub(crate) is_active: bool,
    /// Whether this person has asked to leave.
    pub(crate) is_leaving: bool,
    pub(crate) epoch: u64,
    pub(crate) last_message_at: Option<Timestamp>,
    /// What was just sent to it.
    pub(crate) message: Option<MessageId>,
}

/// Reads a conversation.
pub(crate) async fn conversation_view(
    conversation: &Conversation,
    people: &People,
) -> Result<ConversationView, CliError> {
    let record = conversation.record().await?;
    let is_dm = record.kind == ConversationKind::Dm;
    let peer = match conversation.dm_peer().await? {
        Some(peer) => Some((peer, people.address(peer).await?)),
        None => None,
    };
    Ok(ConversationView {
        id: record.id,
        is_dm,
        name: if is_dm { String::new() } else { conversation.name().await? },
        peer,
        members: conversation.members().await?.len(),
        is_active: conversation.is_active().await?,
        is_leaving: conversation.is_leaving().await?,
        epoch: record.epoch.0,
        last_message_at: record.last_message_at,
        message: None,
    })
}

/// What to call a conversation: its name, or whom one talks with.
pub(crate) async fn title(conversation: &Conversation, people: &People) -> Result<String, CliError> {
    if let Some(peer) = conversation.dm_peer().await? {
        return people.label(peer).await;
    }
    let name = one_line(&conversation.name().await?);
    Ok(if name.is_empty() { shortened(&conversation.id().to_string()) } else { name })
}

impl ConversationView {
    fn kind(&self) -> &'static str {
        if self.is_dm { "dm" } else { "group" }
    }

    /// The name, or the other side.
    fn title(&self) -> String {
        match &self.peer {
            Some((_, Some(address))) => address.clone(),
            Some((inbox, None)) => format!("inbox {}", shortened(&inbox.to_string())),
            None => one_line(&self.name),
        }
    }
}

impl Show for ConversationView {
    fn text(&self, style: Style) -> String {
        let what = match (&self.peer, self.name.is_empty()) {
            (Some(_), _) => format!("conversation with {}", style.name(&self.title())),
            (None, true) => "group without a name".to_owned(),
            (None, false) => format!("group \"{}\"", style.name(&self.title())),
        };
        let members = if self.is_dm { String::new() } else { format!(", {} members", self.members) };
        let sent = match (self.message, self.is_leaving) {
            (Some(_), _) => ", sent",
            (None, true) => ", you are leaving",
            (None, false) => "",
        };
        format!("{what}{members}{sent} {}", style.faint(&format!("({})", self.id)))
    }

    fn json(&self) -> Value {
        let peer = self
            .peer
            .as_ref()
            .map(|(inbox, address)| json!({"inbox_id": inbox.to_string(), "address": address}));
        let mut value = json!({
            "id": self.id.to_string(),
            "kind": self.kind(),
            "name": self.name,
            "peer": peer,
            "members": self.members,
            "active": self.is_active,
            "leaving": self.is_leaving,
            "epoch": self.epoch,
            "last_message_at": self.last_message_at.map(|at| at.to_string()),
        });
        if let Some(message) = self.message {
            value["message_id"] = json!(message.to_string());
        }
        value
    }
}

/// Conversations under one another.
pub(crate) fn conversation_table(list: &[ConversationView], style: Style) -> String {
    if list.is_empty() {
        return style.faint("no conversations yet");
    }
    let ids: Vec<String> = list.iter().map(|view| view.id.to_string()).collect();
    let digits = distinct_digits(&ids);
    let titles: Vec<String> = list.iter().map(|view| short(&view.title(), NAME_LENGTH.max(42))).collect();
    let width = titles.iter().map(|title| title.chars().count()).max().unwrap_or_default().max(4);
    let head = format!("{:<digits$}  KIND   {:<width$}  MEMBERS  LAST MESSAGE", "ID", "NAME");
    let mut lines = vec![style.heading(&head)];
    for ((view, id), title) in list.iter().zip(&ids).zip(&titles) {
        let last = match (view.is_active, view.is_leaving, view.last_message_at) {
            (false, _, _) => "no longer a member".to_owned(),
            (true, true, _) => "you are leaving".to_owned(),
            (true, false, Some(at)) => time(at),
            (true, false, None) => "none".to_owned(),
        };
        let id: String = id.chars().take(digits).collect();
        let padding = " ".repeat(width.saturating_sub(title.chars().count()));
        let (title, last) = (style.name(title), style.faint(&last));
        lines.push(format!("{id}  {:<5}  {title}{padding}  {:<7}  {last}", view.kind(), view.members));
    }
    lines.join("\n")
}

/// How many digits tell these ids apart.
fn distinct_digits(ids: &[String]) -> usize {
    let longest = ids.iter().map(String::len).max().unwrap_or_default();
    (ID_DIGITS..longest)
        .find(|digits| {
            let mut starts: Vec<&str> = ids.iter().filter_map(|id| id.get(..*digits)).collect();
            starts.sort_unstable();
            starts.windows(2).all(|pair| pair.first() != pair.last())
        })
        .unwrap_or(longest)
}

/// A member of a conversation.
pub(crate) struct MemberView {
    pub(crate) inbox_id: InboxId,
    pub(crate) address: Option<String>,
    pub(crate) installations: usize,
    pub(crate) role: Role,
    pub(crate) is_own: bool,
}

impl MemberView {
    /// All members of a conversation.
    pub(crate) async fn all(conversation: &Conversation, people: &People) -> Result<Vec<Self>, CliError> {
        let mut views = Vec::new();
        for member in conversation.members().await? {
            views.push(Self {
                inbox_id: member.inbox_id,
                address: people.address(member.inbox_id).await?,
                installations: member.installations.len(),
                role: member.role,
                is_own: people.is_own(member.inbox_id),
            });
        }
        Ok(views)
    }

    fn role(&self) -> &'static str {
        match self.role {
            Role::SuperAdmin => "super admin",
            Role::Admin => "admin",
            Role::Member => "member",
        }
    }
}

impl Show for MemberView {
    fn text(&self, style: Style) -> String {
        let who = self.address.clone().unwrap_or_else(|| format!("inbox {}", self.inbox_id));
        let you = if self.is_own { " (you)" } else { "" };
        let devices = match self.installations {
            1 => String::new(),
            count => format!(", {count} devices"),
        };
        format!("{}{you}{}", style.name(&who), style.faint(&format!("  {}{devices}", self.role())))
    }

    fn json(&self) -> Value {
        json!({
            "inbox_id": self.inbox_id.to_string(),
            "address": self.address,
            "installations": self.installations,
            "role": self.role().replace(' ', "_"),
            "me": self.is_own,
        })
    }
}
