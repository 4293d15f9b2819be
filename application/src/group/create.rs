//! New conversations.

use std::collections::BTreeMap;

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::group::context::{GroupContext, GroupDraft};
use hexmtp_domain::group::mutable_metadata::{self, Disappearing};
use hexmtp_domain::group::permissions::PolicySet;
use hexmtp_domain::intent::Intent;
use hexmtp_domain::{GroupId, InboxId, SequenceId};
use hexmtp_ports::mls::{GroupParams, Keep};
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{CommitLogRecord, CommitOutcome, RowChange, Scope};

use crate::context::Context;
use crate::error::ChangeError;
use crate::group::metadata::ensure_valid;
use crate::group::record::{ensure_not_revoked, initial_consent};
use crate::group::{ensure_writable, load, new_record};
use crate::identity::refresh;
use crate::outbound::{new_intent, settle};
use crate::unit::Unit;

/// Who may do what in a new group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GroupPermissions {
    /// Every member may add members and change the metadata; admins remove.
    #[default]
    AllMembers,
    /// Only admins may change anything.
    AdminsOnly,
    /// A policy set of one's own.
    Custom(PolicySet),
}

/// What a new group starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupOptions {
    /// Its name; at most 100 bytes.
    pub name: String,
    /// Its description; at most 1000 bytes.
    pub description: String,
    /// The address of its square picture; at most 2048 bytes.
    pub image_url: String,
    /// Free text for applications; at most 8192 bytes.
    pub app_data: String,
    /// Since when and after how long messages disappear; `None` for never.
    pub disappearing: Option<Disappearing>,
    /// Who may do what.
    pub permissions: GroupPermissions,
}

/// Creates a group with the given inboxes beside the own one.
pub(crate) async fn create_group(
    context: &Context,
    options: GroupOptions,
    members: &[InboxId],
) -> Result<GroupId, ChangeError> {
    ensure_valid(options.disappearing)?;
    let attributes = [
        (mutable_metadata::GROUP_NAME, options.name),
        (mutable_metadata::DESCRIPTION, options.description),
        (mutable_metadata::IMAGE_URL, options.image_url),
        (mutable_metadata::APP_DATA, options.app_data),
    ];
    let disappearing = options.disappearing.into_iter().flat_map(Disappearing::attributes);
    let permissions = match options.permissions {
        GroupPermissions::AllMembers => PolicySet::all_members(),
        GroupPermissions::AdminsOnly => PolicySet::admins_only(),
        GroupPermissions::Custom(permissions) => permissions,
    };
    let draft = GroupDraft {
        creator: context.inbox_id,
        attributes: attributes
            .into_iter()
            .chain(disappearing)
            .map(|(field, value)| (field.to_owned(), value))
            .collect(),
        permissions,
        commit_log_signer: context.random()?,
    };
    create(context, GroupContext::initial_group(draft)?, members).await
}

/// The direct conversation with an inbox: the most recently active one, or a new one.
pub(crate) async fn create_or_find_dm(context: &Context, peer: InboxId) -> Result<GroupId, ChangeError> {
    if peer == context.inbox_id {
        return Err(ChangeError::DmWithOneself);
    }
    let pair = hexmtp_domain::group::dm::dm_pair(context.inbox_id, peer);
    let existing = context.store.dm_groups(pair).await?;
    let writable = existing.iter().find(|dm| ensure_writable(context, dm).is_ok());
    if let Some(dm) =
        writable.or_else(|| existing.iter().find(|dm| dm.membership != MembershipState::Removed))
    {
        return Ok(dm.id);
    }
    let extensions = GroupContext::initial_dm(context.inbox_id, peer, context.random()?)?;
    create(context, extensions, &[peer]).await
}

/// Refuses inboxes that the network does not know, before anything is stored.
pub(crate) async fn ensure_known(context: &Context, inboxes: &[InboxId]) -> Result<(), ChangeError> {
    let latest: BTreeMap<InboxId, SequenceId> = refresh(context, inboxes).await?;
    let unknown: Vec<InboxId> = inboxes
        .iter()
        .copied()
        .filter(|inbox_id| latest.get(inbox_id).copied().unwrap_or_default() == SequenceId::default())
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(ChangeError::UnknownInboxes(unknown)) }
}

/// Stores the new group with the intent to add its members, and carries that out. The first commit is made
/// even for a group of one: it raises the creator's own entry and brings in the creator's other installations.
async fn create(
    context: &Context,
    extensions: Vec<RawExtension>,
    members: &[InboxId],
) -> Result<GroupId, ChangeError> {
    ensure_not_revoked(context)?;
    ensure_known(context, members).await?;
    let group_id = context.random_group_id()?;
    let scope = Scope::Group(group_id);
    let mut unit = Unit::load(context, &[scope]).await?;
    let params = GroupParams { key: &context.key, inbox_id: context.inbox_id, group_id, extensions };
    let mut session = context.mls.create_group(params)?;
    let state = session.state()?;
    let group = GroupContext::parse(&state.extensions)?;
    let mut record = new_record(context, state, &group, context.inbox_id);
    record.rotated_at = context.now();
    unit.change_mls(session.take_changes(Keep::All)?);
    unit.change(RowChange::AppendCommitLog(CommitLogRecord {
        group_id,
        sequence_id: SequenceId::default(),
        last_authenticator: None,
        outcome: CommitOutcome::Applied,
        epoch: record.epoch,
        authenticator: record.authenticator,
        committer: Some(context.key.id()),
    }));
    unit.change(RowChange::PutConversation(Box::new(record)));
    if let Some(consent) = initial_consent(context, group_id, true) {
        unit.change(consent);
    }
    let intent = Intent::UpdateMembership { add: members.to_vec(), remove: Vec::new() };
    let intent = new_intent(context, group_id, intent)?;
    let wanted = intent.id;
    unit.change(RowChange::InsertIntent(intent));
    unit.commit(context).await?;
    settle(context, group_id, &[wanted]).await?;
    load(context, group_id).await?;
    Ok(group_id)
}
