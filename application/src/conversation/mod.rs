//! A conversation as applications work with it.

use std::sync::Arc;

use hexmtp_domain::GroupId;

use crate::context::Context;

mod members;
mod messages;
mod settings;
mod state;

pub use members::Member;

/// A conversation. Cheap to clone; every call reads what is stored now.
#[derive(Clone)]
pub struct Conversation {
    context: Context,
    id: GroupId,
}

impl Conversation {
    pub(crate) fn new(context: &Context, id: GroupId) -> Self {
        Self { context: Arc::clone(context), id }
    }

    /// The id of its MLS group; of a DM one of those that it consists of.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }
}
