//! The unmodified official SDK as the other side: clients of both in one network, a node of ours.
//!
//! [`Scene`] is what a scenario works with. It makes wallets, clients of the official SDK ([`Official`]) and clients of
//! ours ([`Ours`]). The official ones live in Node processes ([`peer`]), one for each version of the SDK, that all
//! scenarios of a test program share, as they share the node ([`arena`]). [`assert_same`] says whether both sides hold
//! the same of a conversation.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong here fails the test that asked for it"
)]

pub mod arena;
mod compare;
mod held;
mod official;
mod official_state;
mod official_store;
mod ours;
pub mod peer;
mod scene;
mod settle;
mod wallet;

pub use compare::{Same, assert_same, assert_same_state};
pub use official::{Official, OfficialConversation};
pub use official_state::{InboxState, Member, OfficialMessage, State};
pub use official_store::OfficialStore;
pub use ours::Ours;
pub use peer::Sdk;
pub use scene::{Scene, Setup};
pub use settle::{settle, until};
pub use wallet::Wallet;
