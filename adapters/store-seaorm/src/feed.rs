//! The change feed.

use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::port;
use hexmtp_ports::store::{ChangeFeed, FeedEntry, FeedPosition, StoreError};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::SqlStore;
use crate::convert::{from_u64, limit};
use crate::entity::{feed, installation};
use crate::error::from_db;
use crate::tenant::records;

#[port]
impl ChangeFeed for SqlStore {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        installation::last_position(self.reader()?, self.tenant()).await
    }

    async fn changes_after(&self, position: FeedPosition, rows: usize) -> Result<Vec<FeedEntry>, StoreError> {
        let reader = self.reader()?;
        let Ok(position) = from_u64(position.0) else {
            return Ok(Vec::new());
        };
        let query = self.tenant().find::<feed::Entity>().filter(feed::Column::Position.gt(position));
        let query = query.order_by_asc(feed::Column::Position).limit(limit(rows));
        let found = query.all(reader).await.map_err(from_db)?;
        // Looked at afterwards: what was trimmed before the changes were read is known by then.
        let trimmed = installation::read(reader, self.tenant()).await?.feed_trimmed;
        if position < trimmed {
            return Err(StoreError::PositionGone { oldest: feed::position(trimmed)? });
        }
        records(self.tenant(), found)
    }

    fn wake_ups(&self) -> BoxStream<'static, ()> {
        let wake_ups = self.wakers().subscribe();
        self.watch_other_sessions();
        Box::pin(wake_ups)
    }
}
