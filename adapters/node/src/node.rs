//! Starting and stopping.

use std::net::SocketAddr;
use std::sync::Arc;

use hexmtp_ports::contract_wallet::ContractWalletVerifier;
use hexmtp_verifier_rpc::{RpcContractWalletVerifier, VerifierOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::hub::{Hub, Limits};
use crate::identity_api::IdentityService;
use crate::metrics::Metrics;
use crate::mls_api::MlsService;
use crate::options::NodeOptions;
use crate::storage::Storage;
use crate::{NodeError, server};

/// A node that is not running.
#[derive(Clone, Copy, Debug)]
pub struct Node;

impl Node {
    /// Starts a node that asks the chains of its options about signatures of contract wallets, and refuses those of
    /// other chains. It serves when this returns.
    ///
    /// # Errors
    /// [`NodeError`] says what stands in the way.
    pub async fn start(options: NodeOptions) -> Result<RunningNode, NodeError> {
        let verifier = verifier(&options)?;
        Self::start_with_verifier(options, verifier).await
    }

    /// Starts a node that has signatures of contract wallets verified by somebody else than the chains of its options,
    /// or refuses them all. It serves when this returns.
    ///
    /// # Errors
    /// [`NodeError`] says what stands in the way.
    pub async fn start_with_verifier(
        options: NodeOptions,
        verifier: Option<Arc<dyn ContractWalletVerifier>>,
    ) -> Result<RunningNode, NodeError> {
        options.check()?;
        let options = Arc::new(options);
        let metrics = Arc::new(Metrics::default());
        let limits = Limits { messages: options.subscriber_messages, bytes: options.subscriber_bytes };
        let hub = Hub::new(limits, Arc::clone(&metrics));
        let storage = Storage::open(
            &options.database_url,
            options.database_readers,
            options.max_message_bytes,
            hub.clone(),
            Arc::clone(&metrics),
        )
        .await?;
        let started = serve(options, verifier, hub.clone(), storage.clone(), metrics).await;
        match started {
            Ok((address, health, stop, task)) => {
                tracing::info!(%address, "the node is ready");
                Ok(RunningNode { address, health, hub, storage, stop, task })
            }
            Err(error) => {
                storage.close().await;
                Err(error)
            }
        }
    }
}

/// The verifier for the chains of the options, if there are any.
fn verifier(options: &NodeOptions) -> Result<Option<Arc<dyn ContractWalletVerifier>>, NodeError> {
    if options.chains.is_empty() {
        return Ok(None);
    }
    let verifier = RpcContractWalletVerifier::new(&options.chains, VerifierOptions::default());
    Ok(Some(Arc::new(verifier.map_err(NodeError::Verifier)?)))
}

type Started = (SocketAddr, HealthReporter, oneshot::Sender<()>, JoinHandle<()>);

async fn serve(
    options: Arc<NodeOptions>,
    verifier: Option<Arc<dyn ContractWalletVerifier>>,
    hub: Hub,
    storage: Storage,
    metrics: Arc<Metrics>,
) -> Result<Started, NodeError> {
    let failed = |source| NodeError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let identity = IdentityService::new(storage.clone(), verifier);
    let mls = MlsService { storage, hub, options: Arc::clone(&options) };
    let (router, health) = server::router(&options, mls, identity, Arc::clone(&metrics)).await?;
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server::serve(listener, router, options, metrics, stopped));
    Ok((address, health, stop, task))
}

/// A node that serves. To drop it stops it without waiting for calls in progress; what was acknowledged is safe.
#[derive(Debug)]
pub struct RunningNode {
    address: SocketAddr,
    health: HealthReporter,
    hub: Hub,
    storage: Storage,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningNode {
    /// The address that it listens on, with the port that the system chose if none was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for clients, such as `http://127.0.0.1:5556`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops: no new calls, subscriptions end, calls in progress have the time of
    /// [`NodeOptions::shutdown_grace`], and the database is closed.
    ///
    /// # Errors
    /// [`NodeError::Task`] when the part that serves had failed.
    pub async fn shutdown(self) -> Result<(), NodeError> {
        let Self { health, hub, storage, stop, task, .. } = self;
        for service in ["", "xmtp.mls.api.v1.MlsApi", "xmtp.identity.api.v1.IdentityApi"] {
            health.set_service_status(service, ServingStatus::NotServing).await;
        }
        // If nobody listens, the task has ended already.
        let _ = stop.send(());
        hub.close();
        let served = task.await.map_err(NodeError::Task);
        storage.close().await;
        tracing::info!("the node has stopped");
        served
    }
}
