//! A contract wallet on the chain of a network in memory, as its owner signs with it.

use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_domain::identity::{
    ContractAccount, ContractWalletSignature, EthereumAddress, Identifier, LocalWallet, UnverifiedSignature,
};
use hexmtp_ports::port;
use hexmtp_ports::signer::{SignerError, WalletSigner};

/// Signs with the owner's key in the name of the contract.
#[derive(Debug)]
pub struct ContractSigner {
    wallet: ContractAccount,
    owner: LocalWallet,
}

impl ContractSigner {
    /// The contract wallet on this chain of the network, from now on owned by this key.
    #[must_use]
    pub fn deploy(network: &MemoryNetwork, wallet: ContractAccount, owner: LocalWallet) -> Self {
        network.set_contract_owner(wallet, owner.address());
        Self::stranger(wallet, owner)
    }

    /// Somebody who signs for a wallet, whoever owns it.
    #[must_use]
    pub const fn stranger(wallet: ContractAccount, owner: LocalWallet) -> Self {
        Self { wallet, owner }
    }

    /// The wallet's address.
    #[must_use]
    pub const fn address(&self) -> EthereumAddress {
        self.wallet.address()
    }
}

#[port]
impl WalletSigner for ContractSigner {
    fn identifier(&self) -> Identifier {
        self.wallet.address().into()
    }

    /// Without a block: whoever takes the signature asks the contract at the newest one.
    async fn sign(&self, text: &str) -> Result<UnverifiedSignature, SignerError> {
        let failed = |error| SignerError::Backend(Box::new(error));
        match self.owner.sign_text(text).map_err(failed)? {
            UnverifiedSignature::Erc191 { bytes } => {
                Ok(UnverifiedSignature::ContractWallet(ContractWalletSignature {
                    account_id: self.wallet.to_string(),
                    block_number: 0,
                    signature: bytes,
                }))
            }
            other => Ok(other),
        }
    }
}
