//! The change feed.

use hexmtp_ports::store::{FeedEvent, FeedPosition, StoreError};
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, QueryTrait};

use super::BATCH;
use crate::entity::feed::{Column, Entity, last_position, position, to_row};
use crate::error::from_db;

/// Appends events in their order, and gives the position of the last change.
pub(super) async fn append(
    transaction: &DatabaseTransaction,
    events: Vec<FeedEvent>,
) -> Result<FeedPosition, StoreError> {
    let mut last = None;
    for events in events.chunks(BATCH) {
        let mut insert = Entity::insert_many(events.iter().filter_map(to_row)).into_query();
        insert.returning(Query::returning().column(Column::Position));
        for row in transaction.query_all(&insert).await.map_err(from_db)? {
            let number: i64 = row.try_get("", "position").map_err(from_db)?;
            last = last.max(Some(number));
        }
    }
    match last {
        Some(number) => position(number),
        None => last_position(transaction).await,
    }
}
