//! Groups of installations of this adapter among themselves.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail anywhere, also outside of its own function"
)]

mod hostile;
mod lifecycle;
mod people;
mod races;
mod rows;
mod stock;
