//! The command line of `hexmtp-node`.

use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hexmtp_node::{ChainList, ChainListError, NodeOptions};

/// An XMTP network node: the v3 API in gRPC and gRPC-Web, with health, reflection and GET /metrics, on one port.
///
/// It prints one line to standard output when it is ready; everything else goes to standard error. SIGTERM and SIGINT
/// stop it in order, a second one at once.
#[derive(Debug, Parser)]
#[command(name = "hexmtp-node", version)]
pub(crate) struct Cli {
    /// The address to listen on; port 0 lets the system choose
    #[arg(long, env = "HEXMTP_NODE_LISTEN", default_value = "127.0.0.1:5556")]
    listen: SocketAddr,
    /// Where the data are: sqlite::memory:, sqlite://<path> or postgres://<user>:<password>@<host>/<database>
    #[arg(long, env = "HEXMTP_NODE_DATABASE_URL", default_value = "sqlite::memory:", hide_env_values = true)]
    database_url: String,
    /// Connections that read from a file or a server; one more writes
    #[arg(long, env = "HEXMTP_NODE_DATABASE_READERS", default_value_t = NodeOptions::default().database_readers)]
    database_readers: u32,
    /// The most bytes of a request or an answer; official clients use 25 MiB
    #[arg(long, env = "HEXMTP_NODE_MAX_MESSAGE_BYTES", default_value_t = NodeOptions::default().max_message_bytes)]
    max_message_bytes: usize,
    /// The most entries of a page; official clients expect 100
    #[arg(long, env = "HEXMTP_NODE_MAX_PAGE_SIZE", default_value_t = NodeOptions::default().max_page_size)]
    max_page_size: u32,
    /// The most topics of a subscription
    #[arg(long, env = "HEXMTP_NODE_MAX_TOPICS", default_value_t = NodeOptions::default().max_topics)]
    max_topics: usize,
    /// The most live messages that wait for a subscriber before it is dropped
    #[arg(long, env = "HEXMTP_NODE_SUBSCRIBER_MESSAGES", default_value_t = NodeOptions::default().subscriber_messages)]
    subscriber_messages: usize,
    /// The most bytes of live messages that wait for a subscriber before it is dropped
    #[arg(long, env = "HEXMTP_NODE_SUBSCRIBER_BYTES", default_value_t = NodeOptions::default().subscriber_bytes)]
    subscriber_bytes: usize,
    /// The most connections at once
    #[arg(long, env = "HEXMTP_NODE_MAX_CONNECTIONS", default_value_t = NodeOptions::default().max_connections)]
    max_connections: usize,
    /// The most calls at once on one connection; a subscription is a call
    #[arg(long, env = "HEXMTP_NODE_MAX_STREAMS", default_value_t = NodeOptions::default().max_streams)]
    max_streams: u32,
    /// Seconds after which a silent HTTP/2 connection is asked whether the other side is there
    #[arg(long, env = "HEXMTP_NODE_KEEP_ALIVE_INTERVAL", value_name = "SECONDS",
        default_value_t = NodeOptions::default().keep_alive_interval.as_secs())]
    keep_alive_interval: u64,
    /// Seconds that the answer to that may take
    #[arg(long, env = "HEXMTP_NODE_KEEP_ALIVE_TIMEOUT", value_name = "SECONDS",
        default_value_t = NodeOptions::default().keep_alive_timeout.as_secs())]
    keep_alive_timeout: u64,
    /// Seconds between signs of life on a bidirectional subscription
    #[arg(long, env = "HEXMTP_NODE_STREAM_KEEP_ALIVE", value_name = "SECONDS",
        default_value_t = NodeOptions::default().stream_keep_alive.as_secs())]
    stream_keep_alive: u64,
    /// An origin of web pages that may call the node, such as https://app.example; repeat it, or separate origins by
    /// commas. Without any, all may
    #[arg(
        long = "cors-origin",
        env = "HEXMTP_NODE_CORS_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    cors_origins: Vec<String>,
    /// An endpoint of a chain, as <chain id>=<url>, that is asked about signatures of contract wallets; repeat it, or
    /// separate entries by commas. The first one of a chain is preferred, the others stand in for it. Without any chain
    /// such signatures are refused. Variables of the form CHAIN_RPC_<chain id>=<url>,<url> say the same, and keep keys
    /// in URLs off the command line
    #[arg(
        long = "chain-rpc",
        env = "HEXMTP_NODE_CHAIN_RPC",
        value_name = "ID=URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    chain_rpc: Vec<String>,
    /// A file with chains in JSON: {"<chain id>": "<url>" or ["<url>", ...], ...}. Of a chain that is given in several
    /// ways, what the flag says counts, then CHAIN_RPC_<chain id>, then the file
    #[arg(long, env = "HEXMTP_NODE_CHAINS_FILE", value_name = "PATH")]
    chains_file: Option<PathBuf>,
    /// Seconds that calls in progress have at shutdown
    #[arg(long, env = "HEXMTP_NODE_SHUTDOWN_GRACE", value_name = "SECONDS",
        default_value_t = NodeOptions::default().shutdown_grace.as_secs())]
    shutdown_grace: u64,
    /// The form of the log lines
    #[arg(long, env = "HEXMTP_NODE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// What is logged, as level or as comma-separated target=level, such as info or hexmtp_node=debug
    #[arg(long, env = "HEXMTP_NODE_LOG", value_name = "FILTER", default_value = "info")]
    pub(crate) log: String,
}

/// The form of the log lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Cli {
    /// The settings of the node.
    ///
    /// # Errors
    /// [`ChainListError`] when an endpoint of a chain is misspelt.
    pub(crate) fn options(&self) -> Result<NodeOptions, ChainListError> {
        Ok(NodeOptions {
            listen: self.listen,
            database_url: self.database_url.clone(),
            database_readers: self.database_readers,
            max_message_bytes: self.max_message_bytes,
            max_page_size: self.max_page_size,
            max_topics: self.max_topics,
            subscriber_messages: self.subscriber_messages,
            subscriber_bytes: self.subscriber_bytes,
            max_connections: self.max_connections,
            max_streams: self.max_streams,
            keep_alive_interval: Duration::from_secs(self.keep_alive_interval),
            keep_alive_timeout: Duration::from_secs(self.keep_alive_timeout),
            stream_keep_alive: Duration::from_secs(self.stream_keep_alive),
            cors_origins: self.cors_origins.clone(),
            chains: self.chains()?,
            shutdown_grace: Duration::from_secs(self.shutdown_grace),
        })
    }

    /// The chains of the file, the variables and the flags; the later ones count.
    fn chains(&self) -> Result<ChainList, ChainListError> {
        let mut chains = match &self.chains_file {
            Some(path) => ChainList::read(path)?,
            None => ChainList::default(),
        };
        let text = |text: OsString| text.into_string().ok();
        let variables = env::vars_os().filter_map(|(name, value)| text(name).zip(text(value)));
        chains.replace_by(ChainList::from_variables(variables)?);
        chains.replace_by(ChainList::from_entries(&self.chain_rpc)?);
        Ok(chains)
    }
}
