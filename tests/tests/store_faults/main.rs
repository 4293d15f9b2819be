//! What can happen to a database while stores work on it: broken connections, servers that go and come, full, locked and
//! read-only files, other keys. Nothing that was acknowledged is lost, nothing happens twice, and every error says what
//! it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod connections;
mod data_key;
mod files;
mod keys;
mod refusals;
mod servers;
mod tls;
mod work;
