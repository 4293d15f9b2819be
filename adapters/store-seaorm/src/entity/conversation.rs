//! Conversations.

use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId, InboxId, Timestamp};
use hexmtp_ports::store::{ConversationRecord, ForkStatus, MembershipState, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::blob;
use crate::convert::{corrupt, from_sequence, from_u64, id, text, to_sequence, to_u64};
use crate::tenant::{FromRow, Owned, Tenant};

/// A conversation. `active_at` is what lists are ordered by: the last message, else the creation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub kind: i16,
    pub dm_first: Option<Vec<u8>>,
    pub dm_second: Option<Vec<u8>>,
    pub created_at: i64,
    pub active_at: i64,
    pub creator: Vec<u8>,
    pub added_by: Vec<u8>,
    pub membership: i16,
    pub epoch: i64,
    pub authenticator: Vec<u8>,
    pub extensions: Vec<u8>,
    pub members: Vec<u8>,
    pub paused_for: Option<Vec<u8>>,
    pub needs_readd: Option<Vec<u8>>,
    pub rotated_at: i64,
    pub installations_checked_at: i64,
    pub welcome_sequence_id: Option<i64>,
    pub last_message_at: Option<i64>,
    pub pending_removals: Option<Vec<u8>>,
    pub publishes_commit_log: bool,
    pub commit_log_key: Option<Vec<u8>>,
    pub forked: Option<bool>,
    pub fork_suspicion: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The number of a kind, as stored.
pub(crate) const fn kind_number(kind: ConversationKind) -> i16 {
    match kind {
        ConversationKind::Group => 1,
        ConversationKind::Dm => 2,
        ConversationKind::Sync => 3,
        ConversationKind::Oneshot => 4,
    }
}

/// The number of a standing, as stored.
pub(crate) const fn membership_number(state: MembershipState) -> i16 {
    match state {
        MembershipState::Allowed => 1,
        MembershipState::Pending => 2,
        MembershipState::Removed => 3,
        MembershipState::Restored => 4,
    }
}

fn membership(number: i16) -> Result<MembershipState, StoreError> {
    Ok(match number {
        1 => MembershipState::Allowed,
        2 => MembershipState::Pending,
        3 => MembershipState::Removed,
        4 => MembershipState::Restored,
        _ => return Err(corrupt("conversations.membership")),
    })
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: ConversationRecord) -> Result<ActiveModel, StoreError> {
    let (dm_first, dm_second) = record.dm_pair.unzip();
    let extensions = blob::encode_extensions(&record.extensions)?;
    Ok(ActiveModel {
        installation: Set(tenant.id),
        id: Set(record.id.to_vec()),
        kind: Set(kind_number(record.kind)),
        dm_first: Set(dm_first.map(|inbox| inbox.to_vec())),
        dm_second: Set(dm_second.map(|inbox| inbox.to_vec())),
        created_at: Set(record.created_at.as_nanos()),
        active_at: Set(record.last_message_at.unwrap_or(record.created_at).as_nanos()),
        creator: Set(record.creator.to_vec()),
        added_by: Set(record.added_by.to_vec()),
        membership: Set(membership_number(record.membership)),
        epoch: Set(from_u64(record.epoch.0)?),
        authenticator: Set(record.authenticator.to_vec()),
        extensions: Set(tenant.seal("conversations.extensions", &[record.id.as_ref()], extensions)?),
        members: Set(blob::encode_members(&record.members)?),
        paused_for: Set(record.paused_for.map(String::into_bytes)),
        needs_readd: Set(record.needs_readd.map(String::into_bytes)),
        rotated_at: Set(record.rotated_at.as_nanos()),
        installations_checked_at: Set(record.installations_checked_at.as_nanos()),
        welcome_sequence_id: Set(record.welcome_sequence_id.map(from_sequence).transpose()?),
        last_message_at: Set(record.last_message_at.map(Timestamp::as_nanos)),
        pending_removals: Set(blob::encode_inboxes(&record.pending_removals)?),
        publishes_commit_log: Set(record.fork.publishes_commit_log),
        commit_log_key: Set(record.fork.commit_log_key),
        forked: Set(record.fork.forked),
        fork_suspicion: Set(record.fork.suspicion.map(String::into_bytes)),
    })
}

fn dm_pair(
    first: Option<Vec<u8>>,
    second: Option<Vec<u8>>,
) -> Result<Option<(InboxId, InboxId)>, StoreError> {
    match (first, second) {
        (None, None) => Ok(None),
        (Some(first), Some(second)) => Ok(Some((
            id("conversations.dm_first", InboxId::from_slice(&first))?,
            id("conversations.dm_second", InboxId::from_slice(&second))?,
        ))),
        _ => Err(corrupt("conversations.dm_second")),
    }
}

impl FromRow<Model> for ConversationRecord {
    fn from_row(tenant: &Tenant, row: Model) -> Result<Self, StoreError> {
        let extensions = tenant.open("conversations.extensions", &[&row.id], row.extensions)?;
        Ok(Self {
            id: id("conversations.id", GroupId::from_slice(&row.id))?,
            kind: ConversationKind::from_wire(row.kind.into())
                .ok_or_else(|| corrupt("conversations.kind"))?,
            dm_pair: dm_pair(row.dm_first, row.dm_second)?,
            created_at: Timestamp::from_nanos(row.created_at),
            creator: id("conversations.creator", InboxId::from_slice(&row.creator))?,
            added_by: id("conversations.added_by", InboxId::from_slice(&row.added_by))?,
            membership: membership(row.membership)?,
            epoch: Epoch(to_u64("conversations.epoch", row.epoch)?),
            authenticator: id(
                "conversations.authenticator",
                EpochAuthenticator::from_slice(&row.authenticator),
            )?,
            extensions: blob::decode_extensions(&extensions)?,
            members: blob::decode_members(&row.members)?,
            pending_removals: blob::decode_inboxes(
                "conversations.pending_removals",
                row.pending_removals.as_deref(),
            )?,
            paused_for: row.paused_for.map(|bytes| text("conversations.paused_for", bytes)).transpose()?,
            needs_readd: row.needs_readd.map(|bytes| text("conversations.needs_readd", bytes)).transpose()?,
            fork: ForkStatus {
                publishes_commit_log: row.publishes_commit_log,
                commit_log_key: row.commit_log_key,
                forked: row.forked,
                suspicion: row
                    .fork_suspicion
                    .map(|bytes| text("conversations.fork_suspicion", bytes))
                    .transpose()?,
            },
            rotated_at: Timestamp::from_nanos(row.rotated_at),
            installations_checked_at: Timestamp::from_nanos(row.installations_checked_at),
            welcome_sequence_id: row
                .welcome_sequence_id
                .map(|number| to_sequence("conversations.welcome_sequence_id", number))
                .transpose()?,
            last_message_at: row.last_message_at.map(Timestamp::from_nanos),
        })
    }
}
