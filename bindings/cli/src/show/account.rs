//! Who one is, who can be reached, and what a sync did.

use std::path::PathBuf;

use hexmtp::SyncSummary;
use hexmtp::domain::identity::EthereumAddress;
use hexmtp::domain::{InboxId, InstallationId};
use serde_json::{Value, json};

use crate::output::Show;
use crate::style::Style;

/// An account on this machine.
pub(crate) struct Account {
    /// What just happened to it, if anything did.
    pub(crate) news: Option<&'static str>,
    pub(crate) profile: String,
    pub(crate) address: Option<EthereumAddress>,
    pub(crate) inbox_id: InboxId,
    pub(crate) installation_id: InstallationId,
    pub(crate) url: String,
    pub(crate) key_store: &'static str,
    pub(crate) folder: PathBuf,
    /// How many conversations are stored, where that was counted.
    pub(crate) conversations: Option<usize>,
}

impl Show for Account {
    fn text(&self, style: Style) -> String {
        let key_store = match self.key_store {
            "os" => "the keychain of the operating system",
            _ => "files that only you can read",
        };
        let mut lines: Vec<(&str, String)> = Vec::new();
        if let Some(address) = self.address {
            lines.push(("address", style.name(&address.to_string())));
        }
        lines.push(("inbox", self.inbox_id.to_string()));
        lines.push(("installation", self.installation_id.to_string()));
        lines.push(("server", self.url.clone()));
        lines.push(("profile", format!("{} ({})", self.profile, self.folder.display())));
        lines.push(("keys", key_store.to_owned()));
        if let Some(count) = self.conversations {
            lines.push(("conversations", count.to_string()));
        }
        let mut text = self.news.map(|news| format!("{}\n", style.good(news))).unwrap_or_default();
        let lines =
            lines.iter().map(|(name, value)| format!("{}  {value}", style.faint(&format!("{name:<13}"))));
        text.push_str(&lines.collect::<Vec<_>>().join("\n"));
        text
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "profile": self.profile,
            "address": self.address.map(|address| address.to_string()),
            "inbox_id": self.inbox_id.to_string(),
            "installation_id": self.installation_id.to_string(),
            "url": self.url,
            "key_store": self.key_store,
            "folder": self.folder,
        });
        if let Some(count) = self.conversations {
            value["conversations"] = json!(count);
        }
        value
    }
}

/// Whether somebody can be messaged.
pub(crate) struct Reach {
    pub(crate) address: EthereumAddress,
    pub(crate) can_message: bool,
}

impl Show for Reach {
    fn text(&self, style: Style) -> String {
        let answer = if self.can_message { style.good("yes") } else { style.faint("no") };
        format!("{}  {answer}", self.address)
    }

    fn json(&self) -> Value {
        json!({"address": self.address.to_string(), "can_message": self.can_message})
    }
}

/// What a sync did.
pub(crate) struct Synced(pub(crate) SyncSummary);

impl Show for Synced {
    fn text(&self, _: Style) -> String {
        let SyncSummary { joined, synced, failed } = self.0;
        let plural = |count: usize| if count == 1 { "conversation" } else { "conversations" };
        let mut text = format!("{joined} {} joined, {synced} with news", plural(joined));
        if failed > 0 {
            text.push_str(&format!(", {failed} not read to their end"));
        }
        text
    }

    fn json(&self) -> Value {
        let SyncSummary { joined, synced, failed } = self.0;
        json!({"joined": joined, "synced": synced, "failed": failed})
    }
}
