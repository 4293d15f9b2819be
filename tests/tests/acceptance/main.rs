//! Use cases over adapters in memory: what people can do, and what happens when something fails.

#![allow(clippy::expect_used, clippy::panic, reason = "what cannot be looked at fails the test")]

mod conversations;
mod crafted;
mod dms;
mod faults;
mod followed;
mod hostile;
mod inboxes;
mod key_packages;
mod keys;
mod leaving;
mod long_logs;
mod looking;
mod membership;
mod observed;
mod optimistic;
mod outbox;
mod passkeys;
mod registration;
mod requests;
mod settings;
mod stored;
mod streams;
mod versions;
