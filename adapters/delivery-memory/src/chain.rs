//! The chains that a network in memory asks: contract wallets, each of them owned by somebody's key.

use std::collections::{BTreeMap, BTreeSet};

use hexmtp_domain::identity::{
    ContractAccount, ContractVerdicts, ContractWalletSignature, EthereumAddress, IdentityUpdate,
};
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_ports::port;

use crate::calls::Call;
use crate::network::MemoryNetwork;

/// The block at which everything begins.
const FIRST_BLOCK: u64 = 1;

/// Wallets and who owned them from which block on. All chains have one height.
#[derive(Debug)]
pub(crate) struct Chains {
    height: u64,
    known: BTreeSet<u64>,
    owners: BTreeMap<ContractAccount, BTreeMap<u64, EthereumAddress>>,
}

impl Default for Chains {
    fn default() -> Self {
        Self { height: FIRST_BLOCK, known: BTreeSet::new(), owners: BTreeMap::new() }
    }
}

impl Chains {
    fn set_owner(&mut self, wallet: ContractAccount, owner: EthereumAddress) -> u64 {
        self.height += 1;
        self.known.insert(wallet.chain_id());
        self.owners.entry(wallet).or_default().insert(self.height, owner);
        self.height
    }

    /// A wallet stands by what the key of its owner signed; an account without code by what its own key signed.
    fn verify(
        &self,
        hash: &[u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError> {
        let account = signature.account().map_err(|_| ContractWalletError::Malformed("no account"))?;
        if !self.known.contains(&account.chain_id()) {
            return Err(ContractWalletError::UnsupportedChain);
        }
        let block_number = match signature.block_number {
            0 => self.height,
            block if block <= self.height => block,
            _ => return Err(ContractWalletError::Unavailable("the block is not there yet".into())),
        };
        let owner = self.owners.get(&account).and_then(|owners| owners.range(..=block_number).next_back());
        let owner = owner.map_or(account.address(), |(_, owner)| *owner);
        let is_valid = EthereumAddress::recover(hash, &signature.signature) == Ok(owner);
        Ok(ContractVerdict { is_valid, block_number })
    }

    /// What the contracts say to the signatures of an update.
    pub(crate) fn ask(&self, update: &IdentityUpdate) -> Result<ContractVerdicts, ContractWalletError> {
        let mut verdicts = ContractVerdicts::none();
        for question in update.contract_questions().unwrap_or_default() {
            let verdict = self.verify(&question.hash(), question.signature())?;
            verdicts.record(question, verdict.is_valid);
        }
        Ok(verdicts)
    }
}

impl MemoryNetwork {
    /// Deploys a contract wallet, or hands it to another owner, in a new block, whose number is given back. A chain is
    /// known from its first wallet on.
    pub fn set_contract_owner(&self, wallet: ContractAccount, owner: EthereumAddress) -> u64 {
        self.change(|state| state.chains.set_owner(wallet, owner))
    }
}

#[port]
impl ContractWalletVerifier for MemoryNetwork {
    async fn verify(
        &self,
        hash: [u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError> {
        self.serve(Call::VerifyContractWallet, |state| state.chains.verify(&hash, signature)).await
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
