//! Signatures and states of inboxes, beside the raw cryptography that no implementation can do without: what is above it
//! is the price of our rules. The ratios are printed at the end.
//!
//! `cargo bench -p hexmtp-tests --bench identity -- --quick` for a first look. Contract wallets are asked on a chain on
//! this machine; there the raw side is the same question over a bare connection.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot start must stop, and prints what it found"
)]

mod contract_wallets;
mod in_one_call;
mod log;
mod ratios;
mod signatures;
mod states;

use criterion::{Criterion, criterion_group, criterion_main};
use ratios::Ratios;

fn identity(criterion: &mut Criterion) {
    let mut ratios = Ratios::default();
    signatures::measure(&mut ratios.group(criterion, "signature"));
    contract_wallets::measure(&mut ratios.group(criterion, "contract wallet"));
    states::measure(&mut ratios.group(criterion, "state"));
    in_one_call::measure(&mut ratios.group(criterion, "1000 states in one call"));
    ratios.print();
}

criterion_group!(all, identity);
criterion_main!(all);
