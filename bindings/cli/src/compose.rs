//! The composition root: which adapters a client runs on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hexmtp::domain::Secret;
use hexmtp::ports::contract_wallet::ContractWalletVerifier;
use hexmtp::ports::delivery::DeliveryService;
use hexmtp::ports::identity_log::IdentityLog;
use hexmtp::ports::platform::Clock;
use hexmtp::ports::store::Store;
use hexmtp::{InboxPorts, Inboxes, Ports};
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions, RetryPolicy};
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};

use crate::error::CliError;
use crate::opened;

/// How this program names itself to servers.
const APP_VERSION: &str = concat!("hexmtp-cli/", env!("CARGO_PKG_VERSION"));

/// A person who waits wants to know soon that nobody answers.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Three attempts within a second or two.
const RETRIES: RetryPolicy = RetryPolicy {
    attempts: 3,
    first_wait: Duration::from_millis(100),
    longest_wait: Duration::from_secs(1),
    total: Duration::from_secs(30),
};

/// A network inside this process.
pub(crate) fn network() -> MemoryNetwork {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    MemoryNetwork::new(clock)
}

/// The network behind a server. Nothing is sent before it is used.
pub(crate) fn connect(url: &str) -> Result<GrpcNetwork, CliError> {
    let options =
        GrpcOptions::new(url).app_version(APP_VERSION).connect_timeout(CONNECT_TIMEOUT).retries(RETRIES);
    Ok(GrpcNetwork::connect(options)?)
}

/// Looks at inboxes on this network, without an installation.
pub(crate) fn inboxes(network: &GrpcNetwork) -> Inboxes {
    Inboxes::new(InboxPorts {
        identity_log: Arc::new(network.clone()),
        contract_wallets: Arc::new(network.clone()),
        delivery: Arc::new(network.clone()),
        mls: Arc::new(OpenMlsEngine::new()),
        clock: Arc::new(SystemClock),
    })
}

/// Adapters for one installation: an encrypted SQLite file and this network.
pub(crate) async fn ports<N>(network: &N, database: &Path, key: Secret) -> Result<Ports, CliError>
where
    N: DeliveryService + IdentityLog + ContractWalletVerifier + Clone,
{
    let options = SqliteOptions::file(database, Encryption::Key(key));
    let store: Arc<dyn Store> = Arc::new(SqlStore::open_sqlite(options).await?);
    opened::note(&store);
    Ok(Ports {
        store,
        delivery: Arc::new(network.clone()),
        identity_log: Arc::new(network.clone()),
        contract_wallets: Arc::new(network.clone()),
        secrets: None,
        mls: Arc::new(OpenMlsEngine::new()),
        welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        runtime: Arc::new(TokioRuntime::current()?),
    })
}
