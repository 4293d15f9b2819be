//! Our clients, as scenarios use them.

use std::path::PathBuf;
use std::sync::Arc;

use hexmtp::{Client, Conversation, Ports};
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions};
use hexmtp_domain::{GroupId, InboxId, InstallationId};
use hexmtp_mls_openmls::OpenMlsWelcomeCrypto;
use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
use hexmtp_ports::mls::MlsEngine;
use hexmtp_ports::store::Store;
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};

use super::wallet::Wallet;

/// One of our installations on the node of the arena.
pub struct Ours {
    /// The client.
    pub client: Client,
    /// What it runs on.
    pub ports: Ports,
    /// Whose it is.
    pub wallet: Wallet,
    file: Option<PathBuf>,
}

/// The adapters of an installation on this node.
async fn ports(url: &str, store: Arc<dyn Store>, mls: Arc<dyn MlsEngine>) -> Ports {
    let network = Arc::new(GrpcNetwork::connect(GrpcOptions::new(url)).expect("a connection"));
    Ports {
        store,
        delivery: Arc::clone(&network) as _,
        identity_log: Arc::clone(&network) as _,
        contract_wallets: network,
        secrets: None,
        mls,
        welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        runtime: Arc::new(TokioRuntime::current().expect("within a test")),
    }
}

async fn sqlite(file: &std::path::Path) -> Arc<dyn Store> {
    let options = SqliteOptions::file(file, Encryption::Unencrypted).readers(1);
    Arc::new(SqlStore::open_sqlite(options).await.expect("a database"))
}

impl Ours {
    /// Registers an installation that keeps its state in a file, or in memory where there is none, on an engine.
    pub(super) async fn register(
        url: &str,
        wallet: Wallet,
        file: Option<PathBuf>,
        mls: Arc<dyn MlsEngine>,
    ) -> Self {
        let store: Arc<dyn Store> = match &file {
            Some(file) => sqlite(file).await,
            None => Arc::new(MemoryStore::default()),
        };
        let ports = ports(url, store, mls).await;
        let client = Client::builder(ports.clone()).register(&wallet.signer()).await.expect("registered");
        Self { client, ports, wallet, file }
    }

    /// Starts a client that was closed again from its file, as after a restart of the process.
    ///
    /// # Panics
    /// When it lived in memory, or cannot be opened again.
    pub async fn reopened(self, url: &str) -> Self {
        let file = self.file.expect("a client with a file");
        let ports = ports(url, sqlite(&file).await, self.ports.mls).await;
        let client = Client::builder(ports.clone()).open().await.expect("opened");
        Self { client, ports, wallet: self.wallet, file: Some(file) }
    }

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

    /// Reads everything there is to read.
    ///
    /// # Panics
    /// When the sync fails, or a conversation does.
    pub async fn sync(&self) {
        let summary = self.client.sync_all().await.expect("a sync");
        assert_eq!(summary.failed, 0, "a conversation could not be synced");
    }

    /// Joins what it was added to, which has to be this conversation among others, and reads it.
    ///
    /// # Panics
    /// When the conversation is not among them.
    pub async fn joined(&self, id: GroupId) -> Conversation {
        self.sync().await;
        let rejected = self.client.rejected(10).await.expect("a list");
        self.client
            .conversation(id)
            .await
            .unwrap_or_else(|_| panic!("we did not join; refused: {rejected:#?}"))
    }
}
