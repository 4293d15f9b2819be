//! The client: one installation of one inbox.

use hexmtp_domain::{InboxId, InstallationId};

use crate::context::{Context, Ports};

mod consent;
mod conversations;
mod inboxes;
mod messages;
mod registration;
mod storage;
mod sync;

pub use conversations::ConversationPreview;
pub use registration::{ClientBuilder, PendingRegistration, PreparedRegistration};

/// One installation of one inbox. Cheap to clone; all clones work on the same state.
#[derive(Clone)]
pub struct Client {
    context: Context,
}

impl Client {
    /// A builder on these adapters.
    #[must_use]
    pub fn builder(ports: Ports) -> ClientBuilder {
        ClientBuilder::new(ports)
    }

    /// The inbox.
    #[must_use]
    pub fn inbox_id(&self) -> InboxId {
        self.context.inbox_id
    }

    /// The installation.
    #[must_use]
    pub fn installation_id(&self) -> InstallationId {
        self.context.key.id()
    }
}
