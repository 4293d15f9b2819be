//! The conformance suites of the ports of hexmtp, a world of people to test use cases with, and clients of the official
//! SDK as the other side. The tests that run them, and all tests of the whole, are in `tests/`.

pub mod anvil;
pub mod conformance;
pub mod contract_signer;
pub mod group_log;
pub mod installation;
pub mod installation_process;
pub mod interop;
pub mod passkey_signer;
pub mod postgres;
pub mod proxy;
pub mod recorded;
pub mod tripwire;
pub mod world;
