//! The traits that the hexmtp application needs from the world, and the values that cross them.
//!
//! Adapters implement these traits; the application holds them as `Arc<dyn …>`. Each port has one error
//! type with stable codes and a [`Retry`] class, and a conformance suite that every adapter passes.

pub mod bounds;
pub mod commit_log;
pub mod contract_wallet;
pub mod delivery;
pub mod identity_log;
pub mod mls;
pub mod platform;
pub mod retry;
pub mod secret_store;
pub mod signer;
pub mod store;
pub mod welcome_crypto;

pub use hexmtp_ports_macros::port;
pub use retry::Retry;

// `#[port]` names this crate by its own name, also within it.
extern crate self as hexmtp_ports;
