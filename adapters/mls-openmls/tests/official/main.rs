//! What official clients sent: key packages, welcomes and group messages captured with the keys of their recipients
//! (`tests/vectors`, from libxmtp 1.11.0-dev). Being one of the recipients, this adapter must see what they saw.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail anywhere, also outside of its own function"
)]

mod captured;
mod chains;
mod key_packages;
mod parameters;
mod welcomes;
