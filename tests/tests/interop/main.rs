//! Our clients and clients of the unmodified official SDK in one network, over our node. `dev/setup-interop` installs
//! the SDKs; the scenarios have it called.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a scenario fails by panicking")]

mod attempts;
mod contract_wallets;
mod dms;
mod groups;
mod in_turns;
mod installations;
mod leaving;
mod membership;
mod messages;
mod metadata;
mod official;
mod others;
mod races;
mod registration;
mod restarts;
mod settings;
mod streams;
mod unusual;
mod walk;
mod welcomes;

use hexmtp::Conversation;
use hexmtp_ports::store::MessageFilter;

/// The texts that we list in a conversation.
async fn texts(conversation: &Conversation) -> Vec<String> {
    let listed = conversation.messages(MessageFilter::default()).await.expect("our messages");
    listed.iter().filter_map(|message| message.body.as_text()).map(str::to_owned).collect()
}
