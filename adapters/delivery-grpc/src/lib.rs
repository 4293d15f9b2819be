//! XMTP's v3 gRPC API as the network of hexmtp.
//!
//! [`GrpcNetwork`] implements [`DeliveryService`](hexmtp_ports::delivery::DeliveryService),
//! [`IdentityLog`](hexmtp_ports::identity_log::IdentityLog), [`CommitLog`](hexmtp_ports::commit_log::CommitLog) and
//! [`ContractWalletVerifier`](hexmtp_ports::contract_wallet::ContractWalletVerifier) over HTTP/2, with TLS or without
//! (PROTOCOL.md 6.1, 6.2).
//!
//! What the adapter takes off its callers:
//!
//! - Calls are split as servers demand it, and pages are read to the end of what was asked.
//! - Answers are checked: each question has its answer, numbers ascend, ids have their length. What does not fit is an
//!   error, never a guess.
//! - A call that failed for a passing reason is repeated, with growing waits and an end. Every method of the API may be
//!   repeated; `retry.rs` says why.
//! - A subscription that breaks is taken up again behind the last envelope that it handed out, for ever.
//!
//! It needs a tokio runtime with I/O and time. It starts no task of its own besides those of its connections.
//!
//! ```no_run
//! use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = GrpcOptions::new("http://127.0.0.1:5556").app_version("example/1.0");
//! let network = GrpcNetwork::connect(options)?;
//! # Ok(())
//! # }
//! ```

mod call;
mod codec;
mod commit_log;
mod connect;
mod contract_wallet;
mod delivery;
mod envelope;
mod failure;
mod followed;
mod identity_log;
mod limits;
mod method;
mod network;
mod options;
mod paging;
mod rate;
mod retry;
mod statistics;
mod subscription;
mod verdict;

pub use connect::GrpcConnectError;
pub use method::Method;
pub use network::GrpcNetwork;
pub use options::{GrpcOptions, RetryPolicy};
pub use statistics::{MethodStatistics, Statistics};

#[cfg(test)]
mod tests;
