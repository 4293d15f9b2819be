//! Ports that fail at one call of many, so that a test can fail each of them in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hexmtp::Ports;
use hexmtp_domain::identity::{ContractWalletSignature, Identifier};
use hexmtp_domain::{InboxId, Secret, SequenceId};
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_ports::identity_log::{IdentityLog, IdentityLogError, LoggedUpdate};
use hexmtp_ports::platform::{Entropy, EntropyError};
use hexmtp_ports::port;
use hexmtp_ports::secret_store::{SecretStore, SecretStoreError};
use hexmtp_ports::store::Store;

/// What happens at the call that touches the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// The call fails and does nothing.
    Call,
    /// The call is served, and then the store is out of reach.
    Store,
}

/// Counts calls down to the one that fails.
#[derive(Clone)]
pub struct Tripwire {
    left: Arc<AtomicI64>,
    trip: Trip,
    store: Arc<dyn Store>,
}

/// Why a call failed.
const TRIPPED: &str = "the wire was touched";

/// A port behind the wire.
struct Wired<T: ?Sized> {
    port: Arc<T>,
    wire: Tripwire,
}

impl Tripwire {
    /// The ports of an installation, of which the call with this number will trip, zero being the first.
    #[must_use]
    pub fn across(ports: &Ports, number: u32, trip: Trip) -> (Self, Ports) {
        let left = Arc::new(AtomicI64::new(number.into()));
        let wire = Self { left, trip, store: Arc::clone(&ports.store) };
        let mut wired = ports.clone();
        wired.identity_log = wire.before(&ports.identity_log);
        wired.contract_wallets = wire.before(&ports.contract_wallets);
        wired.entropy = wire.before(&ports.entropy);
        wired.secrets = ports.secrets.as_ref().map(|secrets| wire.before(secrets) as _);
        (wire, wired)
    }

    fn before<T: ?Sized>(&self, port: &Arc<T>) -> Arc<Wired<T>> {
        Arc::new(Wired { port: Arc::clone(port), wire: self.clone() })
    }

    /// Whether it was touched.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    /// Whether this call fails.
    fn fails(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) == 0 && self.trip == Trip::Call
    }

    /// After a call was served.
    async fn served(&self) {
        if self.is_touched() && self.trip == Trip::Store {
            // A store that is out of reach already stays so.
            let _ = self.store.release().await;
        }
    }
}

#[port]
impl IdentityLog for Wired<dyn IdentityLog> {
    async fn publish(&self, update: &[u8]) -> Result<(), IdentityLogError> {
        if self.wire.fails() {
            return Err(IdentityLogError::Unavailable(TRIPPED.into()));
        }
        let outcome = self.port.publish(update).await;
        self.wire.served().await;
        outcome
    }

    async fn updates_after(
        &self,
        inboxes: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Vec<LoggedUpdate>>, IdentityLogError> {
        if self.wire.fails() {
            return Err(IdentityLogError::Unavailable(TRIPPED.into()));
        }
        let outcome = self.port.updates_after(inboxes).await;
        self.wire.served().await;
        outcome
    }

    async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, IdentityLogError> {
        if self.wire.fails() {
            return Err(IdentityLogError::Unavailable(TRIPPED.into()));
        }
        let outcome = self.port.inbox_ids(identifiers).await;
        self.wire.served().await;
        outcome
    }
}

#[port]
impl ContractWalletVerifier for Wired<dyn ContractWalletVerifier> {
    async fn verify(
        &self,
        hash: [u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError> {
        if self.wire.fails() {
            return Err(ContractWalletError::Unavailable(TRIPPED.into()));
        }
        let outcome = self.port.verify(hash, signature).await;
        self.wire.served().await;
        outcome
    }
}

impl Entropy for Wired<dyn Entropy> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        // A store cannot be let go of here, so that this call does not count for one that shall be.
        if self.wire.trip == Trip::Call && self.wire.fails() {
            return Err(EntropyError);
        }
        self.port.fill(bytes)
    }
}

#[port]
impl SecretStore for Wired<dyn SecretStore> {
    async fn load(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        if self.wire.fails() {
            return Err(SecretStoreError::Backend(TRIPPED.into()));
        }
        let outcome = self.port.load(name).await;
        self.wire.served().await;
        outcome
    }

    async fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError> {
        if self.wire.fails() {
            return Err(SecretStoreError::Backend(TRIPPED.into()));
        }
        let outcome = self.port.save(name, secret).await;
        self.wire.served().await;
        outcome
    }

    async fn delete(&self, name: &str) -> Result<(), SecretStoreError> {
        if self.wire.fails() {
            return Err(SecretStoreError::Backend(TRIPPED.into()));
        }
        let outcome = self.port.delete(name).await;
        self.wire.served().await;
        outcome
    }
}
