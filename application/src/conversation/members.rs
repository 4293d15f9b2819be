//! Who is in a conversation, and who may do what.

use std::collections::BTreeSet;

use hexmtp_domain::group::GroupContext;
use hexmtp_domain::group::mutable_metadata::Role;
use hexmtp_domain::group::permissions::PolicyChange;
use hexmtp_domain::group::role_change::{RoleChange, RoleChangeKind};
use hexmtp_domain::identity::Identifier;
use hexmtp_domain::{InboxId, InstallationId, SequenceId};

use super::Conversation;
use crate::error::{ChangeError, SyncError};
use crate::{group, identity, inbound};

/// A member of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The inbox.
    pub inbox_id: InboxId,
    /// Its installations that are in the group.
    pub installations: Vec<InstallationId>,
    /// The sequence id of its identity log at which its installations were last compared.
    pub sequence_id: SequenceId,
    /// What it may do.
    pub role: Role,
}

impl Conversation {
    /// Its members in the order of their inbox ids.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn members(&self) -> Result<Vec<Member>, SyncError> {
        let record = self.record().await?;
        let context = GroupContext::parse(&record.extensions)?;
        let installations_of = |inbox_id: InboxId| {
            let leaves = record.members.iter().filter(move |leaf| leaf.inbox_id == inbox_id);
            leaves.map(|leaf| leaf.installation_id).collect()
        };
        let members = context.membership.members.iter();
        Ok(members
            .map(|(inbox_id, sequence_id)| Member {
                inbox_id: *inbox_id,
                installations: installations_of(*inbox_id),
                sequence_id: *sequence_id,
                role: context.mutable.role(*inbox_id),
            })
            .collect())
    }

    /// Adds inboxes with all their installations. Those that are members already are passed over.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn add_members(&self, inboxes: &[InboxId]) -> Result<(), ChangeError> {
        group::add_members(&self.context, self.id, inboxes).await
    }

    /// Adds the inboxes that these identifiers belong to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none; nobody is added then.
    pub async fn add_members_by_identifier(&self, identifiers: &[Identifier]) -> Result<(), ChangeError> {
        let inboxes = identity::inbox_ids(&self.context, identifiers).await?;
        self.add_members(&inboxes).await
    }

    /// Removes inboxes with all their installations. Those that are no members are passed over.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn remove_members(&self, inboxes: &[InboxId]) -> Result<(), ChangeError> {
        group::remove_members(&self.context, self.id, inboxes).await
    }

    /// Removes the inboxes that these identifiers belong to.
    ///
    /// # Errors
    /// [`ChangeError::UnknownIdentifiers`] names those that belong to none; nobody is removed then.
    pub async fn remove_members_by_identifier(&self, identifiers: &[Identifier]) -> Result<(), ChangeError> {
        let inboxes = identity::inbox_ids(&self.context, identifiers).await?;
        self.remove_members(&inboxes).await
    }

    /// Adds new installations of the members and removes revoked ones, now and not at the next occasion.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn update_installations(&self) -> Result<(), ChangeError> {
        inbound::sync_and_follow(&self.context, self.id).await.map(|_| ())
    }

    /// Asks to be removed from the group. From then on this inbox reads on and sends nothing more, until a super
    /// admin's client commits the removal (PROTOCOL.md 4.7). It cannot be taken back; to ask again changes nothing.
    ///
    /// # Errors
    /// [`ChangeError::CannotLeave`] for a DM, the last member, and super admins, who have to resign first.
    pub async fn leave(&self) -> Result<(), ChangeError> {
        group::leave(&self.context, self.id).await
    }

    /// Whether this inbox has asked to leave and is still a member.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn is_leaving(&self) -> Result<bool, SyncError> {
        Ok(group::is_leaving(&self.context, &self.record().await?))
    }

    /// The members that have asked to leave and are still to be removed.
    ///
    /// # Errors
    /// [`SyncError`] when it cannot be read.
    pub async fn pending_removals(&self) -> Result<BTreeSet<InboxId>, SyncError> {
        let record = self.record().await?;
        let members = GroupContext::parse(&record.extensions)?.membership.members;
        Ok(record.pending_removals.into_iter().filter(|inbox_id| members.contains_key(inbox_id)).collect())
    }

    /// Makes a member an admin.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when the policies do not let this inbox, [`ChangeError::NotPermitted`] in a DM and
    /// for an inbox that is no member.
    pub async fn add_admin(&self, inbox_id: InboxId) -> Result<(), ChangeError> {
        self.change_role(RoleChangeKind::AddAdmin, inbox_id).await
    }

    /// Makes an admin an ordinary member.
    ///
    /// # Errors
    /// As [`Conversation::add_admin`].
    pub async fn remove_admin(&self, inbox_id: InboxId) -> Result<(), ChangeError> {
        self.change_role(RoleChangeKind::RemoveAdmin, inbox_id).await
    }

    /// Makes a member a super admin. Only super admins may, and only they themselves can undo it.
    ///
    /// # Errors
    /// As [`Conversation::add_admin`].
    pub async fn add_super_admin(&self, inbox_id: InboxId) -> Result<(), ChangeError> {
        self.change_role(RoleChangeKind::AddSuperAdmin, inbox_id).await
    }

    /// Takes the role of super admin away, perhaps from oneself. The last one keeps it.
    ///
    /// # Errors
    /// As [`Conversation::add_admin`].
    pub async fn remove_super_admin(&self, inbox_id: InboxId) -> Result<(), ChangeError> {
        self.change_role(RoleChangeKind::RemoveSuperAdmin, inbox_id).await
    }

    async fn change_role(&self, kind: RoleChangeKind, inbox_id: InboxId) -> Result<(), ChangeError> {
        group::update_roles(&self.context, self.id, RoleChange { kind, inbox_id }).await
    }

    /// Changes one policy. Only super admins may.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when this inbox may not, [`ChangeError::NotPermitted`] in a DM.
    pub async fn update_permission(&self, change: PolicyChange) -> Result<(), ChangeError> {
        group::update_policy(&self.context, self.id, change).await
    }
}
