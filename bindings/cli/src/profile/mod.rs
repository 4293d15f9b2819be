//! Profiles: an account on this machine, its folder and its secrets.
//!
//! ```text
//! <home>/<profile>/profile.json    which key store and server the profile uses; nothing secret
//! <home>/<profile>/messages.db     the encrypted database, and its write-ahead log beside it
//! <home>/<profile>/keys/           the secrets, when they are kept in files
//! ```

mod folder;
mod record;
mod secrets;

pub(crate) use folder::Folder;
pub(crate) use record::{KeyStoreKind, Record};
pub(crate) use secrets::{DATABASE_KEY, Secrets, WALLET_KEY, kind_for_new_profile, random_key};
