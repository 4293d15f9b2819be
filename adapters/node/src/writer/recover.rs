//! After a transaction that failed: what is in the database?
//!
//! When a commit fails it may have happened all the same; the answer was lost. Then there are rows of which no
//! subscriber was told. They are found by their numbers, and told of before anything else is written.

use std::sync::Arc;

use hexmtp_domain::{GroupId, InstallationId, Topic};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::counters::Counters;
use super::work::Writer;
use crate::entity::{group_message, to_stored, welcome};
use crate::envelope::Envelope;

/// Rows that are read at once.
const ROWS: u64 = 100;

impl Writer {
    /// Reads the counters anew and tells of rows that nobody was told of. Says whether it succeeded.
    pub(super) async fn recover(&mut self) -> bool {
        match self.catch_up().await {
            Ok(()) => {
                tracing::info!("the state of the database is known again");
                self.is_certain = true;
            }
            Err(error) => tracing::error!(%error, "the state of the database cannot be read"),
        }
        self.is_certain
    }

    async fn catch_up(&mut self) -> Result<(), DbErr> {
        let found = Counters::load(&self.database).await?;
        while self.counters.group_messages.last_id < found.group_messages.last_id {
            let last = self.counters.group_messages.last_id;
            let rows = group_message::Entity::find()
                .filter(group_message::Column::Id.gt(to_stored(last)))
                .order_by_asc(group_message::Column::Id)
                .limit(ROWS)
                .all(&self.database)
                .await?;
            let envelopes: Vec<_> = rows.into_iter().filter_map(message_envelope).collect();
            // Without rows there is nothing to tell; the counter may be ahead of them.
            let newest = envelopes.last().map_or(found.group_messages.last_id, |newest| newest.id);
            self.hub.announce(&envelopes);
            self.counters.group_messages.last_id = newest;
        }
        while self.counters.welcomes.last_id < found.welcomes.last_id {
            let last = self.counters.welcomes.last_id;
            let rows = welcome::Entity::find()
                .filter(welcome::Column::Id.gt(to_stored(last)))
                .order_by_asc(welcome::Column::Id)
                .limit(ROWS)
                .all(&self.database)
                .await?;
            let envelopes: Vec<_> = rows.into_iter().filter_map(welcome_envelope).collect();
            let newest = envelopes.last().map_or(found.welcomes.last_id, |newest| newest.id);
            self.hub.announce(&envelopes);
            self.counters.welcomes.last_id = newest;
        }
        self.counters = found;
        self.publish_sizes();
        Ok(())
    }
}

fn message_envelope(row: group_message::Model) -> Option<Arc<Envelope>> {
    let topic = Topic::Group(GroupId::from_slice(&row.group_id).ok()?);
    Some(Arc::new(Envelope::of_group(topic, row.into())))
}

fn welcome_envelope(row: welcome::Model) -> Option<Arc<Envelope>> {
    let topic = Topic::Welcome(InstallationId::from_slice(&row.destination).ok()?);
    Some(Arc::new(Envelope::of_welcome(topic, row.into())))
}
