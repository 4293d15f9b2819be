//! What a conversation is, as its members agree on it.

use std::collections::BTreeSet;

use hexmtp_domain::group::mutable_metadata::Disappearing;
use hexmtp_domain::group::{ConversationKind, GroupContext, PolicySet};
use hexmtp_domain::{Epoch, EpochAuthenticator, InboxId, Timestamp};
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{CommitLogRecord, ConversationRecord};

use super::Conversation;
use crate::error::SyncError;
use crate::group;

impl Conversation {
    /// All that is stored about it.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails or does not know it any more.
    pub async fn record(&self) -> Result<ConversationRecord, SyncError> {
        group::load(&self.context, self.id).await
    }

    /// The state that its members agree on.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn group_context(&self) -> Result<GroupContext, SyncError> {
        Ok(GroupContext::parse(&self.record().await?.extensions)?)
    }

    /// What it is called; empty for a DM.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn name(&self) -> Result<String, SyncError> {
        Ok(self.group_context().await?.mutable.name().to_owned())
    }

    /// Its description; empty when there is none.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn description(&self) -> Result<String, SyncError> {
        Ok(self.group_context().await?.mutable.description().to_owned())
    }

    /// The address of its square picture; empty when there is none.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn image_url(&self) -> Result<String, SyncError> {
        Ok(self.group_context().await?.mutable.image_url().to_owned())
    }

    /// The text that applications keep with it; empty when there is none.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn app_data(&self) -> Result<String, SyncError> {
        Ok(self.group_context().await?.mutable.app_data().to_owned())
    }

    /// Since when and after how long messages disappear; `None` when they stay. Of a DM the group counts that is
    /// written to.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn disappearing(&self) -> Result<Option<Disappearing>, SyncError> {
        let id = group::writable_of(&self.context, self.id).await?;
        let record = group::load(&self.context, id).await?;
        Ok(GroupContext::parse(&record.extensions)?.mutable.disappearing())
    }

    /// Its admins; those that are super admins beside are among them.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn admins(&self) -> Result<BTreeSet<InboxId>, SyncError> {
        Ok(self.group_context().await?.mutable.admins.inboxes)
    }

    /// Its super admins.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn super_admins(&self) -> Result<BTreeSet<InboxId>, SyncError> {
        Ok(self.group_context().await?.mutable.super_admins.inboxes)
    }

    /// Who may do what. [`PolicySet::preset`] tells whether it is one of the usual sets.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn permissions(&self) -> Result<PolicySet, SyncError> {
        Ok(self.group_context().await?.permissions)
    }

    /// The inbox that created it.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn creator(&self) -> Result<InboxId, SyncError> {
        Ok(self.record().await?.creator)
    }

    /// The inbox that added this installation; the own one for what it created itself.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn added_by(&self) -> Result<InboxId, SyncError> {
        Ok(self.record().await?.added_by)
    }

    /// When this installation created or joined it.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn created_at(&self) -> Result<Timestamp, SyncError> {
        Ok(self.record().await?.created_at)
    }

    /// The epoch of its MLS group, as far as this installation has read.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn epoch(&self) -> Result<Epoch, SyncError> {
        Ok(self.record().await?.epoch)
    }

    /// By which members can tell that they are in the same epoch of the same history (RFC 9420 section 8.7).
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn epoch_authenticator(&self) -> Result<EpochAuthenticator, SyncError> {
        Ok(self.record().await?.authenticator)
    }

    /// Whether it is a group or a DM.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn kind(&self) -> Result<ConversationKind, SyncError> {
        Ok(self.record().await?.kind)
    }

    /// Whether this installation is a member.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn is_active(&self) -> Result<bool, SyncError> {
        Ok(self.record().await?.membership != MembershipState::Removed)
    }

    /// The protocol version that it asks for, while this client claims a lower one and can only read what it has
    /// (PROTOCOL.md 4.5).
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn paused_for(&self) -> Result<Option<String>, SyncError> {
        let paused = self.record().await?.paused_for;
        Ok(paused.filter(|minimum| !self.context.claimed_version.supports(minimum)))
    }

    /// The other side of a DM; `None` for a group.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn dm_peer(&self) -> Result<Option<InboxId>, SyncError> {
        let pair = self.record().await?.dm_pair;
        Ok(pair.map(|(one, two)| if one == self.context.inbox_id { two } else { one }))
    }

    /// What this installation made of each commit of the group, oldest first.
    ///
    /// # Errors
    /// [`SyncError`] when the store fails.
    pub async fn commit_log(&self) -> Result<Vec<CommitLogRecord>, SyncError> {
        Ok(self.context.store.commit_log(self.id).await?)
    }
}
