//! Conversations: created, found, changed.

mod create;
mod leave;
mod membership;
mod metadata;
mod record;

pub use create::{GroupOptions, GroupPermissions};
pub(crate) use create::{create_group, create_or_find_dm};
pub(crate) use leave::leave;
pub(crate) use membership::{add_members, follow_installations, remove_members};
pub(crate) use metadata::{require_version, update_metadata};
pub(crate) use record::{ensure_writable, initial_consent, is_leaving, load, new_record, take_over};
