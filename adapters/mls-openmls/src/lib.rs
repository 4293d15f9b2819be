//! The MLS engine of hexmtp on published OpenMLS, and the wrapping of welcomes on `hpke-rs`.
//!
//! Everything here is synchronous and in memory: [`OpenMlsEngine`] gets the rows of a scope, works on them, and
//! gives back the rows that changed. OPENMLS.md of the project's reference says why things are done as they are.

mod commit;
mod engine;
mod errors;
mod leaf;
mod parameters;
mod past_leaves;
mod provider;
mod session;
mod storage;
mod summary;
mod welcome_crypto;
mod wire;

#[cfg(test)]
mod errors_tests;
#[cfg(test)]
mod welcome_crypto_tests;

pub use engine::OpenMlsEngine;
pub use welcome_crypto::OpenMlsWelcomeCrypto;
