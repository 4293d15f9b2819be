//! Asks a blockchain whether a contract wallet stands by a signature (ERC-1271, ERC-6492; PROTOCOL.md 1.5).

use hexmtp_domain::identity::ContractWalletSignature;
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::{Retry, port};

/// What the contract said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractVerdict {
    /// Whether the contract accepts the signature.
    pub is_valid: bool,
    /// The block at which it was asked.
    pub block_number: u64,
}

/// Why there is no verdict.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContractWalletError {
    /// No endpoint is known for the chain of the account, or the account id names none.
    #[error("the chain of the account is not supported")]
    UnsupportedChain,
    /// The chain's endpoint cannot be reached or does not know the block.
    #[error("the chain cannot be asked")]
    Unavailable(#[source] BoxedSource),
}

impl ContractWalletError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedChain => "contract_wallet.unsupported_chain",
            Self::Unavailable(_) => "contract_wallet.unavailable",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::UnsupportedChain => Retry::Never,
            Self::Unavailable(_) => Retry::SOON,
        }
    }
}

/// Verifies signatures of contract wallets.
#[port]
pub trait ContractWalletVerifier: Port {
    /// Whether the wallet accepts the signature over `hash` at the signature's block; with block zero, at the
    /// newest block.
    async fn verify(
        &self,
        hash: [u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError>;
}
