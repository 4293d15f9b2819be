//! The commands, but for `chat` and `demo`.

mod account;
mod conversations;
mod inbox;
mod init;
mod messages;

pub(crate) use account::{can_message, info};
pub(crate) use conversations::{dm, group};
pub(crate) use inbox::inbox;
pub(crate) use init::init;
pub(crate) use messages::{messages, newest, send, stream, sync};
