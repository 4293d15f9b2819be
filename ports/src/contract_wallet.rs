//! Asks a blockchain whether a contract wallet stands by a signature (ERC-1271, ERC-6492; PROTOCOL.md 1.5).

use std::time::Duration;

use hexmtp_domain::identity::ContractWalletSignature;
use thiserror::Error;

use crate::bounds::{BoxedSource, Port};
use crate::{Retry, port};

/// How long a chain that is not supported stays so at least: settings are not changed by the minute.
const UNSUPPORTED_WAIT: Duration = Duration::from_secs(600);

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
    /// The account id does not name an account, or the signature is none that a chain can be asked about.
    #[error("no chain can be asked about the signature: {0}")]
    Malformed(&'static str),
    /// No endpoint is known for the chain of the account. Whoever runs this can name one.
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
            Self::Malformed(_) => "contract_wallet.malformed",
            Self::UnsupportedChain => "contract_wallet.unsupported_chain",
            Self::Unavailable(_) => "contract_wallet.unavailable",
        }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Malformed(_) => Retry::Never,
            // Not for good: who took it for that would skip a welcome for a member's wallet (FEATURES.md ID-27).
            Self::UnsupportedChain => Retry::After(UNSUPPORTED_WAIT),
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
