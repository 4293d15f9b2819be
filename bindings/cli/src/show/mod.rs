//! Results as people and programs read them.

mod account;
mod conversation;
mod inbox;
mod message;
mod printable;

pub(crate) use account::{Account, Reach, Synced};
pub(crate) use conversation::{ConversationView, MemberView, conversation_table, conversation_view, title};
pub(crate) use inbox::InboxView;
pub(crate) use message::{MessageView, Sent, message_view};
pub(crate) use printable::{one_line, printable, short};
