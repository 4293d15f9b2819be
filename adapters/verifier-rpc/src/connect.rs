//! The HTTP client.

use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use crate::options::VerifierOptions;

/// Why there is no verifier.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl VerifierError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Tls(_) => "verifier.tls",
            Self::Http(_) => "verifier.http",
        }
    }
}

/// Clients for endpoints on this machine and elsewhere.
pub(crate) struct Clients {
    near: Client,
    far: Client,
}

impl Clients {
    pub(crate) fn new(options: &VerifierOptions) -> Result<Self, VerifierError> {
        let tls = tls()?;
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(options.connect_timeout)
                .timeout(options.request_timeout)
                // An endpoint that sends its askers elsewhere would pass on the key in its URL.
                .redirect(Policy::none())
                .user_agent(concat!("hexmtp/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            near: builder().no_proxy().build().map_err(VerifierError::Http)?,
            far: builder().build().map_err(VerifierError::Http)?,
        })
    }

    /// The client for an endpoint. No proxy stands between a machine and itself.
    pub(crate) fn client_for(&self, url: &Url) -> Client {
        let is_near = match url.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.starts_with("127."),
            None => false,
        };
        if is_near { self.near.clone() } else { self.far.clone() }
    }
}

/// TLS with the certificate authorities that the operating system trusts.
fn tls() -> Result<ClientConfig, VerifierError> {
    let mut authorities = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificate authorities of the system cannot be read");
    }
    authorities.add_parsable_certificates(found.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(VerifierError::Tls)?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(config)
}
