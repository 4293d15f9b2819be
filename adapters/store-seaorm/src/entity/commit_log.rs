//! What this installation made of each commit.

use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId, InstallationId};
use hexmtp_ports::store::{CommitLogRecord, CommitOutcome, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{corrupt, from_sequence, from_u64, id, to_sequence, to_u64};
use crate::tenant::{FromRow, Owned, Tenant};

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "commit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: Vec<u8>,
    pub sequence_id: i64,
    pub last_authenticator: Option<Vec<u8>>,
    pub outcome: i16,
    pub epoch: i64,
    pub authenticator: Vec<u8>,
    pub committer: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The number of an outcome, as stored.
pub(crate) const fn outcome_number(outcome: CommitOutcome) -> i16 {
    match outcome {
        CommitOutcome::Applied => 1,
        CommitOutcome::WrongEpoch => 2,
        CommitOutcome::Undecryptable => 3,
        CommitOutcome::Invalid => 4,
    }
}

/// The outcome that a column of this name holds.
pub(crate) fn outcome(column: &str, number: i16) -> Result<CommitOutcome, StoreError> {
    Ok(match number {
        1 => CommitOutcome::Applied,
        2 => CommitOutcome::WrongEpoch,
        3 => CommitOutcome::Undecryptable,
        4 => CommitOutcome::Invalid,
        _ => return Err(corrupt(column)),
    })
}

/// The row of a record.
pub(crate) fn to_row(
    tenant: &Tenant,
    ordinal: i64,
    record: &CommitLogRecord,
) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        ordinal: Set(ordinal),
        group_id: Set(record.group_id.to_vec()),
        sequence_id: Set(from_sequence(record.sequence_id)?),
        last_authenticator: Set(record.last_authenticator.map(|authenticator| authenticator.to_vec())),
        outcome: Set(outcome_number(record.outcome)),
        epoch: Set(from_u64(record.epoch.0)?),
        authenticator: Set(record.authenticator.to_vec()),
        committer: Set(record.committer.map(|installation| installation.to_vec())),
    })
}

impl FromRow<Model> for CommitLogRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        let authenticator =
            |bytes: &[u8]| id("commit_log.authenticator", EpochAuthenticator::from_slice(bytes));
        let committer = |bytes: &[u8]| id("commit_log.committer", InstallationId::from_slice(bytes));
        Ok(Self {
            group_id: id("commit_log.group_id", GroupId::from_slice(&row.group_id))?,
            sequence_id: to_sequence("commit_log.sequence_id", row.sequence_id)?,
            last_authenticator: row.last_authenticator.as_deref().map(authenticator).transpose()?,
            outcome: outcome("commit_log.outcome", row.outcome)?,
            epoch: Epoch(to_u64("commit_log.epoch", row.epoch)?),
            authenticator: authenticator(&row.authenticator)?,
            committer: row.committer.as_deref().map(committer).transpose()?,
        })
    }
}
