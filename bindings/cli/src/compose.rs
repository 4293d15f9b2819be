//! The composition root: which adapters a client runs on.

use std::path::Path;
use std::sync::Arc;

use hexmtp::Ports;
use hexmtp::domain::Secret;
use hexmtp::ports::platform::Clock;
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
use hexmtp_store_seaorm::{Encryption, SqliteOptions, SqliteStore};

use crate::error::CliError;

/// A network inside this process.
pub(crate) fn network() -> MemoryNetwork {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    MemoryNetwork::new(clock)
}

/// Adapters for one installation: an encrypted SQLite file and this network.
pub(crate) async fn ports(network: &MemoryNetwork, database: &Path, key: Secret) -> Result<Ports, CliError> {
    let options = SqliteOptions::file(database, Encryption::Key(key));
    Ok(Ports {
        store: Arc::new(SqliteStore::open(options).await?),
        delivery: Arc::new(network.clone()),
        identity_log: Arc::new(network.clone()),
        mls: Arc::new(OpenMlsEngine::new()),
        welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        runtime: Arc::new(TokioRuntime::current()?),
    })
}
