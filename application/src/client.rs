//! The client: one installation of one inbox.

use std::collections::BTreeSet;
use std::sync::Arc;

use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::identity::{AssociationState, Identifier};
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_domain::{GroupId, InboxId, InstallationId};
use hexmtp_ports::signer::WalletSigner;
use hexmtp_ports::store::{ConversationFilter, FeedPosition, RejectedRecord};

use crate::context::{Context, Ports};
use crate::conversation::Conversation;
use crate::error::{ChangeError, IdentityError, InboxChangeError, RegisterError, SyncError};
use crate::group::{self, GroupOptions};
use crate::identity::{self, Registration};
use crate::inbound::{self, SyncSummary};
use crate::stream::{MessageStream, StreamScope, message_stream};

/// The nonce of new inboxes where the application names none: that of the official SDKs (FEATURES.md ID-02).
pub(crate) const DEFAULT_NONCE: u64 = 1;

/// Builds a client on a set of adapters.
pub struct ClientBuilder {
    ports: Ports,
    nonce: u64,
    claimed_version: ProtocolVersion,
}

impl ClientBuilder {
    /// The nonce of a new inbox, one by default as in the official SDKs. An inbox that exists keeps its own.
    #[must_use]
    pub const fn nonce(mut self, nonce: u64) -> Self {
        self.nonce = nonce;
        self
    }

    /// The protocol version that this client claims; [`ProtocolVersion::claimed`] by default. Claiming another
    /// one is for tests: it decides which groups are paused, and has to be what the software can do.
    #[must_use]
    pub fn claimed_version(mut self, version: ProtocolVersion) -> Self {
        self.claimed_version = version;
        self
    }

    /// Opens the installation of the store, and registers one with the signer where there is none. A
    /// registration that was interrupted is completed.
    ///
    /// # Errors
    /// [`RegisterError`]; [`RegisterError::Revoked`] for a store whose installation was revoked.
    pub async fn register(self, signer: &dyn WalletSigner) -> Result<Client, RegisterError> {
        let options = Registration { nonce: self.nonce, claimed_version: self.claimed_version };
        Ok(Client { context: identity::register(self.ports, signer, options).await? })
    }

    /// Opens the installation of the store without asking the network or a wallet.
    ///
    /// # Errors
    /// [`RegisterError::NotRegistered`] when the store holds none.
    pub async fn open(self) -> Result<Client, RegisterError> {
        Ok(Client { context: identity::open(self.ports, self.claimed_version).await? })
    }
}

/// One installation of one inbox. Cheap to clone; all clones work on the same state.
#[derive(Clone)]
pub struct Client {
    context: Context,
}

impl Client {
    /// A builder on these adapters.
    #[must_use]
    pub fn builder(ports: Ports) -> ClientBuilder {
        ClientBuilder { ports, nonce: DEFAULT_NONCE, claimed_version: ProtocolVersion::claimed() }
    }

    /// The inbox.
    #[must_use]
    pub fn inbox_id(&self) -> InboxId {
        self.context.inbox_id
    }

    /// The installation.
    #[must_use]
    pub fn installation_id(&self) -> InstallationId {
        self.context.key.id()
    }

    /// For each identifier, in the order asked, whether it belongs to an inbox.
    ///
    /// # Errors
    /// [`ChangeError`] when the network fails.
    pub async fn can_message(&self, identifiers: &[Identifier]) -> Result<Vec<bool>, ChangeError> {
        identity::can_message(&self.context, identifiers).await
    }

    /// The inbox of every identifier.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none.
    pub async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<InboxId>, ChangeError> {
        identity::inbox_ids(&self.context, identifiers).await
    }

    /// The latest association state of an inbox, from the network.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails, or the inbox's log cannot be folded.
    pub async fn inbox_state(&self, inbox_id: InboxId) -> Result<Arc<AssociationState>, IdentityError> {
        Ok(identity::latest_state(&self.context, inbox_id).await?.1)
    }

    /// Whether the own inbox has revoked this installation, as far as this device knows. A revoked one can read
    /// what it has; nobody takes anything from it, and others remove it from their conversations.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.context.standing.is_revoked()
    }

    /// Revokes installations of the own inbox, perhaps this one; those that are none are passed over. Members of
    /// its conversations, this client among them, remove them from there with the next sync or message.
    ///
    /// # Errors
    /// [`InboxChangeError::NotRecovery`] unless the signer is the inbox's recovery identifier.
    pub async fn revoke_installations(
        &self,
        signer: &dyn WalletSigner,
        installations: &[InstallationId],
    ) -> Result<(), InboxChangeError> {
        identity::revoke_installations(&self.context, signer, installations).await
    }

    /// Revokes all installations of the own inbox but this one.
    ///
    /// # Errors
    /// As [`Client::revoke_installations`].
    pub async fn revoke_all_other_installations(
        &self,
        signer: &dyn WalletSigner,
    ) -> Result<(), InboxChangeError> {
        identity::revoke_all_other_installations(&self.context, signer).await
    }

    /// Adds the signer's identifier to the own inbox: people who know it find this inbox from then on. This
    /// installation consents for the inbox, so no other wallet is asked.
    ///
    /// # Errors
    /// [`InboxChangeError::AccountTaken`] when it belongs to another inbox.
    pub async fn add_account(&self, signer: &dyn WalletSigner) -> Result<(), InboxChangeError> {
        identity::add_account(&self.context, signer).await
    }

    /// Creates a group with the given inboxes beside the own one.
    ///
    /// # Errors
    /// [`ChangeError`]. When the network fails after the group was stored, a later sync goes on with it.
    pub async fn create_group(
        &self,
        options: GroupOptions,
        members: &[InboxId],
    ) -> Result<Conversation, ChangeError> {
        let id = group::create_group(&self.context, options, members).await?;
        Ok(Conversation::new(&self.context, id))
    }

    /// Creates a group with the inboxes that these identifiers belong to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none; no group is created then.
    pub async fn create_group_by_identifier(
        &self,
        options: GroupOptions,
        members: &[Identifier],
    ) -> Result<Conversation, ChangeError> {
        let inboxes = self.inbox_ids(members).await?;
        self.create_group(options, &inboxes).await
    }

    /// The direct conversation with an inbox: the most recently active one, or a new one.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn create_or_find_dm(&self, peer: InboxId) -> Result<Conversation, ChangeError> {
        let id = group::create_or_find_dm(&self.context, peer).await?;
        Ok(Conversation::new(&self.context, id))
    }

    /// The direct conversation with the inbox that an identifier belongs to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] when it belongs to none.
    pub async fn create_or_find_dm_by_identifier(
        &self,
        peer: &Identifier,
    ) -> Result<Conversation, ChangeError> {
        let inboxes = self.inbox_ids(std::slice::from_ref(peer)).await?;
        match inboxes.first() {
            Some(inbox_id) => self.create_or_find_dm(*inbox_id).await,
            None => Err(ChangeError::UnknownIdentifiers(vec![peer.clone()])),
        }
    }

    /// A stored conversation.
    ///
    /// # Errors
    /// [`SyncError::UnknownConversation`] when there is none with this id.
    pub async fn conversation(&self, id: GroupId) -> Result<Conversation, SyncError> {
        group::load(&self.context, id).await?;
        Ok(Conversation::new(&self.context, id))
    }

    /// Stored conversations, the most recently active first. Without kinds in the filter, groups and DMs. Of
    /// several groups of one pair the most recently active one stands for the DM (PROTOCOL.md 4.8).
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn conversations(
        &self,
        mut filter: ConversationFilter,
    ) -> Result<Vec<Conversation>, SyncError> {
        if filter.kinds.is_empty() {
            filter.kinds = vec![ConversationKind::Group, ConversationKind::Dm];
        }
        // The limit counts what is shown: several groups of one pair are one conversation.
        let limit = filter.limit.take().unwrap_or(usize::MAX);
        let mut pairs = BTreeSet::new();
        let records = self.context.store.conversations(&filter).await?;
        Ok(records
            .into_iter()
            .filter(|record| record.dm_pair.is_none_or(|pair| pairs.insert(pair)))
            .take(limit)
            .map(|record| Conversation::new(&self.context, record.id))
            .collect())
    }

    /// Joins the conversations that this installation was added to. Gives how many there were.
    ///
    /// # Errors
    /// [`SyncError`]; what was joined before it stays joined.
    pub async fn sync_welcomes(&self) -> Result<usize, SyncError> {
        inbound::sync_welcomes(&self.context).await
    }

    /// Joins new conversations and brings every conversation with news up to date.
    ///
    /// # Errors
    /// [`ChangeError`] when the network or the store fails; single conversations that fail are counted.
    pub async fn sync_all(&self) -> Result<SyncSummary, ChangeError> {
        inbound::sync_all(&self.context).await
    }

    /// Messages of all conversations as they are stored from now on: those of others and the own ones, each
    /// once, in the order in which they are stored. A network subscription runs as long as a stream is open.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn stream_messages(&self) -> Result<MessageStream, SyncError> {
        let position = self.context.store.position().await?;
        Ok(self.stream_messages_from(position))
    }

    /// Messages stored after a position, such as that of the last message that was handled before a restart.
    #[must_use]
    pub fn stream_messages_from(&self, position: FeedPosition) -> MessageStream {
        message_stream(&self.context, StreamScope::All, position)
    }

    /// The envelopes that were refused, oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn rejected(&self, limit: usize) -> Result<Vec<RejectedRecord>, SyncError> {
        Ok(self.context.store.rejected(limit).await?)
    }

    /// Replaces this installation's key package.
    ///
    /// # Errors
    /// [`SyncError`] when the network or the store fails.
    pub async fn rotate_key_package(&self) -> Result<(), SyncError> {
        Ok(crate::key_package::rotate(&self.context).await?)
    }

    /// Lets go of the store. Every later call on any clone of this client fails, and streams end.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn close(&self) -> Result<(), SyncError> {
        Ok(self.context.store.close().await?)
    }
}
