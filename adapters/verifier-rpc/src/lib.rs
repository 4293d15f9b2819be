//! Signatures of contract wallets, verified through the JSON-RPC endpoints of EVM chains (PROTOCOL.md 1.5).
//!
//! [`RpcContractWalletVerifier`] implements
//! [`ContractWalletVerifier`](hexmtp_ports::contract_wallet::ContractWalletVerifier). It makes one `eth_call` without a
//! recipient: what runs is a validator of our own (`contracts/OffchainValidator.sol`), which asks the wallet by
//! ERC-1271, deploys it before if ERC-6492 says how, or recovers the signer of an account without code, and answers
//! with one byte. Nothing has to be deployed on the chain.
//!
//! What the adapter takes off its callers:
//!
//! - An endpoint is believed only if its answer has the right form. One that hangs, is late, answers garbage or does not
//!   know the block is no verdict, and the next endpoint of the chain is asked.
//! - An endpoint that failed is asked last for a while, and then in its turn again.
//! - What may pass is tried again, with growing waits and an end.
//! - Verdicts at a block are remembered, in bounded number and for a bounded time, since a chain can still take back its
//!   newest blocks. Failures are not remembered.
//! - URLs of endpoints hold keys of their owner. Errors, logs and `Debug` show scheme and host only.
//!
//! The endpoints decide what is valid: whoever runs one can lie about a wallet. They have to be chosen like the nodes of
//! the network itself. On chains whose virtual machine runs no EVM byte code, such as ZKsync Era, nothing can be verified
//! in this way, by official clients neither.
//!
//! It needs a tokio runtime with I/O and time. Proxies are taken from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, except
//! for endpoints on the same machine.
//!
//! ```no_run
//! use hexmtp_verifier_rpc::{ChainList, RpcContractWalletVerifier, VerifierOptions};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut chains = ChainList::default();
//! chains.add(1, "https://rpc.example/a-key")?;
//! chains.add(1, "https://another.example")?;
//! let verifier = RpcContractWalletVerifier::new(&chains, VerifierOptions::default())?;
//! # Ok(())
//! # }
//! ```

mod cache;
#[cfg(test)]
mod cache_tests;
mod chain;
mod chain_list;
#[cfg(test)]
mod chain_list_tests;
mod connect;
mod endpoint;
mod failure;
mod json_rpc;
#[cfg(test)]
mod json_rpc_tests;
mod options;
mod question;
#[cfg(test)]
mod question_tests;
mod verifier;

pub use chain_list::{ChainList, ChainListError};
pub use connect::VerifierError;
pub use options::VerifierOptions;
pub use verifier::RpcContractWalletVerifier;
