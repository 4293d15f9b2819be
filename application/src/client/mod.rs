//! The client: one installation of one inbox.

use std::time::Duration;

use hexmtp_domain::version::ProtocolVersion;
use hexmtp_domain::{InboxId, InstallationId};
use hexmtp_ports::signer::WalletSigner;

use crate::context::{Context, Opening, Ports};
use crate::error::RegisterError;
use crate::identity::{self, Registration};

mod consent;
mod conversations;
mod inboxes;
mod messages;
mod storage;
mod sync;

pub use conversations::ConversationPreview;

/// The nonce of new inboxes where the application names none: that of the official SDKs (FEATURES.md ID-02).
pub(crate) const DEFAULT_NONCE: u64 = 1;

/// How long the outbox of a group is left to a process that says nothing more.
const OUTBOX_LEASE: Duration = Duration::from_secs(5);

/// A shorter lease would be prolonged all the time.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Builds a client on a set of adapters.
pub struct ClientBuilder {
    ports: Ports,
    nonce: u64,
    opening: Opening,
}

impl ClientBuilder {
    /// The nonce of a new inbox, one by default as in the official SDKs. An inbox that exists keeps its own.
    #[must_use]
    pub const fn nonce(mut self, nonce: u64) -> Self {
        self.nonce = nonce;
        self
    }

    /// The protocol version that this client claims; [`ProtocolVersion::claimed`] by default. Claiming another
    /// one is for tests: it decides which groups are paused, and has to be what the software can do.
    #[must_use]
    pub fn claimed_version(mut self, version: ProtocolVersion) -> Self {
        self.opening.claimed_version = version;
        self
    }

    /// How long other processes on the same store leave the outbox of a group to one that works on it and says nothing
    /// more; 5 seconds by default, a tenth of a second at least. A process that works prolongs its lease. After one
    /// that has died, what it was about to publish waits for so long; where no other process can be at work, a short
    /// span brings that forward. A span shorter than the pauses of a process would let payloads be published twice,
    /// which receivers pass over.
    #[must_use]
    pub fn outbox_lease(mut self, span: Duration) -> Self {
        self.opening.outbox_lease = span.max(SHORTEST_LEASE);
        self
    }

    /// Opens the installation of the store, and registers one with the signer where there is none. A
    /// registration that was interrupted is completed.
    ///
    /// # Errors
    /// [`RegisterError`]; [`RegisterError::Revoked`] for a store whose installation was revoked.
    pub async fn register(self, signer: &dyn WalletSigner) -> Result<Client, RegisterError> {
        let options = Registration { nonce: self.nonce, opening: self.opening };
        Ok(Client { context: identity::register(self.ports, signer, options).await? })
    }

    /// Opens the installation of the store without asking the network or a wallet.
    ///
    /// # Errors
    /// [`RegisterError::NotRegistered`] when the store holds none.
    pub async fn open(self) -> Result<Client, RegisterError> {
        Ok(Client { context: identity::open(self.ports, &self.opening).await? })
    }
}

/// One installation of one inbox. Cheap to clone; all clones work on the same state.
#[derive(Clone)]
pub struct Client {
    context: Context,
}

impl Client {
    /// A builder on these adapters.
    #[must_use]
    pub fn builder(ports: Ports) -> ClientBuilder {
        let opening = Opening { claimed_version: ProtocolVersion::claimed(), outbox_lease: OUTBOX_LEASE };
        ClientBuilder { ports, nonce: DEFAULT_NONCE, opening }
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
