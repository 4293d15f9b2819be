//! Statistics, trimming, and letting go.

use hexmtp_ports::port;
use hexmtp_ports::store::{Maintenance, StoreError, StoreStatistics, Trim};

use crate::MemoryStore;
use crate::data::Data;

fn statistics(data: &Data) -> StoreStatistics {
    let open_intents = data.intents.iter().filter(|intent| !intent.state.is_settled()).count();
    StoreStatistics {
        bytes: 0,
        free_bytes: 0,
        conversations: data.conversations.len() as u64,
        messages: data.messages.len() as u64,
        open_intents: open_intents as u64,
        settled_intents: (data.intents.len() - open_intents) as u64,
        identity_updates: data.identity_updates.values().map(|log| log.len() as u64).sum(),
        mls_rows: data.mls.values().map(|rows| rows.len() as u64).sum(),
        feed_entries: data.feed.len(),
        rejected: data.rejected.len() as u64,
        tasks: data.tasks.len() as u64,
        iced: data.iced.len() as u64,
    }
}

#[port]
impl Maintenance for MemoryStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        self.read(statistics)
    }

    async fn trim(&self, trim: &Trim) -> Result<(), StoreError> {
        self.change(|data| {
            if let Some(position) = trim.feed_up_to {
                data.feed.trim(position);
            }
            if let Some(bound) = trim.rejected_before {
                data.rejected.retain(|record| record.at >= bound);
            }
            if let Some(bound) = trim.settled_intents_before {
                data.intents.retain(|intent| !intent.state.is_settled() || intent.created_at >= bound);
            }
        })
    }

    async fn wipe(&self) -> Result<(), StoreError> {
        self.change(|data| {
            let mut feed = std::mem::take(&mut data.feed);
            feed.trim(feed.position());
            *data = Data { feed, ..Data::default() };
        })
    }

    async fn compact(&self) -> Result<(), StoreError> {
        // Memory is given back as rows go.
        self.read(|_| ())
    }

    async fn release(&self) -> Result<(), StoreError> {
        self.set_released(true)
    }

    async fn reconnect(&self) -> Result<(), StoreError> {
        self.set_released(false)
    }
}
