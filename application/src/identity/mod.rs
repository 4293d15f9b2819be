//! Inboxes: registration of this installation, and what is known of others.

mod lookup;
mod register;
mod states;

pub(crate) use lookup::{can_message, inbox_ids};
pub(crate) use register::{Registration, open, register};
pub(crate) use states::{StateCache, installation_states, latest_state, refresh};
