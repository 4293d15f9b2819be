//! The stored form of intents: that of the reference for the kinds that it has.

use hexmtp_proto::xmtp::mls::database::{
    self as wire, AdminListUpdateType, PermissionPolicyOption, PermissionUpdateType,
};
use hexmtp_proto::xmtp::mls::message_contents::GroupMutableMetadataV1;
use prost::Message;
use thiserror::Error;

use super::Intent;
use crate::group::permissions::{AccessPolicy, PermissionsPolicy, PolicyChange};
use crate::group::role_change::{RoleChange, RoleChangeKind};

/// Kinds from here on are our own; the reference counts up from one.
const OWN_KINDS: i16 = 100;
const REMOVE_LEAVERS: i16 = OWN_KINDS;
const UPDATE_ATTRIBUTES: i16 = OWN_KINDS + 1;

/// Stored bytes do not describe an intent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("stored bytes do not describe an intent of kind {kind}")]
pub struct IntentDecodeError {
    /// The stored kind.
    pub kind: i16,
}

impl Intent {
    /// The number of the kind, as stored.
    #[must_use]
    pub const fn kind(&self) -> i16 {
        match self {
            Self::SendMessage { .. } => 1,
            Self::KeyUpdate => 2,
            Self::UpdateMetadata { .. } => 3,
            Self::UpdateMembership { .. } => 4,
            Self::UpdateRoles(_) => 5,
            Self::UpdatePolicy(_) => 6,
            Self::RemoveLeavers => REMOVE_LEAVERS,
            Self::UpdateAttributes { .. } => UPDATE_ATTRIBUTES,
        }
    }

    /// The intent's data as stored beside its kind.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::SendMessage { envelope } => {
                let v1 = wire::send_message_data::V1 { payload_bytes: envelope.clone() };
                let version = Some(wire::send_message_data::Version::V1(v1));
                wire::SendMessageData { version }.encode_to_vec()
            }
            Self::KeyUpdate | Self::RemoveLeavers => Vec::new(),
            Self::UpdateMetadata { field, value } => {
                let v1 = wire::update_metadata_data::V1 {
                    field_name: field.clone(),
                    field_value: value.clone(),
                    expected_field_value: None,
                };
                let version = Some(wire::update_metadata_data::Version::V1(v1));
                wire::UpdateMetadataData { version }.encode_to_vec()
            }
            Self::UpdateMembership { add, remove } => {
                let v1 = wire::update_group_membership_data::V1 {
                    membership_updates: add.iter().map(|inbox| (inbox.to_string(), 0)).collect(),
                    removed_members: remove.iter().map(ToString::to_string).collect(),
                    failed_installations: Vec::new(),
                };
                let version = Some(wire::update_group_membership_data::Version::V1(v1));
                wire::UpdateGroupMembershipData { version }.encode_to_vec()
            }
            Self::UpdateRoles(change) => wire::UpdateAdminListsData::from(change).encode_to_vec(),
            Self::UpdatePolicy(change) => wire::UpdatePermissionData::from(change).encode_to_vec(),
            Self::UpdateAttributes { values } => {
                let attributes = values.clone();
                GroupMutableMetadataV1 { attributes, admin_list: None, super_admin_list: None }
                    .encode_to_vec()
            }
        }
    }

    /// Reads what [`Intent::kind`] and [`Intent::encode`] gave.
    ///
    /// # Errors
    /// [`IntentDecodeError`] for an unknown kind or malformed data.
    pub fn decode(kind: i16, data: &[u8]) -> Result<Self, IntentDecodeError> {
        let read = match kind {
            1 => send_message(data),
            2 if data.is_empty() => Some(Self::KeyUpdate),
            3 => update_metadata(data),
            4 => update_membership(data),
            5 => message(data).and_then(role_change).map(Self::UpdateRoles),
            6 => message(data).and_then(policy_change).map(Self::UpdatePolicy),
            REMOVE_LEAVERS if data.is_empty() => Some(Self::RemoveLeavers),
            UPDATE_ATTRIBUTES => message(data)
                .map(|GroupMutableMetadataV1 { attributes: values, .. }| Self::UpdateAttributes { values }),
            _ => None,
        };
        read.ok_or(IntentDecodeError { kind })
    }
}

fn message<M: Message + Default>(data: &[u8]) -> Option<M> {
    M::decode(data).ok()
}

fn send_message(data: &[u8]) -> Option<Intent> {
    let wire::send_message_data::Version::V1(v1) = message::<wire::SendMessageData>(data)?.version?;
    Some(Intent::SendMessage { envelope: v1.payload_bytes })
}

fn update_metadata(data: &[u8]) -> Option<Intent> {
    let wire::update_metadata_data::Version::V1(v1) = message::<wire::UpdateMetadataData>(data)?.version?;
    Some(Intent::UpdateMetadata { field: v1.field_name, value: v1.field_value })
}

fn update_membership(data: &[u8]) -> Option<Intent> {
    let data = message::<wire::UpdateGroupMembershipData>(data)?;
    let wire::update_group_membership_data::Version::V1(v1) = data.version?;
    let add = v1.membership_updates.keys().map(|id| id.parse().ok()).collect::<Option<_>>()?;
    let remove = v1.removed_members.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?;
    Some(Intent::UpdateMembership { add, remove })
}

impl From<&RoleChange> for wire::UpdateAdminListsData {
    fn from(change: &RoleChange) -> Self {
        let kind = match change.kind {
            RoleChangeKind::AddAdmin => AdminListUpdateType::AddAdmin,
            RoleChangeKind::RemoveAdmin => AdminListUpdateType::RemoveAdmin,
            RoleChangeKind::AddSuperAdmin => AdminListUpdateType::AddSuperAdmin,
            RoleChangeKind::RemoveSuperAdmin => AdminListUpdateType::RemoveSuperAdmin,
        };
        let v1 = wire::update_admin_lists_data::V1 {
            admin_list_update_type: kind.into(),
            inbox_id: change.inbox_id.to_string(),
        };
        Self { version: Some(wire::update_admin_lists_data::Version::V1(v1)) }
    }
}

fn role_change(data: wire::UpdateAdminListsData) -> Option<RoleChange> {
    let wire::update_admin_lists_data::Version::V1(v1) = data.version?;
    let kind = match v1.admin_list_update_type() {
        AdminListUpdateType::AddAdmin => RoleChangeKind::AddAdmin,
        AdminListUpdateType::RemoveAdmin => RoleChangeKind::RemoveAdmin,
        AdminListUpdateType::AddSuperAdmin => RoleChangeKind::AddSuperAdmin,
        AdminListUpdateType::RemoveSuperAdmin => RoleChangeKind::RemoveSuperAdmin,
        AdminListUpdateType::Unspecified => return None,
    };
    Some(RoleChange { kind, inbox_id: v1.inbox_id.parse().ok()? })
}

impl From<&PolicyChange> for wire::UpdatePermissionData {
    fn from(change: &PolicyChange) -> Self {
        let (kind, option, field) = match change {
            PolicyChange::AddMember(policy) => (PermissionUpdateType::AddMember, (*policy).into(), None),
            PolicyChange::RemoveMember(policy) => {
                (PermissionUpdateType::RemoveMember, (*policy).into(), None)
            }
            PolicyChange::AddAdmin(policy) => (PermissionUpdateType::AddAdmin, (*policy).into(), None),
            PolicyChange::RemoveAdmin(policy) => (PermissionUpdateType::RemoveAdmin, (*policy).into(), None),
            PolicyChange::UpdateMetadata { field, policy } => {
                (PermissionUpdateType::UpdateMetadata, (*policy).into(), Some(field.clone()))
            }
        };
        let option: PermissionPolicyOption = option;
        let v1 = wire::update_permission_data::V1 {
            permission_update_type: kind.into(),
            permission_policy_option: option.into(),
            metadata_field_name: field,
        };
        Self { version: Some(wire::update_permission_data::Version::V1(v1)) }
    }
}

fn policy_change(data: wire::UpdatePermissionData) -> Option<PolicyChange> {
    let wire::update_permission_data::Version::V1(v1) = data.version?;
    let option = v1.permission_policy_option();
    Some(match v1.permission_update_type() {
        PermissionUpdateType::AddMember => PolicyChange::AddMember(access(option)?),
        PermissionUpdateType::RemoveMember => PolicyChange::RemoveMember(access(option)?),
        PermissionUpdateType::AddAdmin => PolicyChange::AddAdmin(permissions(option)?),
        PermissionUpdateType::RemoveAdmin => PolicyChange::RemoveAdmin(permissions(option)?),
        PermissionUpdateType::UpdateMetadata => {
            PolicyChange::UpdateMetadata { policy: access(option)?, field: v1.metadata_field_name? }
        }
        PermissionUpdateType::Unspecified => return None,
    })
}

impl From<AccessPolicy> for PermissionPolicyOption {
    fn from(policy: AccessPolicy) -> Self {
        match policy {
            AccessPolicy::Allow => Self::Allow,
            AccessPolicy::Deny => Self::Deny,
            AccessPolicy::Admin => Self::AdminOnly,
            AccessPolicy::SuperAdmin => Self::SuperAdminOnly,
        }
    }
}

impl From<PermissionsPolicy> for PermissionPolicyOption {
    fn from(policy: PermissionsPolicy) -> Self {
        match policy {
            PermissionsPolicy::Deny => Self::Deny,
            PermissionsPolicy::Admin => Self::AdminOnly,
            PermissionsPolicy::SuperAdmin => Self::SuperAdminOnly,
        }
    }
}

const fn access(option: PermissionPolicyOption) -> Option<AccessPolicy> {
    Some(match option {
        PermissionPolicyOption::Allow => AccessPolicy::Allow,
        PermissionPolicyOption::Deny => AccessPolicy::Deny,
        PermissionPolicyOption::AdminOnly => AccessPolicy::Admin,
        PermissionPolicyOption::SuperAdminOnly => AccessPolicy::SuperAdmin,
        PermissionPolicyOption::Unspecified => return None,
    })
}

/// The change of admins and policies cannot be open to everybody.
const fn permissions(option: PermissionPolicyOption) -> Option<PermissionsPolicy> {
    Some(match option {
        PermissionPolicyOption::Deny => PermissionsPolicy::Deny,
        PermissionPolicyOption::AdminOnly => PermissionsPolicy::Admin,
        PermissionPolicyOption::SuperAdminOnly => PermissionsPolicy::SuperAdmin,
        PermissionPolicyOption::Allow | PermissionPolicyOption::Unspecified => return None,
    })
}
