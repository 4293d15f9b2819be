//! How a client comes to be: opened, or registered, with a wallet at hand or signature by signature.

use std::fmt;
use std::time::Duration;

use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{Identifier, SignatureRequest, UnverifiedSignature};
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_ports::signer::WalletSigner;

use super::Client;
use crate::context::{Opening, Ports};
use crate::error::RegisterError;
use crate::identity::{self, Pending, Prepared, Registration};

/// The nonce of new inboxes where the application names none: that of the official SDKs (FEATURES.md ID-02).
const DEFAULT_NONCE: u64 = 1;

/// How long the outbox of a group is left to a process that says nothing more.
const OUTBOX_LEASE: Duration = Duration::from_secs(5);

/// A shorter lease would be prolonged all the time.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Builds a client on a set of adapters.
///
/// - [`ClientBuilder::open`] takes what is stored, and asks neither network nor wallet: the strategy "cached only", and the
///   way to start without a network.
/// - [`ClientBuilder::register`] registers an installation where there is none: "create if not found".
/// - [`ClientBuilder::prepare`] does so where the wallet is not at hand, but signs elsewhere, or later.
pub struct ClientBuilder {
    ports: Ports,
    registration: Registration,
}

impl ClientBuilder {
    pub(super) fn new(ports: Ports) -> Self {
        let opening = Opening { claimed_version: ProtocolVersion::claimed(), outbox_lease: OUTBOX_LEASE };
        Self { ports, registration: Registration { nonce: DEFAULT_NONCE, inbox_id: None, opening } }
    }

    /// The nonce of a new inbox, one by default as in the official SDKs. An inbox that exists keeps its own. Legacy
    /// keys make inboxes with nonce 0 only.
    #[must_use]
    pub const fn nonce(mut self, nonce: u64) -> Self {
        self.registration.nonce = nonce;
        self
    }

    /// The inbox that the application expects. Any other, stored or found, is refused before anything is made or
    /// signed.
    #[must_use]
    pub const fn expect_inbox(mut self, inbox_id: InboxId) -> Self {
        self.registration.inbox_id = Some(inbox_id);
        self
    }

    /// The protocol version that this client claims; [`ProtocolVersion::claimed`] by default. Claiming another
    /// one is for tests: it decides which groups are paused, and has to be what the software can do.
    #[must_use]
    pub fn claimed_version(mut self, version: ProtocolVersion) -> Self {
        self.registration.opening.claimed_version = version;
        self
    }

    /// How long other processes on the same store leave the outbox of a group to one that works on it and says nothing
    /// more; 5 seconds by default, a tenth of a second at least. A process that works prolongs its lease. After one
    /// that has died, what it was about to publish waits for so long; where no other process can be at work, a short
    /// span brings that forward. A span shorter than the pauses of a process would let payloads be published twice,
    /// which receivers pass over.
    #[must_use]
    pub fn outbox_lease(mut self, span: Duration) -> Self {
        self.registration.opening.outbox_lease = span.max(SHORTEST_LEASE);
        self
    }

    /// Opens the installation of the store, and registers one with the signer where there is none. A
    /// registration that was interrupted is completed.
    ///
    /// # Errors
    /// [`RegisterError`]; [`RegisterError::Revoked`] for a store whose installation was revoked.
    pub async fn register(self, signer: &dyn WalletSigner) -> Result<Client, RegisterError> {
        Ok(Client { context: identity::register(self.ports, signer, &self.registration).await? })
    }

    /// Opens the installation of the store, or gets as far with a registration for this identifier as is possible
    /// before somebody signs.
    ///
    /// # Errors
    /// As [`ClientBuilder::register`].
    pub async fn prepare(self, identifier: &Identifier) -> Result<PreparedRegistration, RegisterError> {
        Ok(match identity::prepare(self.ports, identifier, &self.registration).await? {
            Prepared::Ready(context) => PreparedRegistration::Ready(Client { context }),
            Prepared::Pending(pending) => PreparedRegistration::Pending(PendingRegistration(pending)),
        })
    }

    /// Opens the installation of the store without asking the network or a wallet.
    ///
    /// # Errors
    /// [`RegisterError::NotRegistered`] when the store holds none.
    pub async fn open(self) -> Result<Client, RegisterError> {
        Ok(Client { context: identity::open(self.ports, &self.registration).await? })
    }
}

/// What became of [`ClientBuilder::prepare`].
pub enum PreparedRegistration {
    /// The installation is registered.
    Ready(Client),
    /// Somebody has to sign.
    Pending(PendingRegistration),
}

/// A registration that waits for signatures. The installation's key is kept already: one that is dropped is taken up
/// again by preparing anew.
pub struct PendingRegistration(Box<Pending>);

impl PendingRegistration {
    /// What is to be signed, and by whom. The installation has signed.
    #[must_use]
    pub fn request(&self) -> &SignatureRequest {
        self.0.request()
    }

    /// Takes a signature, after asking the contract about it if it is a contract wallet's.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is taken then.
    pub async fn add_signature(&mut self, signature: UnverifiedSignature) -> Result<(), RegisterError> {
        self.0.add_signature(signature).await
    }

    /// Registers the installation, once all have signed.
    ///
    /// # Errors
    /// [`RegisterError`]; preparing anew takes it up again.
    pub async fn complete(self) -> Result<Client, RegisterError> {
        Ok(Client { context: self.0.complete().await? })
    }
}

impl fmt::Debug for PendingRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PendingRegistration").field(&self.request().inbox_id()).finish()
    }
}
