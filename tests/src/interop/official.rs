//! Clients of the official SDK, as scenarios use them.

use std::sync::Arc;

use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{GroupId, InboxId, InstallationId, MessageId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::official_state::{InboxState, OfficialMessage, State};
use super::official_store::OfficialStore;
use super::peer::Peer;
use super::wallet::Wallet;

/// A client of the official SDK.
#[derive(Clone)]
pub struct Official {
    inner: Arc<Inner>,
}

struct Inner {
    peer: &'static Peer,
    name: String,
    wallet: Wallet,
    inbox_id: InboxId,
    installation_id: InstallationId,
    store: Option<OfficialStore>,
}

/// Takes text of the official side apart.
fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("an id, not {value}"))
}

fn typed<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the peer's answer")
}

impl Official {
    /// A client that the peer has just opened under this name.
    pub(super) fn opened(
        (peer, name): (&'static Peer, String),
        wallet: Wallet,
        about: &Value,
        store: Option<OfficialStore>,
    ) -> Self {
        let (inbox_id, installation_id) = (parsed(&about["inbox"]), parsed(&about["installation"]));
        Self { inner: Arc::new(Inner { peer, name, wallet, inbox_id, installation_id, store }) }
    }

    /// The inbox.
    #[must_use]
    pub fn inbox_id(&self) -> InboxId {
        self.inner.inbox_id
    }

    /// The installation.
    #[must_use]
    pub fn installation_id(&self) -> InstallationId {
        self.inner.installation_id
    }

    /// The wallet.
    #[must_use]
    pub fn wallet(&self) -> &Wallet {
        &self.inner.wallet
    }

    /// Its database, where it has a file.
    #[must_use]
    pub fn store(&self) -> Option<&OfficialStore> {
        self.inner.store.as_ref()
    }

    /// Has an operation of tests/interop/peer.mjs done; what the SDK refuses is `Err`.
    ///
    /// # Errors
    /// The SDK's error as text.
    pub async fn attempt(&self, op: &str, arguments: Value) -> Result<Value, String> {
        self.inner.peer.ask(&self.inner.name, op, arguments).await
    }

    /// Has an operation done that must succeed.
    ///
    /// # Panics
    /// When the SDK refuses it.
    pub async fn call(&self, op: &str, arguments: Value) -> Value {
        match self.attempt(op, arguments).await {
            Ok(result) => result,
            Err(error) => panic!("the official client {} cannot {op}: {error}", self.inner.name),
        }
    }

    /// For each identifier whether it has an inbox.
    pub async fn can_message(&self, identifiers: &[Identifier]) -> Vec<bool> {
        let addresses: Vec<String> = identifiers.iter().map(ToString::to_string).collect();
        typed(self.call("canMessage", json!({ "addresses": addresses })).await)
    }

    /// An inbox, asked from the network.
    pub async fn inbox_state(&self, inbox_id: InboxId) -> InboxState {
        typed(self.call("inboxState", json!({ "inbox": inbox_id.to_string() })).await)
    }

    /// Joins what it was added to.
    pub async fn sync(&self) {
        self.call("sync", json!({})).await;
    }

    /// Joins what it was added to, and reads all conversations with news.
    pub async fn sync_all(&self) {
        self.call("syncAll", json!({})).await;
    }

    /// The conversations that it lists.
    pub async fn list(&self) -> Vec<GroupId> {
        let ids: Vec<String> = typed(self.call("list", json!({})).await);
        ids.iter().map(|id| id.parse().expect("a group id")).collect()
    }

    /// Creates a group with options as tests/interop/groups.mjs takes them.
    pub async fn create_group(&self, members: &[InboxId], options: Value) -> OfficialConversation {
        let members: Vec<String> = members.iter().map(ToString::to_string).collect();
        let id = self.call("createGroup", json!({ "members": members, "options": options })).await;
        self.conversation(parsed(&id))
    }

    /// Creates or finds the DM with an inbox.
    pub async fn create_dm(&self, peer: InboxId) -> OfficialConversation {
        let id = self.call("createDm", json!({ "peer": peer.to_string() })).await;
        self.conversation(parsed(&id))
    }

    /// A conversation that it knows.
    #[must_use]
    pub fn conversation(&self, id: GroupId) -> OfficialConversation {
        OfficialConversation { client: self.clone(), id }
    }

    /// Joins what it was added to, which has to be this conversation among others, and reads it.
    ///
    /// # Panics
    /// When the conversation is not among them.
    pub async fn joined(&self, id: GroupId) -> OfficialConversation {
        self.sync().await;
        let conversation = self.conversation(id);
        // A listing would not do: it shows one group for all DMs with somebody.
        if let Err(error) = conversation.attempt("syncConversation", json!({})).await {
            panic!("the official client {} did not join: {error}", self.inner.name);
        }
        conversation
    }

    /// Opens a stream: `streamMessages`, `streamConversations`.
    pub async fn stream(&self, op: &str) -> mpsc::UnboundedReceiver<Value> {
        let name = format!("{}-{op}", self.inner.name);
        let values = self.inner.peer.listen(&name);
        self.call(op, json!({ "stream": name })).await;
        values
    }

    /// Closes the client; only its file is left.
    pub async fn close(&self) {
        self.call("close", json!({})).await;
    }

    /// Closes the client without waiting for it.
    pub(super) fn close_and_forget(&self) {
        self.inner.peer.post_and_forget(&self.inner.name, "close", json!({}));
    }
}

/// A conversation of an official client.
#[derive(Clone)]
pub struct OfficialConversation {
    /// Whose view it is.
    pub client: Official,
    /// The MLS group.
    pub id: GroupId,
}

impl OfficialConversation {
    /// Has an operation of tests/interop/groups.mjs done; what the SDK refuses is `Err`.
    ///
    /// # Errors
    /// The SDK's error as text.
    pub async fn attempt(&self, op: &str, arguments: Value) -> Result<Value, String> {
        self.client.attempt(op, self.about(arguments)).await
    }

    /// Has an operation done that must succeed.
    pub async fn call(&self, op: &str, arguments: Value) -> Value {
        self.client.call(op, self.about(arguments)).await
    }

    fn about(&self, mut arguments: Value) -> Value {
        arguments["group"] = json!(self.id.to_string());
        arguments
    }

    /// Reads the log to its end.
    pub async fn sync(&self) {
        self.call("syncConversation", json!({})).await;
    }

    /// Everything about it but its messages.
    pub async fn state(&self) -> State {
        typed(self.call("state", json!({})).await)
    }

    /// Its messages as the SDK lists them.
    pub async fn messages(&self) -> Vec<OfficialMessage> {
        typed(self.call("messages", json!({})).await)
    }

    /// The texts among its messages in the order of the listing.
    pub async fn texts(&self) -> Vec<String> {
        self.messages().await.into_iter().filter(|one| one.application).filter_map(|one| one.text).collect()
    }

    /// Sends a text.
    pub async fn send(&self, text: &str) -> MessageId {
        parsed(&self.call("sendText", json!({ "text": text })).await)
    }

    /// Adds an inbox.
    pub async fn add(&self, inbox_id: InboxId) {
        self.call("addMembers", json!({ "inboxes": [inbox_id.to_string()] })).await;
    }

    /// Removes an inbox.
    pub async fn remove(&self, inbox_id: InboxId) {
        self.call("removeMembers", json!({ "inboxes": [inbox_id.to_string()] })).await;
    }

    /// Renames the group.
    pub async fn rename(&self, name: &str) {
        self.call("updateName", json!({ "value": name })).await;
    }
}
