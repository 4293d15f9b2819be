//! Inboxes: registration of this installation, and what is known of others.

mod associate;
mod lookup;
mod register;
mod standing;
mod states;

pub(crate) use associate::{add_account, revoke_all_other_installations, revoke_installations};
pub(crate) use lookup::{Lookups, can_message, inbox_ids};
pub(crate) use register::{Registration, open, register};
pub(crate) use standing::Standing;
pub(crate) use states::{StateCache, installation_states, latest_state, refresh};
