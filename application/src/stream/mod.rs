//! Streams: applications read committed rows from the change feed; the network only feeds the store.

mod messages;
mod pump;

pub(crate) use messages::message_stream;
pub use messages::{MessageStream, StreamScope, StreamedMessage};
pub(crate) use pump::{Pump, PumpSlot, start};
