//! Official clients whose wallets are contracts, over our node and a chain.

use std::sync::Arc;

use hexmtp::Client;
use hexmtp::error::RegisterError;
use hexmtp_domain::identity::{ContractAccount, EthereumAddress, MemberIdentifier};
use hexmtp_node::{ChainList, Node, NodeOptions, RunningNode};
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::anvil::{Anvil, FACTORY, OWNED, call_data, word, word_of};
use hexmtp_tests::contract_signer::ContractSigner;
use hexmtp_tests::installation::ports;
use hexmtp_tests::interop::{Official, Scene, Sdk, Setup, Wallet};
use serde_json::{Value, json};

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

/// R-EVM-019
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_clients_of_contract_wallets() {
    let chain = Anvil::start();
    let node = node(&chain).await;
    let scene = Scene::over("contract wallets: ours, followed by both, another owner", &node.url()).await;
    let (owner, heir) = (Wallet::new(), Wallet::new());
    let contract = chain.deploy(OWNED, &[word_of(&address(&owner))]);
    let account = ContractAccount::new(Anvil::CHAIN_ID, contract);
    let signed_by = |wallet: &Wallet| ContractSigner::stranger(account, wallet.local());
    let register = async |wallet: &Wallet| -> Result<Client, RegisterError> {
        let ports = ports(Arc::new(MemoryStore::default()), &node.url());
        Client::builder(ports).register(&signed_by(wallet)).await
    };
    let phone = register(&owner).await.expect("registered");
    let (bob, theirs) = (scene.ours().await, scene.official().await);
    let inbox_id = phone.inbox_id();
    let seen = theirs.inbox_state(inbox_id).await;
    assert_eq!((seen.identifiers, seen.installations.len()), (vec![contract.to_string()], 1));
    let state = bob.client.inbox_state(inbox_id).await.expect("a state");
    let member = state.member(&MemberIdentifier::Ethereum(contract)).expect("a member");
    assert_eq!(member.added_on_chain_id, Some(Anvil::CHAIN_ID));

    let theirs_group = theirs.create_group(&[inbox_id, bob.inbox_id()], json!({})).await;
    phone.sync_all().await.expect("a sync");
    let on_phone = phone.conversation(theirs_group.id).await.expect("joined");
    on_phone.send_text("by contract").await.expect("sent");
    theirs_group.sync().await;
    assert_eq!(theirs_group.texts().await, ["by contract"]);
    let bobs = bob.joined(theirs_group.id).await;
    assert_eq!(crate::texts(&bobs).await, ["by contract"]);

    // Whoever has another key has no wallet, the former owner included.
    register(&Wallet::new()).await.map(drop).expect_err("no wallet");
    chain.send(&contract, &call_data("handOver(address)", &[word_of(&address(&heir))]));
    register(&owner).await.map(drop).expect_err("no wallet any more");
    let tablet = register(&heir).await.expect("registered");
    assert_eq!(tablet.inbox_id(), inbox_id);
    tablet.revoke_all_other_installations(&signed_by(&owner)).await.expect_err("no wallet any more");
    tablet.revoke_all_other_installations(&signed_by(&heir)).await.expect("revoked");
    assert_eq!(theirs.inbox_state(inbox_id).await.installations, [tablet.installation_id().to_string()]);
    let state = bob.client.inbox_state(inbox_id).await.expect("a state");
    assert_eq!(state.installations(), [tablet.installation_id()].into());
    scene.end().await;
    node.shutdown().await.unwrap();
}
