//! A node that asks the chain.

use hexmtp_domain::identity::{
    Action, ContractWalletSignature, EthereumAddress, Identifier, IdentityUpdate, LocalWallet,
    UnverifiedSignature, inbox_id,
};
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_proto::xmtp::identity::api::v1 as wire;
use hexmtp_proto::xmtp::identity::api::v1::identity_api_client::IdentityApiClient;
use hexmtp_tests::anvil::{Anvil, FACTORY, OWNED, call_data, word, word_of, wrapped};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::{ODD, by_key, chains, of_contract, owner, signed};

type Peer = IdentityApiClient<Channel>;

async fn start() -> (RunningNode, Peer) {
    let node = Node::start(NodeOptions { chains: chains(), ..NodeOptions::default() }).await.unwrap();
    let channel = Endpoint::from_shared(node.url()).unwrap().connect().await.unwrap();
    (node, IdentityApiClient::new(channel))
}

async fn publish(peer: &Peer, update: &IdentityUpdate) -> Result<(), Status> {
    let request = wire::PublishIdentityUpdateRequest { identity_update: Some(update.to_wire()) };
    peer.clone().publish_identity_update(request).await.map(drop)
}

async fn updates_of(peer: &Peer, update: &IdentityUpdate) -> usize {
    let request =
        wire::get_identity_updates_request::Request { inbox_id: update.inbox_id.to_string(), sequence_id: 0 };
    let request = wire::GetIdentityUpdatesRequest { requests: vec![request] };
    let answer = peer.clone().get_identity_updates(request).await.unwrap().into_inner();
    answer.responses.into_iter().map(|response| response.updates.len()).sum()
}

/// Verdicts as official clients ask for them: valid or not, the block, and whether the error is told.
async fn verdicts(peer: &Peer, hash: [u8; 32], asked: &[ContractWalletSignature]) -> Vec<(bool, u64, bool)> {
    let signatures = asked
        .iter()
        .map(|signature| wire::VerifySmartContractWalletSignatureRequestSignature {
            account_id: signature.account_id.clone(),
            block_number: (signature.block_number != 0).then_some(signature.block_number),
            signature: signature.signature.clone(),
            hash: hash.to_vec(),
        })
        .collect();
    let request = wire::VerifySmartContractWalletSignaturesRequest { signatures };
    let answer = peer.clone().verify_smart_contract_wallet_signatures(request).await.unwrap().into_inner();
    let told = |response: wire::verify_smart_contract_wallet_signatures_response::ValidationResponse| {
        (response.is_valid, response.block_number.unwrap_or(0), response.error.is_some())
    };
    answer.responses.into_iter().map(told).collect()
}

/// The wallet's inbox is created, or handed to the same wallet at a later second, signed in a way of the test's.
fn update(
    wallet: &EthereumAddress,
    second: u64,
    sign: impl Fn(&IdentityUpdate) -> ContractWalletSignature,
) -> IdentityUpdate {
    let identifier = Identifier::Ethereum(*wallet);
    let of = |signature: ContractWalletSignature| {
        let signature = UnverifiedSignature::ContractWallet(signature);
        let action = if second == 0 {
            Action::CreateInbox { identifier: identifier.clone(), nonce: 0, signature }
        } else {
            Action::ChangeRecovery { new_recovery: identifier.clone(), recovery_signature: signature }
        };
        IdentityUpdate {
            inbox_id: inbox_id(&identifier, 0),
            client_timestamp_ns: second * 1_000_000_000,
            actions: vec![action],
        }
    };
    let unsigned = of(of_contract(wallet, 0, &[]));
    of(sign(&unsigned))
}

fn by_owner(wallet: &EthereumAddress, owner: &LocalWallet, block: u64, second: u64) -> IdentityUpdate {
    update(wallet, second, |unsigned| of_contract(wallet, block, &by_key(owner, unsigned)))
}

/// R-EVM-014
#[tokio::test]
async fn an_inbox_of_a_deployed_wallet_follows_its_owners() {
    let chain = Anvil::shared();
    let (first, second) = (owner(), owner());
    let wallet = chain.deploy(OWNED, &[word_of(&first.address())]);
    let block = chain.newest_block();
    let (node, peer) = start().await;
    let created = by_owner(&wallet, &first, block, 0);
    assert_eq!(
        publish(&peer, &by_owner(&wallet, &second, block, 0)).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    publish(&peer, &created).await.unwrap();
    chain.send(&wallet, &call_data("handOver(address)", &[word_of(&second.address())]));
    let newer = chain.newest_block();
    let refused = publish(&peer, &by_owner(&wallet, &first, newer, 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    publish(&peer, &by_owner(&wallet, &second, newer, 1)).await.unwrap();
    // A block that the chain does not have yet is a reason to come again.
    let early = publish(&peer, &by_owner(&wallet, &second, newer + 1_000_000, 2)).await.unwrap_err();
    assert_eq!(early.code(), Code::Unavailable);
    assert_eq!(updates_of(&peer, &created).await, 2);
    node.shutdown().await.unwrap();
}

/// R-EVM-014
#[tokio::test]
async fn an_inbox_is_created_by_a_wallet_that_is_not_deployed_yet() {
    let chain = Anvil::shared();
    let mine = owner();
    let factory = chain.deploy(FACTORY, &[]);
    let arguments = [word_of(&mine.address()), word(1)];
    let wallet = chain.ask(&factory, &call_data("addressOf(address,bytes32)", &arguments));
    let deploy = call_data("deploy(address,bytes32)", &arguments);
    let (node, peer) = start().await;
    let block = chain.newest_block();
    let created = update(&wallet, 0, |unsigned| {
        of_contract(&wallet, block, &wrapped(&factory, &deploy, &by_key(&mine, unsigned)))
    });
    let forged = update(&wallet, 0, |unsigned| {
        of_contract(&wallet, block, &wrapped(&factory, &deploy, &by_key(&owner(), unsigned)))
    });
    assert_eq!(publish(&peer, &forged).await.unwrap_err().code(), Code::InvalidArgument);
    publish(&peer, &created).await.unwrap();
    assert_eq!(updates_of(&peer, &created).await, 1);
    node.shutdown().await.unwrap();
}

/// R-EVM-014
#[tokio::test]
async fn clients_learn_verdicts_and_blocks() {
    let chain = Anvil::shared();
    let mine = owner();
    let wallet = chain.deploy(OWNED, &[word_of(&mine.address())]);
    let odd = chain.deploy(ODD, &[word(6)]);
    let block = chain.newest_block();
    let (hash, signature) = signed(&mine);
    let (node, peer) = start().await;
    let elsewhere = ContractWalletSignature {
        account_id: format!("eip155:1:{wallet}"),
        ..of_contract(&wallet, block, &signature)
    };
    let malformed =
        ContractWalletSignature { account_id: wallet.to_string(), ..of_contract(&wallet, block, &signature) };
    let asked = [
        of_contract(&wallet, block, &signature),
        of_contract(&wallet, block, b"forged"),
        of_contract(&odd, block, &signature),
        of_contract(&mine.address(), block, &signature),
        elsewhere,
        malformed,
    ];
    assert_eq!(
        verdicts(&peer, hash, &asked).await,
        [
            (true, block, false),
            (false, block, false),
            (false, block, false),
            (true, block, false),
            (false, 0, true),
            (false, 0, true)
        ]
    );
    let newest = verdicts(&peer, hash, &[of_contract(&wallet, 0, &signature)]).await;
    assert!(matches!(newest[..], [(true, at, false)] if at >= block), "{newest:?}");
    node.shutdown().await.unwrap();
}
