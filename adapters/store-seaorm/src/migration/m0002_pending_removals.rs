//! Conversations know who has asked to leave them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::binary_null;

/// Adds a column, which is empty for every conversation so far.
pub(crate) struct PendingRemovals;

impl MigrationName for PendingRemovals {
    fn name(&self) -> &'static str {
        "m0002_pending_removals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PendingRemovals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = binary_null("pending_removals");
        manager.alter_table(Table::alter().table("conversations").add_column(column).take()).await
    }
}
