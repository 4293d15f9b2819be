//! The client as people and programs use it: the built command, several profiles, and a node in this process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod chat;
mod conversations;
mod failures;
mod inbox;
mod processes;
mod world;
