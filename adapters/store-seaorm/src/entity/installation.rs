//! The installations that share the database: one in a file, any number on a server.

use hexmtp_ports::store::{FeedPosition, StoreError};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue, ConnectionTrait, QuerySelect};

use crate::convert::corrupt;
use crate::entity::feed;
use crate::error::from_db;
use crate::tenant::Tenant;

/// What a sealed check value says inside.
const CHECK: &[u8] = b"hexmtp";
/// The sealed column.
const KEY_CHECK: &str = "installations.key_check";

/// An installation. `ordinal` counts what is stored in an order, `feed_position` the changes in the feed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub name: Vec<u8>,
    pub feed_position: i64,
    pub feed_trimmed: i64,
    pub ordinal: i64,
    pub key_check: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The numbers that an installation has given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The position of the last change in the feed.
    pub(crate) feed_position: i64,
    /// The changes up to this position were trimmed.
    pub(crate) feed_trimmed: i64,
    /// The place of what was stored last, among all that is stored in an order.
    pub(crate) ordinal: i64,
}

impl Counters {
    /// The place of what is stored next.
    pub(crate) const fn next_ordinal(&mut self) -> i64 {
        self.ordinal += 1;
        self.ordinal
    }
}

/// The counters, locked until the transaction ends: on a server the commits of an installation so come one after the
/// other. SQLite locks the whole database when a transaction begins.
pub(crate) async fn lock(
    transaction: &impl ConnectionTrait,
    tenant: &Tenant,
) -> Result<Counters, StoreError> {
    let query = Entity::find_by_id(tenant.id).lock(LockType::Update);
    let row = query.one(transaction).await.map_err(from_db)?;
    // Another session may have changed the key since; what is written under the old one nobody could read.
    if tenant.key_check.is_some() && row.as_ref().is_some_and(|row| row.key_check != tenant.key_check) {
        return Err(StoreError::WrongKeyOrNotADatabase);
    }
    counters(row)
}

/// The counters as they stand.
pub(crate) async fn read(connection: &impl ConnectionTrait, tenant: &Tenant) -> Result<Counters, StoreError> {
    counters(Entity::find_by_id(tenant.id).one(connection).await.map_err(from_db)?)
}

fn counters(row: Option<Model>) -> Result<Counters, StoreError> {
    let Model { feed_position, feed_trimmed, ordinal, .. } =
        row.ok_or_else(|| corrupt("installations.id"))?;
    Ok(Counters { feed_position, feed_trimmed, ordinal })
}

/// Writes the counters.
pub(crate) async fn write(
    transaction: &impl ConnectionTrait,
    tenant: &Tenant,
    counters: Counters,
) -> Result<(), StoreError> {
    let change = ActiveModel {
        feed_position: ActiveValue::Set(counters.feed_position),
        feed_trimmed: ActiveValue::Set(counters.feed_trimmed),
        ordinal: ActiveValue::Set(counters.ordinal),
        ..Default::default()
    };
    let update = Entity::update_many().set(change).filter(Column::Id.eq(tenant.id));
    update.exec(transaction).await.map(drop).map_err(from_db)
}

/// The position of the last change; zero in a new store.
pub(crate) async fn last_position(
    connection: &impl ConnectionTrait,
    tenant: &Tenant,
) -> Result<FeedPosition, StoreError> {
    feed::position(read(connection, tenant).await?.feed_position)
}

/// The installation with a name; makes it where there is none, under this seal.
///
/// # Errors
/// [`StoreError::WrongKeyOrNotADatabase`]: it was made under another key.
pub(crate) async fn find_or_create(
    connection: &impl ConnectionTrait,
    name: &str,
    seal: crate::seal::Seal,
) -> Result<Tenant, StoreError> {
    use sea_orm::sea_query::OnConflict;

    let row = ActiveModel {
        id: ActiveValue::NotSet,
        name: ActiveValue::Set(name.as_bytes().to_vec()),
        feed_position: ActiveValue::Set(0),
        feed_trimmed: ActiveValue::Set(0),
        ordinal: ActiveValue::Set(0),
        key_check: ActiveValue::Set(None),
    };
    let keep = OnConflict::column(Column::Name).do_nothing().to_owned();
    let insert = Entity::insert(row).on_conflict(keep);
    insert.exec_without_returning(connection).await.map_err(from_db)?;
    let found =
        Entity::find().filter(Column::Name.eq(name.as_bytes())).one(connection).await.map_err(from_db)?;
    let Model { id, key_check, .. } = found.ok_or_else(|| corrupt("installations.name"))?;
    let mut tenant = Tenant { id, seal, key_check };
    match tenant.key_check.clone() {
        Some(sealed) => check(&tenant, sealed)?,
        None => {
            // Of two processes that make the same installation at the same time, the first one decides on the key.
            let sealed = tenant.seal(KEY_CHECK, &[], CHECK.to_vec())?;
            let update = Entity::update_many()
                .col_expr(Column::KeyCheck, Expr::value(sealed))
                .filter(Column::Id.eq(id))
                .filter(Column::KeyCheck.is_null());
            update.exec(connection).await.map_err(from_db)?;
            let stored = Entity::find_by_id(id).one(connection).await.map_err(from_db)?;
            let stored = stored.and_then(|row| row.key_check).ok_or_else(|| corrupt(KEY_CHECK))?;
            check(&tenant, stored.clone())?;
            tenant.key_check = Some(stored);
        }
    }
    Ok(tenant)
}

/// From now on the installation is under this tenant's key.
pub(crate) async fn write_check(
    transaction: &impl ConnectionTrait,
    tenant: &Tenant,
) -> Result<(), StoreError> {
    let sealed = tenant.seal(KEY_CHECK, &[], CHECK.to_vec())?;
    let update = Entity::update_many().col_expr(Column::KeyCheck, Expr::value(sealed));
    update.filter(Column::Id.eq(tenant.id)).exec(transaction).await.map(drop).map_err(from_db)
}

fn check(tenant: &Tenant, sealed: Vec<u8>) -> Result<(), StoreError> {
    match tenant.open(KEY_CHECK, &[], sealed) {
        Ok(opened) if opened == CHECK => Ok(()),
        _ => Err(StoreError::WrongKeyOrNotADatabase),
    }
}
