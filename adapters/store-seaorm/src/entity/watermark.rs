//! How far logs other than those of topics were worked through.

use hexmtp_ports::store::{StoreError, Watermark};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::convert::from_u64;
use crate::tenant::{Owned, Tenant};

/// The last number accounted for.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "watermarks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub installation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: Vec<u8>,
    pub reached: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const INSTALLATION: Column = Column::Installation;
}

/// The numbers of all kinds of logs.
pub(crate) const KINDS: [i16; 4] = [1, 2, 3, 4];

/// The number of a kind of log, as stored.
pub(crate) const fn kind_number(mark: Watermark) -> i16 {
    match mark {
        Watermark::CommitLogPublished(_) => 1,
        Watermark::CommitLogRead(_) => 2,
        Watermark::LocalCommitsCompared(_) => 3,
        Watermark::RemoteCommitsCompared(_) => 4,
    }
}

/// The row of a watermark.
pub(crate) fn to_row(tenant: &Tenant, mark: Watermark, to: u64) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        installation: Set(tenant.id),
        kind: Set(kind_number(mark)),
        group_id: Set(mark.group_id().to_vec()),
        reached: Set(from_u64(to)?),
    })
}
