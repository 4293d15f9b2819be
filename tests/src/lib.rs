//! The conformance suites of the ports of hexmtp, and a world of people to test use cases with. The tests that run
//! them, and all tests of the whole, are in `tests/`.

pub mod conformance;
pub mod postgres;
pub mod world;
