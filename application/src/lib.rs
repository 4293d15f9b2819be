//! XMTP messaging with ports and adapters: the use cases.
//!
//! A [`Client`] is one installation of one inbox. It runs on [`Ports`]: a store, a network, an MLS engine, a
//! clock, randomness and tasks, each of them an adapter of the integrator's choice. Everything it does follows
//! one pattern: load, decide, commit. What the network says is judged by the rules of `hexmtp-domain`; what is
//! decided is stored in one transaction; what is stored can be read, streamed and resumed.
//!
//! `ARCHITECTURE.md` walks one message from [`Conversation::send_text`] to the other side's stream.

mod client;
mod consent;
mod context;
mod conversation;
pub mod error;
mod group;
mod group_lock;
mod identity;
mod inbound;
mod inboxes;
mod key_package;
mod message;
mod outbound;
mod session_cache;
mod signer;
mod stream;
mod unit;

pub use client::{Client, ClientBuilder, ConversationPreview, PendingRegistration, PreparedRegistration};
pub use context::Ports;
pub use conversation::{Conversation, Member};
pub use group::{GroupOptions, GroupPermissions};
pub use hexmtp_domain as domain;
pub use hexmtp_ports as ports;
pub use identity::{Freshness, InboxChange, KeyPackageStatus, Reachability};
pub use inbound::SyncSummary;
pub use inboxes::{InboxPorts, Inboxes};
pub use message::Message;
pub use outbound::SendOptions;
pub use signer::{LegacySigner, LocalSigner};
pub use stream::{MessageStream, StreamScope, StreamedMessage};
