//! From options to connections.

use std::time::Duration;

use thiserror::Error;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Uri};
use tower::ServiceExt;

use crate::call::{Transport, TransportError};
use crate::options::GrpcOptions;

/// How many bytes of one answer or subscription a server may send before they are read.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
/// The same for all of a connection. So large that a subscription that nobody reads holds up no other: memory is
/// bounded by the streams' windows.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// Within these bounds nothing overflows, and no connection is busy with nothing but signs of life.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a network cannot be set up. None of this needs the server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GrpcConnectError {
    /// The URL is not one of a server.
    #[error("not a server's URL: {0}")]
    Url(&'static str),
    /// The application's version does not fit into a header.
    #[error("the application's version is not printable ASCII")]
    AppVersion,
    /// TLS cannot be set up: no certificate authority is trusted, or an extra one cannot be read.
    #[error("TLS cannot be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no tokio runtime to run connections on.
    #[error("no tokio runtime is running")]
    NoRuntime,
}

impl GrpcConnectError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "grpc.url",
            Self::AppVersion => "grpc.app_version",
            Self::Tls(_) => "grpc.tls",
            Self::NoRuntime => "grpc.no_runtime",
        }
    }
}

/// A connection that is made when it is first used, and anew when it is used after it broke.
pub(crate) fn transport(options: &GrpcOptions) -> Result<Transport, GrpcConnectError> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(GrpcConnectError::NoRuntime);
    }
    let channel: Channel = endpoint(options)?.connect_lazy();
    Ok(Transport::new(channel.map_err(|error| TransportError(error.into()))))
}

fn endpoint(options: &GrpcOptions) -> Result<Endpoint, GrpcConnectError> {
    let (uri, is_tls) = server(&options.url)?;
    let endpoint = Endpoint::from(uri)
        .connect_timeout(options.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(options.keep_alive_interval.clamp(SHORTEST, LONGEST))
        .keep_alive_timeout(options.keep_alive_timeout.clamp(SHORTEST, LONGEST))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    if is_tls { with_tls(endpoint, options) } else { Ok(endpoint) }
}

/// TLS with the operating system's authorities and the extra ones; where the system has none, with the extra ones.
/// tonic takes the process's cryptography provider if there is one and *ring* otherwise; it installs none.
fn with_tls(endpoint: Endpoint, options: &GrpcOptions) -> Result<Endpoint, GrpcConnectError> {
    let extra = options.ca_certificates.iter().map(Certificate::from_pem);
    let config = ClientTlsConfig::new().ca_certificates(extra);
    let outcome = endpoint.clone().tls_config(config.clone().with_native_roots());
    let outcome = match outcome {
        Err(_) if !options.ca_certificates.is_empty() => endpoint.tls_config(config),
        outcome => outcome,
    };
    outcome.map_err(|error| GrpcConnectError::Tls(error.into()))
}

/// The server that a URL names, and whether it is talked to with TLS.
fn server(url: &str) -> Result<(Uri, bool), GrpcConnectError> {
    let (scheme, rest) = url.split_once("://").ok_or(GrpcConnectError::Url("the scheme is missing"))?;
    let (scheme, is_tls) = match scheme.to_ascii_lowercase().as_str() {
        "http" | "grpc" => ("http", false),
        "https" | "grpcs" => ("https", true),
        _ => return Err(GrpcConnectError::Url("the scheme is neither http nor https nor grpcs")),
    };
    let uri: Uri =
        format!("{scheme}://{rest}").parse().map_err(|_| GrpcConnectError::Url("it cannot be read"))?;
    let authority = uri.authority().ok_or(GrpcConnectError::Url("the host is missing"))?;
    if authority.host().is_empty() {
        return Err(GrpcConnectError::Url("the host is missing"));
    }
    if authority.as_str().contains('@') {
        return Err(GrpcConnectError::Url("user names have no place in it"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(GrpcConnectError::Url("nothing may follow the port"));
    }
    Ok((uri, is_tls))
}
