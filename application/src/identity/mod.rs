//! Inboxes: registration of this installation, and what is known of others.

mod associate;
mod change;
mod fold;
mod installation;
mod lookup;
mod reach;
mod register;
mod standing;
mod states;

pub(crate) use associate::{
    add_account, apply, change_recovery, change_request, remove_account, revoke_all_other_installations,
    revoke_installations,
};
pub use change::InboxChange;
pub(crate) use change::{Before, add_signature, check_free, verified};
pub(crate) use fold::fold;
pub(crate) use installation::forget_key;
pub(crate) use lookup::{Lookups, can_message, inbox_ids, look_up, reachability_of};
pub use reach::{KeyPackageStatus, Reachability};
pub(crate) use reach::{key_package_statuses, reachability};
pub(crate) use register::{Pending, Prepared, Registration, open, prepare, register};
pub(crate) use standing::Standing;
pub use states::Freshness;
pub(crate) use states::{
    StateCache, creation_signature_kind, installation_states, latest_state, logs, refresh, states,
};
