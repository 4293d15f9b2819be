//! A world of people for acceptance tests: one network, one clock, as many wallets and devices as a test wants.
//!
//! Everything is in memory and seeded, so a test runs the same way each time.

#![allow(clippy::expect_used, reason = "a world that cannot be set up fails the test that asked for it")]

use std::cell::Cell;
use std::sync::Arc;

use hexmtp::error::RegisterError;
use hexmtp::{Client, InboxPorts, Inboxes, LocalSigner, Ports};
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_domain::identity::{ContractAccount, EthereumAddress, Identifier, InstallationKey, LocalWallet};
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_domain::{InboxId, InstallationId, Timestamp};
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_platform_test::{SeededEntropy, VirtualClock, VirtualRuntime};
use hexmtp_ports::platform::{Clock, Entropy};
use hexmtp_ports::store::Store;
use hexmtp_store_memory::MemoryStore;

use crate::contract_signer::ContractSigner;

/// The network and the time that all devices share.
pub struct World {
    /// The network, with its faults and call counts.
    pub network: MemoryNetwork,
    /// The clock of every device and of the network.
    pub clock: VirtualClock,
    /// Runs the tasks of every device.
    pub runtime: VirtualRuntime,
    seeds: Cell<u64>,
}

/// Somebody's wallet.
pub struct Person {
    /// Signs for the person.
    pub signer: LocalSigner,
    /// The wallet's address.
    pub identifier: Identifier,
}

/// One device: a client on adapters of its own.
pub struct Device {
    /// The client.
    pub client: Client,
    /// Its adapters, for opening it again or a second time.
    pub ports: Ports,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty world in which the time is that of the computer, so that the lifetimes of key packages, which MLS
    /// checks by the computer's clock, hold. Nothing else depends on it.
    #[must_use]
    pub fn new() -> Self {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = since_epoch.map_or(0, |span| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
        let clock = VirtualClock::starting_at(Timestamp::from_nanos(nanos));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        Self {
            network: MemoryNetwork::new(shared),
            runtime: VirtualRuntime::new(clock.clone()),
            clock,
            seeds: Cell::new(1),
        }
    }

    fn seed(&self) -> u64 {
        self.seeds.set(self.seeds.get() + 1);
        self.seeds.get()
    }

    /// Somebody with a wallet that nobody has used yet.
    #[must_use]
    pub fn person(&self) -> Person {
        let wallet = self.wallet();
        Person { identifier: wallet.identifier(), signer: LocalSigner::new(wallet) }
    }

    /// A contract wallet that nobody has used yet, deployed on chain 7.
    ///
    /// # Panics
    /// When the seeded key is no secp256k1 key, which has not happened.
    #[must_use]
    pub fn contract(&self) -> ContractSigner {
        let mut address = [0; 20];
        SeededEntropy::new(self.seed()).fill(&mut address).expect("seeded");
        let account = ContractAccount::new(7, EthereumAddress::new(address));
        ContractSigner::deploy(&self.network, account, self.wallet())
    }

    /// A wallet that nobody has used yet, with its key.
    ///
    /// # Panics
    /// When the seeded key is no secp256k1 key, which has not happened.
    #[must_use]
    pub fn wallet(&self) -> LocalWallet {
        let mut key = [0; 32];
        SeededEntropy::new(self.seed()).fill(&mut key).expect("seeded");
        LocalWallet::from_private_key(key).expect("a key")
    }

    /// Adapters for whoever looks at inboxes without a client.
    #[must_use]
    pub fn inboxes(&self) -> Inboxes {
        Inboxes::new(InboxPorts::from(&self.ports(Arc::new(MemoryStore::default()))))
    }

    /// Adapters on a store.
    #[must_use]
    pub fn ports(&self, store: Arc<dyn Store>) -> Ports {
        Ports {
            store,
            delivery: Arc::new(self.network.clone()),
            identity_log: Arc::new(self.network.clone()),
            contract_wallets: Arc::new(self.network.clone()),
            secrets: None,
            mls: Arc::new(OpenMlsEngine::new()),
            welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(self.seed())),
            runtime: Arc::new(self.runtime.clone()),
        }
    }

    /// A device of a person on a new store in memory.
    ///
    /// # Panics
    /// When it cannot be registered.
    pub async fn device(&self, person: &Person) -> Device {
        self.device_on(person, Arc::new(MemoryStore::default())).await.expect("registered")
    }

    /// A device of a person on a store.
    ///
    /// # Errors
    /// [`RegisterError`] when it cannot be registered.
    pub async fn device_on(&self, person: &Person, store: Arc<dyn Store>) -> Result<Device, RegisterError> {
        let ports = self.ports(store);
        let client = Client::builder(ports.clone()).register(&person.signer).await?;
        Ok(Device { client, ports })
    }

    /// A person with one device.
    pub async fn newcomer(&self) -> Device {
        self.device(&self.person()).await
    }
}

impl Device {
    /// The inbox.
    #[must_use]
    pub fn inbox_id(&self) -> InboxId {
        self.client.inbox_id()
    }

    /// The installation.
    #[must_use]
    pub fn installation_id(&self) -> InstallationId {
        self.client.installation_id()
    }

    /// The installation's key, for tests that forge on its behalf.
    ///
    /// # Panics
    /// When it is not in the store.
    pub async fn key(&self) -> InstallationKey {
        let identity = self.ports.store.identity().await.expect("an answer").expect("an identity");
        identity.key.here().expect("a key").clone()
    }

    /// Another client on the same store, as after a restart or in another process.
    ///
    /// # Panics
    /// When the store holds no registered installation.
    pub async fn reopened(&self) -> Client {
        Client::builder(self.ports.clone()).open().await.expect("registered")
    }

    /// Another client on the same store that claims another protocol version.
    ///
    /// # Panics
    /// When the version is none, or the store holds no registered installation.
    pub async fn claiming(&self, version: &str) -> Client {
        let version = ProtocolVersion::parse(version).expect("a version");
        Client::builder(self.ports.clone()).claimed_version(version).open().await.expect("registered")
    }

    /// Reads everything there is to read.
    ///
    /// # Panics
    /// When the sync fails, or a conversation does.
    pub async fn sync(&self) {
        let summary = self.client.sync_all().await.expect("a sync");
        assert_eq!(summary.failed, 0, "a conversation could not be synced");
    }
}
