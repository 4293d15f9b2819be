//! Clients, their network and a real node, while connections break and the node is killed: what was acknowledged is had
//! by everybody once, without help.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod connections;
mod kills;
mod node_process;
mod people;
