//! The one port: gRPC, gRPC-Web, and metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use hexmtp_proto::FILE_DESCRIPTOR_SET;
use hexmtp_proto::xmtp::identity::api::v1::identity_api_server::IdentityApiServer;
use hexmtp_proto::xmtp::mls::api::v1::mls_api_server::MlsApiServer;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

use crate::NodeError;
use crate::calls;
use crate::identity_api::IdentityService;
use crate::metrics::{self, Metrics};
use crate::mls_api::MlsService;
use crate::options::NodeOptions;

/// How long to wait after the system refused to hand out a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a browser may remember what it was told about cross-origin calls.
const CORS_MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// All services on one router, and the switch of the health service.
pub(crate) async fn router(
    options: &NodeOptions,
    mls: MlsService,
    identity: IdentityService,
    metrics: Arc<Metrics>,
) -> Result<(Router, HealthReporter), NodeError> {
    let limit = options.max_message_bytes;
    let mls = MlsApiServer::new(mls).max_decoding_message_size(limit);
    let identity = IdentityApiServer::new(identity).max_decoding_message_size(limit);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<MlsApiServer<MlsService>>().await;
    reporter.set_serving::<IdentityApiServer<IdentityService>>().await;
    let reflection = |error| NodeError::Reflection(Box::new(error));
    let describe = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let grpc = Routes::new(mls)
        .add_service(identity)
        .add_service(health)
        .add_service(describe().build_v1().map_err(reflection)?)
        .add_service(describe().build_v1alpha().map_err(reflection)?)
        .into_axum_router()
        .layer(from_fn_with_state(Arc::clone(&metrics), calls::observe))
        .layer(GrpcWebLayer::new());
    let router = Router::new()
        .route("/metrics", get(show_metrics).with_state(metrics))
        .merge(grpc)
        .layer(cors(&options.cors_origins)?);
    Ok((router, reporter))
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics.text())
}

/// What web pages may do: call, and read what gRPC-Web puts into headers.
fn cors(origins: &[String]) -> Result<CorsLayer, NodeError> {
    let origins = if origins.is_empty() {
        AllowOrigin::any()
    } else {
        let header = |origin: &String| HeaderValue::from_str(origin);
        AllowOrigin::list(origins.iter().map(header).collect::<Result<Vec<_>, _>>().map_err(|_| {
            NodeError::Setting { setting: "cors_origins", problem: "holds something that is no origin" }
        })?)
    };
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin", "subscribed"];
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods([Method::GET, Method::POST])
        .expose_headers(ExposeHeaders::list(exposed.map(HeaderName::from_static)))
        .max_age(CORS_MAX_AGE))
}

/// Serves connections until it is told to stop, then gives those in progress some time.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    options: Arc<NodeOptions>,
    metrics: Arc<Metrics>,
    mut stop: oneshot::Receiver<()>,
) {
    let builder = connection_builder(&options);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            // The sender's end is dropped only with the node.
            _ = &mut stop => break,
        };
        match accepted {
            Ok(_) if connections.len() >= options.max_connections => {
                tracing::warn!("a connection is refused: there are too many");
            }
            Ok((stream, peer)) => {
                let service = TowerToHyperService::new(router.clone());
                let connection = builder.serve_connection(TokioIo::new(without_delay(stream)), service);
                let connection = graceful.watch(connection.into_owned());
                connections.spawn(until_closed(connection, peer, Arc::clone(&metrics)));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // New connections are refused from here on.
    drop(listener);
    if tokio::time::timeout(options.shutdown_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections are cut off");
    }
    connections.shutdown().await;
}

fn connection_builder(options: &NodeOptions) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.max_streams)
        .keep_alive_interval(options.keep_alive_interval)
        .keep_alive_timeout(options.keep_alive_timeout);
    builder.http1().timer(TokioTimer::new());
    builder
}

/// Answers are small and somebody waits for them.
fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    stream
}

async fn until_closed<E: std::fmt::Display>(
    connection: impl Future<Output = Result<(), E>>,
    peer: SocketAddr,
    metrics: Arc<Metrics>,
) {
    metrics.connections.inc();
    // Counted down also when the task is cut off.
    let _open = Open(&metrics);
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}

struct Open<'a>(&'a Metrics);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}
