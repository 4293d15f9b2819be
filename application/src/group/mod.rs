//! Conversations: created, found, changed.

mod create;
mod delete;
mod dm;
mod leave;
mod membership;
mod metadata;
mod record;

pub use create::{GroupOptions, GroupPermissions};
pub(crate) use create::{create_group, create_or_find_dm};
pub(crate) use delete::delete;
pub(crate) use dm::{inherited_consent, is_introduced, stitched, writable_of};
pub(crate) use leave::leave;
pub(crate) use membership::{add_members, follow_installations, remove_members};
pub(crate) use metadata::{
    require_version, update_disappearing, update_metadata, update_policy, update_roles,
};
pub(crate) use record::{ensure_writable, initial_consent, is_leaving, load, new_record, take_over};
