//! The change feed.

use hexmtp_ports::store::StoreError;
use sea_orm::EntityTrait;

use super::{BATCH, Writer};
use crate::entity::feed::{Entity, to_row};
use crate::error::from_db;

/// Appends the events in their order.
pub(super) async fn append(writer: &mut Writer<'_>) -> Result<(), StoreError> {
    let tenant = writer.tenant;
    let events = std::mem::take(&mut writer.events);
    let mut rows = events.iter().map(|event| {
        writer.counters.feed_position += 1;
        to_row(tenant, writer.counters.feed_position, event)
    });
    loop {
        let batch: Vec<_> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(());
        }
        Entity::insert_many(batch).exec_without_returning(writer.transaction).await.map_err(from_db)?;
    }
}
