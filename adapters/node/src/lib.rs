//! A small XMTP network node: the server side of the v3 API, on SQLite or PostgreSQL.
//!
//! It serves `xmtp.mls.api.v1.MlsApi` and `xmtp.identity.api.v1.IdentityApi` as gRPC (HTTP/2 without TLS) and as
//! gRPC-Web, with health, reflection and `GET /metrics`, all on one port. Official clients take it for the network.
//!
//! ```
//! use hexmtp_node::{Node, NodeOptions};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let node = Node::start(NodeOptions::default()).await?;
//! assert!(node.url().starts_with("http://127.0.0.1:"));
//! node.shutdown().await
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What holds whatever happens: a call that was acknowledged is durable; who reads sees everything that was
//! acknowledged before; numbers begin with 1, grow within each table, and a reader who sees a number has everything
//! below it; a subscriber gets its log without a gap and without repetition, or is told that it was too slow.

mod calls;
mod checks;
mod entity;
mod envelope;
mod error;
mod feed;
mod hub;
mod identity_api;
mod key_package;
mod metrics;
mod migration;
mod mls_api;
mod node;
mod options;
mod server;
mod session;
mod storage;
mod writer;

pub use error::NodeError;
pub use hexmtp_verifier_rpc::{ChainList, ChainListError};
pub use node::{Node, RunningNode};
pub use options::NodeOptions;
