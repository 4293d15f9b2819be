//! The change feed.

use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::port;
use hexmtp_ports::store::{ChangeFeed, FeedEntry, FeedPosition, StoreError};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::SqliteStore;
use crate::convert::{from_u64, limit};
use crate::entity::feed;
use crate::error::from_db;
use crate::queries::records;

#[port]
impl ChangeFeed for SqliteStore {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        feed::last_position(self.reader()?).await
    }

    async fn changes_after(&self, position: FeedPosition, rows: usize) -> Result<Vec<FeedEntry>, StoreError> {
        let reader = self.reader()?;
        let Ok(position) = from_u64(position.0) else {
            return Ok(Vec::new());
        };
        let query = feed::Entity::find().filter(feed::Column::Position.gt(position));
        let query = query.order_by_asc(feed::Column::Position).limit(limit(rows));
        records(query.all(reader).await.map_err(from_db)?)
    }

    fn wake_ups(&self) -> BoxStream<'static, ()> {
        let wake_ups = self.wakers().subscribe();
        self.watch_other_sessions();
        Box::pin(wake_ups)
    }
}
