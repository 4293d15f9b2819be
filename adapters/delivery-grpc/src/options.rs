//! How to talk to a server, and how patiently.

use std::fmt;
use std::time::Duration;

/// How often and for how long a call is repeated that failed for a passing reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is tried in all; 1 means that nothing is repeated.
    pub attempts: u32,
    /// The wait before the second attempt. Each further wait is twice as long. A random part of up to the same
    /// length is added to each, so that clients that failed together do not come back together.
    pub first_wait: Duration,
    /// No wait is longer than this, but for its random part.
    pub longest_wait: Duration,
    /// Nothing is repeated once a call has taken this long in all.
    pub total: Duration,
}

impl RetryPolicy {
    /// Every call is tried once.
    pub const NONE: Self =
        Self { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, total: Duration::ZERO };
}

impl Default for RetryPolicy {
    /// Five attempts within a minute, the first two 100 to 200 ms apart, no two more than 10 s. A call that got no
    /// answer within the usual time limit of two minutes is not repeated; a dead connection is found out sooner.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(5),
            total: Duration::from_secs(60),
        }
    }
}

/// Where a server is and how it is talked to. The defaults are those of the official clients (PEER.md 2).
#[derive(Clone)]
pub struct GrpcOptions {
    pub(crate) url: String,
    pub(crate) app_version: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) keep_alive_interval: Duration,
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) max_message_bytes: usize,
    pub(crate) calls_per_minute: Option<u32>,
    pub(crate) retries: RetryPolicy,
    pub(crate) reconnect_first_wait: Duration,
    pub(crate) reconnect_longest_wait: Duration,
    pub(crate) ca_certificates: Vec<Vec<u8>>,
}

impl GrpcOptions {
    /// The server at `url`: `http://host:port` without TLS, `https://host:port` or `grpcs://host:port` with TLS
    /// and the certificate authorities that the operating system trusts.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            app_version: concat!("hexmtp/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(120),
            keep_alive_interval: Duration::from_secs(16),
            keep_alive_timeout: Duration::from_secs(10),
            max_message_bytes: 25 * 1024 * 1024,
            calls_per_minute: Some(5_000),
            retries: RetryPolicy::default(),
            reconnect_first_wait: Duration::from_millis(100),
            reconnect_longest_wait: Duration::from_secs(15),
            ca_certificates: Vec::new(),
        }
    }

    /// What the header `x-app-version` says: the application's name and version. Printable ASCII.
    #[must_use]
    pub fn app_version(mut self, version: impl Into<String>) -> Self {
        self.app_version = version.into();
        self
    }

    /// How long making a connection may take: 10 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, span: Duration) -> Self {
        self.connect_timeout = span;
        self
    }

    /// How long one attempt of a call may take until its whole answer is there, and a subscription until it has
    /// begun: 120 s unless set.
    #[must_use]
    pub fn request_timeout(mut self, span: Duration) -> Self {
        self.request_timeout = span;
        self
    }

    /// How often the server is asked for a sign of life, on idle connections too, and how long it may take to
    /// give one before the connection counts as dead: 16 s and 10 s unless set.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keep_alive_interval = interval;
        self.keep_alive_timeout = timeout;
        self
    }

    /// The largest request and the largest answer, in bytes: 25 MiB unless set.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// How many calls are made in a minute, repetitions included; further ones wait. 5000 unless set; `None` sets
    /// no limit.
    #[must_use]
    pub fn calls_per_minute(mut self, calls: Option<u32>) -> Self {
        self.calls_per_minute = calls;
        self
    }

    /// How calls are repeated.
    #[must_use]
    pub fn retries(mut self, policy: RetryPolicy) -> Self {
        self.retries = policy;
        self
    }

    /// The waits before a broken subscription is taken up again: the first one, and the longest one that repeated
    /// failures lead to, each with a random part of up to the same length added. 100 ms and 15 s unless set.
    #[must_use]
    pub fn reconnect_waits(mut self, first: Duration, longest: Duration) -> Self {
        self.reconnect_first_wait = first;
        self.reconnect_longest_wait = longest;
        self
    }

    /// Trusts the certificate authorities of a PEM text as well.
    #[must_use]
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates.push(pem.into());
        self
    }
}

impl fmt::Debug for GrpcOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcOptions")
            .field("url", &self.url)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
