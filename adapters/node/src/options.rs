//! The settings of a node.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hexmtp_verifier_rpc::ChainList;

use crate::NodeError;

/// How a node runs. `Default` is a node for tests and development: in memory, on a free port of the loopback
/// interface.
#[derive(Clone)]
pub struct NodeOptions {
    /// Where to listen; with port 0 the system chooses one.
    pub listen: SocketAddr,
    /// `sqlite::memory:`, `sqlite://<path>` or `postgres://<...>`.
    pub database_url: String,
    /// How many connections read from a database in a file or on a server. One more writes.
    pub database_readers: u32,
    /// The most bytes of a request or an answer. Official clients use 25 MiB (PROTOCOL.md 6.1).
    pub max_message_bytes: usize,
    /// The most entries of a page. Official clients take a shorter page for the last one, so this is not to be
    /// lowered where they are served (PEER.md 4).
    pub max_page_size: u32,
    /// The most topics of a subscription.
    pub max_topics: usize,
    /// The most live messages that wait for a subscriber who does not read; with one more it is dropped.
    pub subscriber_messages: usize,
    /// The most bytes of live messages that wait for a subscriber who does not read.
    pub subscriber_bytes: usize,
    /// The most connections at once; those beyond are closed at once.
    pub max_connections: usize,
    /// The most calls at once on one connection. A subscription is a call.
    pub max_streams: u32,
    /// How often an HTTP/2 connection that is silent is asked whether the other side is there.
    pub keep_alive_interval: Duration,
    /// How long the answer to that may take.
    pub keep_alive_timeout: Duration,
    /// How often a bidirectional subscription gets a sign of life (XIP-83).
    pub stream_keep_alive: Duration,
    /// The origins of web pages that may call the node; empty means all.
    pub cors_origins: Vec<String>,
    /// The chains that are asked about signatures of contract wallets. Without any, such signatures are refused.
    pub chains: ChainList,
    /// How long calls in progress may take at shutdown.
    pub shutdown_grace: Duration,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database_url: "sqlite::memory:".to_owned(),
            database_readers: 4,
            max_message_bytes: 25 * 1024 * 1024,
            max_page_size: 100,
            max_topics: 10_000,
            subscriber_messages: 10_000,
            subscriber_bytes: 32 * 1024 * 1024,
            max_connections: 10_000,
            max_streams: 10_000,
            keep_alive_interval: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(20),
            stream_keep_alive: Duration::from_secs(30),
            cors_origins: Vec::new(),
            chains: ChainList::default(),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

impl NodeOptions {
    /// Refuses what no node can run with.
    pub(crate) fn check(&self) -> Result<(), NodeError> {
        let smallest = [
            ("database_readers", self.database_readers == 0),
            ("max_message_bytes", self.max_message_bytes < 64 * 1024),
            ("max_page_size", self.max_page_size == 0),
            ("max_topics", self.max_topics == 0),
            ("subscriber_messages", self.subscriber_messages == 0),
            ("subscriber_bytes", self.subscriber_bytes == 0),
            ("max_connections", self.max_connections == 0),
            ("max_streams", self.max_streams == 0),
            ("keep_alive_interval", self.keep_alive_interval.is_zero()),
            ("keep_alive_timeout", self.keep_alive_timeout.is_zero()),
            ("stream_keep_alive", self.stream_keep_alive.as_millis() == 0),
        ];
        match smallest.into_iter().find(|(_, is_too_small)| *is_too_small) {
            Some((setting, _)) => Err(NodeError::Setting { setting, problem: "is too small" }),
            None => Ok(()),
        }
    }
}

/// Without the database URL, which may hold a password, and of the chains' endpoints only the hosts.
impl fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeOptions")
            .field("listen", &self.listen)
            .field("chains", &self.chains)
            .finish_non_exhaustive()
    }
}
