//! What every use case works with.

use std::sync::Arc;
use std::time::Duration;

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_domain::{GroupId, InboxId, Secret, Timestamp};
use hexmtp_ports::contract_wallet::ContractWalletVerifier;
use hexmtp_ports::delivery::DeliveryService;
use hexmtp_ports::identity_log::IdentityLog;
use hexmtp_ports::mls::MlsEngine;
use hexmtp_ports::platform::{Clock, Entropy, EntropyError, Runtime};
use hexmtp_ports::secret_store::SecretStore;
use hexmtp_ports::store::{LeaseHolder, PreferencesRecord, Store};
use hexmtp_ports::welcome_crypto::WelcomeCrypto;

use crate::group_lock::GroupLocks;
use crate::identity::{Lookups, Standing, StateCache};
use crate::session_cache::SessionCache;
use crate::stream::PumpSlot;

/// The adapters that a client runs on.
#[derive(Clone)]
pub struct Ports {
    /// Where the installation keeps its state.
    pub store: Arc<dyn Store>,
    /// The network for messages, welcomes and key packages.
    pub delivery: Arc<dyn DeliveryService>,
    /// The network's identity log.
    pub identity_log: Arc<dyn IdentityLog>,
    /// Who is asked about signatures of contract wallets: the network, or the chains themselves.
    pub contract_wallets: Arc<dyn ContractWalletVerifier>,
    /// Where the installation's key is kept instead of in the store, if it is. A store that was made with a store of
    /// secrets cannot be opened without it.
    pub secrets: Option<Arc<dyn SecretStore>>,
    /// The MLS engine.
    pub mls: Arc<dyn MlsEngine>,
    /// The wrapping of welcomes.
    pub welcome_crypto: Arc<dyn WelcomeCrypto>,
    /// The present time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Tasks and waiting.
    pub runtime: Arc<dyn Runtime>,
}

/// How a client is opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// The protocol version that the client claims.
    pub(crate) claimed_version: ProtocolVersion,
    /// How long others leave the outbox of a group to a process that says nothing more.
    pub(crate) outbox_lease: Duration,
}

/// The ports together with who this installation is. Cloned cheaply, shared by all use cases.
pub(crate) type Context = Arc<ContextInner>;

pub(crate) struct ContextInner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) delivery: Arc<dyn DeliveryService>,
    pub(crate) identity_log: Arc<dyn IdentityLog>,
    pub(crate) contract_wallets: Arc<dyn ContractWalletVerifier>,
    pub(crate) secrets: Option<Arc<dyn SecretStore>>,
    pub(crate) mls: Arc<dyn MlsEngine>,
    pub(crate) welcome_crypto: Arc<dyn WelcomeCrypto>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) inbox_id: InboxId,
    pub(crate) key: InstallationKey,
    pub(crate) hmac_root: Secret,
    pub(crate) claimed_version: ProtocolVersion,
    pub(crate) outbox_lease: Duration,
    /// Under which number this client holds leases: another one each time it is opened.
    pub(crate) holder: LeaseHolder,
    pub(crate) locks: GroupLocks,
    pub(crate) welcome_lock: async_lock::Mutex<()>,
    pub(crate) sessions: SessionCache,
    pub(crate) states: StateCache,
    pub(crate) lookups: Lookups,
    pub(crate) standing: Standing,
    pub(crate) pump: PumpSlot,
}

impl ContextInner {
    /// Puts a context together.
    pub(crate) fn new(
        ports: Ports,
        (inbox_id, key): (InboxId, &InstallationKey),
        preferences: &PreferencesRecord,
        opening: &Opening,
    ) -> Result<Context, EntropyError> {
        let mut holder = [0; 16];
        ports.entropy.fill(&mut holder)?;
        Ok(Arc::new(Self {
            store: ports.store,
            delivery: ports.delivery,
            identity_log: ports.identity_log,
            contract_wallets: ports.contract_wallets,
            secrets: ports.secrets,
            mls: ports.mls,
            welcome_crypto: ports.welcome_crypto,
            clock: ports.clock,
            entropy: ports.entropy,
            runtime: ports.runtime,
            inbox_id,
            key: key.clone(),
            hmac_root: preferences.hmac_root.clone(),
            claimed_version: opening.claimed_version.clone(),
            outbox_lease: opening.outbox_lease,
            holder: LeaseHolder(holder),
            locks: GroupLocks::default(),
            welcome_lock: async_lock::Mutex::new(()),
            sessions: SessionCache::default(),
            states: StateCache::default(),
            lookups: Lookups::default(),
            standing: Standing::default(),
            pump: PumpSlot::default(),
        }))
    }

    /// The own leaf, as others see it.
    pub(crate) fn own_leaf(&self) -> LeafMember {
        LeafMember { inbox_id: self.inbox_id, installation_id: self.key.id() }
    }

    /// Now, by this device's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], EntropyError> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A new group id.
    pub(crate) fn random_group_id(&self) -> Result<GroupId, EntropyError> {
        Ok(GroupId::new(self.random()?))
    }
}
