//! One installation in processes of its own: what the program `hexmtp-tests-installation` is told and what it says, for
//! tests that run several of them on one database, or kill them.

#![allow(
    clippy::expect_used,
    reason = "an installation that cannot be set up fails the test that asked for it"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hexmtp::{Client, Ports};
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions};
use hexmtp_domain::Secret;
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
use hexmtp_platform_test::SeededEntropy;
use hexmtp_ports::platform::Entropy;
use hexmtp_ports::store::{Store, StoreError};
use hexmtp_store_seaorm::{Encryption, PostgresOptions, SqlStore, SqliteOptions};
use serde::{Deserialize, Serialize};

/// Where an installation keeps its state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Backend {
    /// A file of SQLCipher, whose key is made of one byte.
    SqlCipher {
        /// The file.
        path: PathBuf,
        /// The byte.
        key: u8,
    },
    /// A readable file of SQLite.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// An installation among others in a database of PostgreSQL, whose data key is made of one byte.
    Postgres {
        /// The database.
        url: String,
        /// The label of the installation.
        installation: String,
        /// The byte.
        key: u8,
    },
}

impl Backend {
    /// Opens the store.
    ///
    /// # Errors
    /// [`StoreError`] when it does not open.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::SqlCipher { path, key } => {
                let key = Encryption::Key(Secret::new(vec![*key; 32]));
                Arc::new(SqlStore::open_sqlite(SqliteOptions::file(path, key)).await?)
            }
            Self::Sqlite { path } => {
                Arc::new(SqlStore::open_sqlite(SqliteOptions::file(path, Encryption::Unencrypted)).await?)
            }
            Self::Postgres { url, installation, key } => {
                let options = PostgresOptions::new(url, installation, Secret::new(vec![*key; 32]))?;
                Arc::new(SqlStore::open_postgres(options).await?)
            }
        })
    }
}

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Its store, in which an installation is registered.
    pub backend: Backend,
    /// The address of the node.
    pub node: String,
    /// What it calls itself in what it writes.
    pub name: String,
    /// From which its choices follow.
    pub seed: u64,
    /// How many things it does; `None` for as many as it can.
    pub operations: Option<usize>,
    /// How long it leaves an outbox to a process that may have died, in milliseconds.
    pub outbox_lease: u64,
    /// The inboxes with which it makes groups and which it adds, in hexadecimal digits.
    pub others: Vec<String>,
}

/// What a process says, each on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// It is at work.
    Ready,
    /// This message was acknowledged, in this group.
    Sent {
        /// The message.
        id: String,
        /// Its text.
        text: String,
    },
    /// This payload was handed to the network.
    Published {
        /// Its hash.
        hash: String,
    },
    /// Something failed that may succeed later.
    Failed {
        /// The code.
        code: String,
    },
    /// It has done what it was to do.
    Done,
    /// Its stream told of this message.
    Streamed {
        /// The message.
        id: String,
    },
    /// Where a group stands for it.
    State {
        /// The group.
        group: String,
        /// Its epoch.
        epoch: u64,
        /// Its epoch authenticator.
        authenticator: String,
    },
    /// It has said everything.
    End,
}

/// A network with little patience, so that what is broken is soon found out.
///
/// # Panics
/// When the address is none.
#[must_use]
pub fn network(node: &str) -> GrpcNetwork {
    let options = GrpcOptions::new(node.to_owned())
        .connect_timeout(Duration::from_secs(5))
        .request_timeout(Duration::from_secs(30));
    GrpcNetwork::connect(options).expect("a network")
}

/// The adapters of a process on a store and a node. Must be called within a Tokio runtime.
///
/// # Panics
/// Outside of one.
#[must_use]
pub fn ports(store: Arc<dyn Store>, node: &str) -> Ports {
    let network = Arc::new(network(node));
    Ports {
        store,
        delivery: network.clone(),
        identity_log: network.clone(),
        contract_wallets: network,
        secrets: None,
        mls: Arc::new(OpenMlsEngine::new()),
        welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        runtime: Arc::new(TokioRuntime::current().expect("a runtime")),
    }
}

/// Opens the installation of a store, with a lease of so many milliseconds.
///
/// # Panics
/// When the store holds none.
pub async fn open(ports: Ports, outbox_lease: u64) -> Client {
    let lease = Duration::from_millis(outbox_lease);
    Client::builder(ports).outbox_lease(lease).open().await.expect("a registered installation")
}

/// Pseudo-random numbers that are the same each time.
pub struct Dice(SeededEntropy);

impl Dice {
    /// Starts the numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below a bound.
    ///
    /// # Panics
    /// When the bound is zero.
    #[must_use]
    pub fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes).expect("seeded");
        usize::try_from(u32::from_be_bytes(bytes)).expect("it fits") % bound
    }
}
