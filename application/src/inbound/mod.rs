//! From the network to the store: logs are read in order, each item is judged, and what it means is stored
//! in the same commit as the cursor that accounts for it.

mod batch;
mod commit;
mod leavers;
mod pull;
mod received;
mod sync;
mod unwrap;
mod welcome;

pub(crate) use pull::{pull, take_in};
pub use sync::SyncSummary;
pub(crate) use sync::{followed, sync_all, sync_and_follow, sync_conversation};
pub(crate) use welcome::{sync_welcomes, take_in_welcomes};
