//! Whoever is asked about signatures of contract wallets passes the suite of the port.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_domain::identity::{ContractAccount, EthereumAddress, LocalWallet};
use hexmtp_node::{Node, NodeOptions};
use hexmtp_platform_native::{OsEntropy, SystemClock};
use hexmtp_ports::platform::Entropy as _;
use hexmtp_tests::anvil::{Anvil, OWNED, call_data, word_of};
use hexmtp_tests::conformance::contract_wallet::ContractWallets;
use hexmtp_tests::installation::network;
use hexmtp_verifier_rpc::{ChainList, RpcContractWalletVerifier, VerifierOptions};

fn owner() -> LocalWallet {
    let mut key = [0; 32];
    OsEntropy.fill(&mut key).unwrap();
    LocalWallet::from_private_key(key).unwrap()
}

/// A wallet on the chain that all tests of this program share, and its owner.
fn deployed() -> (ContractAccount, LocalWallet) {
    let owner = owner();
    let wallet = Anvil::shared().deploy(OWNED, &[word_of(&owner.address())]);
    (ContractAccount::new(Anvil::CHAIN_ID, wallet), owner)
}

fn hand_over(wallet: EthereumAddress) -> impl Fn(EthereumAddress) {
    move |heir| Anvil::shared().send(&wallet, &call_data("handOver(address)", &[word_of(&heir)]))
}

fn chains() -> ChainList {
    let mut chains = ChainList::default();
    chains.add(Anvil::CHAIN_ID, &Anvil::shared().url()).unwrap();
    chains
}

async fn rpc() -> ContractWallets {
    let (wallet, owner) = deployed();
    let options = VerifierOptions { attempts: 1, ..VerifierOptions::default() };
    let verifier = RpcContractWalletVerifier::new(&chains(), options).unwrap();
    ContractWallets::new(Arc::new(verifier), (wallet, owner), hand_over(wallet.address()), ())
}

async fn node() -> ContractWallets {
    let (wallet, owner) = deployed();
    let node = Node::start(NodeOptions { chains: chains(), ..NodeOptions::default() }).await.unwrap();
    let verifier = Arc::new(network(&node.url()));
    ContractWallets::new(verifier, (wallet, owner), hand_over(wallet.address()), node)
}

async fn memory() -> ContractWallets {
    let (network, owner) = (MemoryNetwork::new(Arc::new(SystemClock)), owner());
    let wallet = ContractAccount::new(1, owner.address());
    network.set_contract_owner(wallet, owner.address());
    let chain = network.clone();
    let hand_over = move |heir| {
        chain.set_contract_owner(wallet, heir);
    };
    ContractWallets::new(Arc::new(network), (wallet, owner), hand_over, ())
}

mod verifier_rpc {
    hexmtp_tests::contract_wallet_suite!(tokio::test(flavor = "multi_thread"), super::rpc);
}

mod delivery_grpc {
    hexmtp_tests::contract_wallet_suite!(tokio::test(flavor = "multi_thread"), super::node);
}

mod delivery_memory {
    hexmtp_tests::contract_wallet_suite!(tokio::test(flavor = "multi_thread"), super::memory);
}
