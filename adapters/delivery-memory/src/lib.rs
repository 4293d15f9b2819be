//! A whole XMTP network in one process: the embedded default of hexmtp, and what its tests talk to.
//!
//! [`MemoryNetwork`] implements [`DeliveryService`](hexmtp_ports::delivery::DeliveryService),
//! [`IdentityLog`](hexmtp_ports::identity_log::IdentityLog), [`CommitLog`](hexmtp_ports::commit_log::CommitLog) and
//! [`ContractWalletVerifier`](hexmtp_ports::contract_wallet::ContractWalletVerifier) as the v3 API behaves
//! (PROTOCOL.md 6.2, PEER.md 4):
//! one growing number per table from 1 on, no look into encrypted content, no opinion on epochs (commits that lost
//! a race are delivered like any other), identity updates refused unless they apply. It keeps everything in
//! memory, needs no runtime, and must not be shared between people who do not trust one process.
//!
//! ```
//! use std::sync::Arc;
//!
//! use hexmtp_delivery_memory::MemoryNetwork;
//! use hexmtp_domain::{GroupId, Timestamp, VectorClock};
//! use hexmtp_platform_test::VirtualClock;
//! use hexmtp_ports::delivery::DeliveryService;
//!
//! # futures_util::FutureExt::now_or_never(async {
//! let network = MemoryNetwork::new(Arc::new(VirtualClock::starting_at(Timestamp::ZERO)));
//! let page = network.query_group_messages(GroupId::new([7; 16]), &VectorClock::new(), 100).await?;
//! assert!(page.items.is_empty() && !page.has_more);
//! # Ok::<(), hexmtp_ports::delivery::DeliveryError>(())
//! # }).unwrap().unwrap();
//! ```

mod calls;
mod chain;
mod commit_log;
mod delivery;
pub mod faults;
mod identity;
mod log;
mod network;
mod subscription;

pub use calls::{Call, CallCounts};
pub use network::MemoryNetwork;
