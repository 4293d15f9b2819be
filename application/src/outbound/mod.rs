//! From an intent to the network: queue, stage, publish, confirm, welcome.

mod lease;
mod publish;
mod queue;
mod send;
mod settle;
mod stage;
mod stage_context;
mod stage_membership;
mod welcomes;

pub(crate) use lease::given_back;
pub(crate) use publish::{given_up, is_outdated, moved};
pub(crate) use queue::{new_intent, queue};
pub use send::SendOptions;
pub(crate) use send::{publish_messages, send, send_quietly};
pub(crate) use settle::{carry_on, settle, settle_unless_elsewhere};
