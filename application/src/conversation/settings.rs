//! Changing what a conversation is called, how it looks, and how it behaves.

use hexmtp_domain::group::mutable_metadata::{self, Disappearing};
use hexmtp_domain::version::ProtocolVersion;

use super::Conversation;
use crate::error::ChangeError;
use crate::group;

impl Conversation {
    /// Renames the group; at most 100 bytes.
    ///
    /// # Errors
    /// [`ChangeError::TooLong`], [`ChangeError::Refused`] when the policies do not let this inbox,
    /// [`ChangeError::NotPermitted`] in a DM.
    pub async fn update_name(&self, name: &str) -> Result<(), ChangeError> {
        self.set(mutable_metadata::GROUP_NAME, name).await
    }

    /// Describes the group; at most 1000 bytes.
    ///
    /// # Errors
    /// As [`Conversation::update_name`].
    pub async fn update_description(&self, description: &str) -> Result<(), ChangeError> {
        self.set(mutable_metadata::DESCRIPTION, description).await
    }

    /// Says where the group's square picture is; at most 2048 bytes.
    ///
    /// # Errors
    /// As [`Conversation::update_name`].
    pub async fn update_image_url(&self, url: &str) -> Result<(), ChangeError> {
        self.set(mutable_metadata::IMAGE_URL, url).await
    }

    /// Replaces the text that applications keep with the group; at most 8192 bytes.
    ///
    /// # Errors
    /// As [`Conversation::update_name`].
    pub async fn update_app_data(&self, data: &str) -> Result<(), ChangeError> {
        self.set(mutable_metadata::APP_DATA, data).await
    }

    async fn set(&self, field: &str, value: &str) -> Result<(), ChangeError> {
        group::update_metadata(&self.context, self.id, field, value).await
    }

    /// Lets messages disappear, or stay, in a group or a DM. Both numbers change in one commit.
    ///
    /// # Errors
    /// [`ChangeError::NotPermitted`] unless both numbers are greater than zero, [`ChangeError::Refused`] when the
    /// policies do not let this inbox.
    pub async fn update_disappearing(&self, settings: Option<Disappearing>) -> Result<(), ChangeError> {
        let id = group::writable_of(&self.context, self.id).await?;
        group::update_disappearing(&self.context, id, settings).await
    }

    /// Asks all members for at least this protocol version. Those who claim a lower one are paused until they
    /// upgrade (PROTOCOL.md 4.5). Only super admins may.
    ///
    /// # Errors
    /// [`ChangeError::NotPermitted`] for a version above the own one or below the present floor.
    pub async fn require_version(&self, version: &ProtocolVersion) -> Result<(), ChangeError> {
        group::require_version(&self.context, self.id, version).await
    }
}
