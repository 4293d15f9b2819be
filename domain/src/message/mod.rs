//! Messages: what MLS encrypts, how it is identified, and what an application sees of it (PROTOCOL.md 3).

pub mod body;
pub mod content;
pub mod content_type;
pub mod envelope;
pub mod group_updated;
mod hidden;
mod json_member;
pub mod leave_request;
pub mod reference;
pub mod status;
pub mod text;

#[cfg(test)]
mod body_tests;
#[cfg(test)]
mod content_tests;
#[cfg(test)]
mod envelope_tests;
#[cfg(test)]
mod group_updated_tests;
#[cfg(test)]
mod status_tests;

pub use body::MessageBody;
pub use content::{ContentError, EncodedContent};
pub use content_type::{ContentTypeId, should_push};
pub use envelope::{EnvelopeError, PlaintextEnvelope, message_id};
pub use group_updated::{GroupUpdated, MetadataChange};
pub use reference::reference_of;
pub use status::{DeliveryStatus, MessageKind};
