//! Official clients whose wallets are contracts, over our node and a chain.

use hexmtp_domain::identity::EthereumAddress;
use hexmtp_node::{ChainList, Node, NodeOptions, RunningNode};
use hexmtp_tests::anvil::{Anvil, call_data, word, word_of};
use hexmtp_tests::interop::{Official, Scene, Sdk, Setup, Wallet};
use serde_json::{Value, json};

const OWNED: &str = include_str!("../../contracts/OwnedWallet.hex");
const FACTORY: &str = include_str!("../../contracts/WalletFactory.hex");

async fn node(chain: &Anvil) -> RunningNode {
    let mut chains = ChainList::default();
    chains.add(Anvil::CHAIN_ID, &chain.url()).unwrap();
    Node::start(NodeOptions { chains, ..NodeOptions::default() }).await.unwrap()
}

fn address(wallet: &Wallet) -> EthereumAddress {
    EthereumAddress::parse(&wallet.address()).unwrap()
}

fn deployed(contract: &EthereumAddress) -> Value {
    json!({ "address": contract.to_string(), "chain": Anvil::CHAIN_ID })
}

/// A wallet of the owner that its factory has not deployed yet, and the call that would.
fn undeployed(chain: &Anvil, factory: &EthereumAddress, owner: &Wallet) -> (EthereumAddress, Value) {
    let arguments = [word_of(&address(owner)), word(1)];
    let contract = chain.ask(factory, &call_data("addressOf(address,bytes32)", &arguments));
    let deploy = format!("0x{}", hex::encode(call_data("deploy(address,bytes32)", &arguments)));
    let mut described = deployed(&contract);
    described["factory"] = json!(factory.to_string());
    described["deploy"] = json!(deploy);
    (contract, described)
}

fn setup(owner: &Wallet, sdk: Sdk, contract: Value) -> Setup {
    Setup { sdk, wallet: owner.clone(), contract: Some(contract), ..Setup::default() }
}

/// They write to one another.
async fn converse(first: &Official, second: &Official) {
    let group = first.create_group(&[second.inbox_id()], json!({})).await;
    let seconds = second.joined(group.id).await;
    group.send("from the first").await;
    seconds.send("from the second").await;
    group.sync().await;
    seconds.sync().await;
    assert_eq!(group.texts().await.len(), 2);
    assert_eq!(group.texts().await, seconds.texts().await);
}

/// R-EVM-016
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_clients_of_contract_wallets() {
    let chain = Anvil::start();
    let node = node(&chain).await;
    let scene = Scene::over("contract wallets: deployed and not, two SDKs, another owner", &node.url()).await;
    let (alice, bob) = (Wallet::new(), Wallet::new());
    let alices = chain.deploy(OWNED, &[word_of(&address(&alice))]);
    let factory = chain.deploy(FACTORY, &[]);
    let (bobs, counterfactual) = undeployed(&chain, &factory, &bob);

    let first = scene.official_as(setup(&alice, Sdk::Nightly, deployed(&alices))).await;
    let second = scene.official_as(setup(&bob, Sdk::Old, counterfactual)).await;
    for (client, contract) in [(&first, alices), (&second, bobs)] {
        let state = client.inbox_state(client.inbox_id()).await;
        assert_eq!(state.identifiers, [contract.to_string()]);
    }
    converse(&first, &second).await;

    // Whoever has the key of somebody else than the owner has no wallet.
    scene.refused(setup(&Wallet::new(), Sdk::Nightly, deployed(&alices))).await;
    let carol = Wallet::new();
    chain.send(&alices, &call_data("handOver(address)", &[word_of(&address(&carol))]));
    scene.refused(setup(&alice, Sdk::Nightly, deployed(&alices))).await;
    // The new owner adds an installation to the same inbox; the old signature is still part of its log.
    let third = scene.official_as(setup(&carol, Sdk::Nightly, deployed(&alices))).await;
    assert_eq!(third.inbox_id(), first.inbox_id());
    assert_eq!(second.inbox_state(first.inbox_id()).await.installations.len(), 2);
    converse(&third, &second).await;
    scene.end().await;
    node.shutdown().await.unwrap();
}
