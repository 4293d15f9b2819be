//! The tables, one file each, with the conversions between rows and records.
//!
//! Every row belongs to an installation: in a file there is one, with the number 1; on a server there may be many.
//!
//! Numbers that the domain counts in 64 bits without sign are stored in 64 bits with sign, and refused when they do
//! not fit. Text that other people wrote (a key of a message, a name of a content type) is stored as UTF-8 bytes,
//! because PostgreSQL's text cannot hold a zero character.

#![allow(unreachable_pub, reason = "SeaORM's derive macros make public items; nothing here leaves the crate")]

pub(crate) mod association_state;
pub(crate) mod commit_log;
pub(crate) mod consent;
pub(crate) mod conversation;
pub(crate) mod cursor;
pub(crate) mod cutover;
pub(crate) mod deferred_welcome;
pub(crate) mod deletion;
pub(crate) mod feed;
pub(crate) mod iced;
pub(crate) mod iced_dependency;
pub(crate) mod identity;
pub(crate) mod identity_update;
pub(crate) mod installation;
pub(crate) mod intent;
pub(crate) mod key_package;
pub(crate) mod known_inbox;
pub(crate) mod lease;
pub(crate) mod message;
pub(crate) mod mls_row;
pub(crate) mod preferences;
pub(crate) mod readd;
pub(crate) mod rejected;
pub(crate) mod remote_commit_log;
pub(crate) mod revision;
pub(crate) mod sync_progress;
pub(crate) mod task;
pub(crate) mod watermark;
