//! Contract wallets on a real EVM: what our validator says about them, and what our node makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod byte_code;
mod node;
mod wallets;

use std::sync::Arc;

use hexmtp_domain::identity::{
    ContractWalletSignature, EthereumAddress, IdentityUpdate, LocalWallet, UnverifiedSignature, inbox_id,
};
use hexmtp_platform_native::OsEntropy;
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_ports::platform::Entropy as _;
use hexmtp_tests::anvil::{Anvil, Word};
use hexmtp_verifier_rpc::{ChainList, RpcContractWalletVerifier, VerifierOptions};

/// The creation codes of further contracts in `tests/contracts`.
const DORMANT: &str = include_str!("../../contracts/DormantWallet.hex");
const ODD: &str = include_str!("../../contracts/OddWallet.hex");

/// A key that nobody has used yet.
fn owner() -> LocalWallet {
    let mut key = [0; 32];
    OsEntropy.fill(&mut key).unwrap();
    LocalWallet::from_private_key(key).unwrap()
}

/// The hash of a text, and the owner's signature over it.
fn signed(owner: &LocalWallet) -> (Word, Vec<u8>) {
    let update = IdentityUpdate {
        inbox_id: inbox_id(&owner.identifier(), 0),
        client_timestamp_ns: 0,
        actions: vec![],
    };
    (update.signature_hash(), by_key(owner, &update))
}

/// The owner's signature of an update, by key.
fn by_key(owner: &LocalWallet, update: &IdentityUpdate) -> Vec<u8> {
    match owner.sign_text(&update.signature_text()).unwrap() {
        UnverifiedSignature::Erc191 { bytes } => bytes,
        other => panic!("a key signs by {}", other.kind()),
    }
}

fn chains() -> ChainList {
    let mut chains = ChainList::default();
    chains.add(Anvil::CHAIN_ID, &Anvil::shared().url()).unwrap();
    chains
}

fn verifier() -> Arc<dyn ContractWalletVerifier> {
    let options = VerifierOptions { attempts: 1, remembered: 0, ..VerifierOptions::default() };
    Arc::new(RpcContractWalletVerifier::new(&chains(), options).unwrap())
}

fn of_contract(account: &EthereumAddress, block_number: u64, signature: &[u8]) -> ContractWalletSignature {
    let account_id = format!("eip155:{}:{account}", Anvil::CHAIN_ID);
    ContractWalletSignature { account_id, block_number, signature: signature.to_vec() }
}

async fn ask(
    account: &EthereumAddress,
    hash: Word,
    signature: &[u8],
    block_number: u64,
) -> Result<ContractVerdict, ContractWalletError> {
    verifier().verify(hash, &of_contract(account, block_number, signature)).await
}

/// Whether the account stands by the signature at the newest block.
async fn accepts(account: &EthereumAddress, hash: Word, signature: &[u8]) -> bool {
    ask(account, hash, signature, 0).await.expect("a verdict").is_valid
}
