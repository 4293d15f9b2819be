//! Verified entries of the commit logs on the network.

use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId};
use hexmtp_ports::store::{RemoteCommitLogRecord, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::{from_sequence, from_u64, id, to_sequence, to_u64};
use crate::entity::commit_log::{outcome, outcome_number};
use crate::tenant::{FromRow, Owned, Tenant};

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "remote_commit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_sequence_id: i64,
    pub commit_sequence_id: i64,
    pub outcome: i16,
    pub epoch: i64,
    pub last_authenticator: Vec<u8>,
    pub authenticator: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The row of a record.
pub(crate) fn to_row(tenant: &Tenant, record: &RemoteCommitLogRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        group_id: Set(record.group_id.to_vec()),
        log_sequence_id: Set(from_sequence(record.log_sequence_id)?),
        commit_sequence_id: Set(from_sequence(record.commit_sequence_id)?),
        outcome: Set(outcome_number(record.outcome)),
        epoch: Set(from_u64(record.epoch.0)?),
        last_authenticator: Set(record.last_authenticator.to_vec()),
        authenticator: Set(record.authenticator.to_vec()),
    })
}

impl FromRow<Model> for RemoteCommitLogRecord {
    fn from_row(_: &Tenant, row: Model) -> Result<Self, StoreError> {
        let authenticator =
            |bytes: &[u8]| id("remote_commit_log.authenticator", EpochAuthenticator::from_slice(bytes));
        Ok(Self {
            group_id: id("remote_commit_log.group_id", GroupId::from_slice(&row.group_id))?,
            log_sequence_id: to_sequence("remote_commit_log.log_sequence_id", row.log_sequence_id)?,
            commit_sequence_id: to_sequence("remote_commit_log.commit_sequence_id", row.commit_sequence_id)?,
            outcome: outcome("remote_commit_log.outcome", row.outcome)?,
            epoch: Epoch(to_u64("remote_commit_log.epoch", row.epoch)?),
            last_authenticator: authenticator(&row.last_authenticator)?,
            authenticator: authenticator(&row.authenticator)?,
        })
    }
}
