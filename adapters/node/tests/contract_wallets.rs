//! Signatures of contract wallets, verified through the port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "semantics/peer.rs"]
#[allow(dead_code, reason = "each test program uses another part")]
mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hexmtp_domain::identity::{
    Action, ContractWalletSignature, Identifier, IdentityUpdate, LocalWallet, UnverifiedSignature, inbox_id,
};
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_ports::bounds::async_trait;
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_proto::xmtp::identity::api::v1 as wire;
use tonic::Code;

use peer::{Peer, code, fresh};

/// A chain on which a signature is valid if it is the hash. Chain 2 is not known, chain 3 not there.
#[derive(Default)]
struct Chain {
    asked: AtomicUsize,
}

#[async_trait]
impl ContractWalletVerifier for Chain {
    async fn verify(
        &self,
        hash: [u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match signature.chain_id() {
            Some(1) => {
                let block_number = if signature.block_number == 0 { 99 } else { signature.block_number };
                Ok(ContractVerdict { is_valid: signature.signature == hash, block_number })
            }
            Some(3) => Err(ContractWalletError::Unavailable("no answer".into())),
            _ => Err(ContractWalletError::UnsupportedChain),
        }
    }
}

async fn start(chain: &Arc<Chain>, database_url: String) -> (RunningNode, Peer) {
    let verifier: Arc<dyn ContractWalletVerifier> = Arc::clone(chain) as _;
    let options = NodeOptions { database_url, ..NodeOptions::default() };
    let node = Node::start_with_verifier(options, Some(verifier)).await.unwrap();
    let peer = Peer::connect(&node.url()).await;
    (node, peer)
}

fn signature(wallet: &Identifier, chain: u64, signature: Vec<u8>) -> UnverifiedSignature {
    let account_id = format!("eip155:{chain}:{wallet}");
    UnverifiedSignature::ContractWallet(ContractWalletSignature { account_id, block_number: 5, signature })
}

/// An update of the wallet's inbox with every signature by the contract; `second` makes its text another one.
fn update(
    wallet: &Identifier,
    chain: u64,
    second: u64,
    action: impl Fn(UnverifiedSignature) -> Action,
) -> IdentityUpdate {
    let of = |bytes: Vec<u8>| IdentityUpdate {
        inbox_id: inbox_id(wallet, 0),
        client_timestamp_ns: second * 1_000_000_000,
        actions: vec![action(signature(wallet, chain, bytes))],
    };
    let hash = of(Vec::new()).signature_hash();
    of(hash.to_vec())
}

fn creation(wallet: &Identifier, chain: u64) -> IdentityUpdate {
    update(wallet, chain, 1, |signature| Action::CreateInbox {
        identifier: wallet.clone(),
        nonce: 0,
        signature,
    })
}

fn wallet() -> Identifier {
    LocalWallet::from_private_key(fresh()).unwrap().identifier()
}

/// R-NET-140
#[tokio::test]
async fn what_the_contract_accepts_counts_and_stays_counted() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("node.db").display());
    let chain = Arc::new(Chain::default());
    let (node, peer) = start(&chain, url.clone()).await;
    let wallet = wallet();
    let created = creation(&wallet, 1);
    peer.publish(&created).await.unwrap();
    let handover = |second| {
        update(&wallet, 1, second, |recovery_signature| Action::ChangeRecovery {
            new_recovery: wallet.clone(),
            recovery_signature,
        })
    };
    peer.publish(&handover(2)).await.unwrap();
    node.shutdown().await.unwrap();
    // The contract is asked about what is new only; it may have changed its mind about the rest.
    let asked = chain.asked.load(Ordering::Relaxed);
    let (node, peer) = start(&chain, url).await;
    peer.publish(&handover(3)).await.unwrap();
    peer.publish(&handover(2)).await.unwrap();
    assert_eq!(chain.asked.load(Ordering::Relaxed), asked + 1);
    assert_eq!(peer.log_of(created.inbox_id, 0).await.len(), 3);
    node.shutdown().await.unwrap();
}

/// R-NET-140
#[tokio::test]
async fn what_the_contract_does_not_accept_is_refused() {
    let (node, peer) = start(&Arc::default(), "sqlite::memory:".to_owned()).await;
    let wallet = wallet();
    let good = creation(&wallet, 1);
    let of_another_text = IdentityUpdate { client_timestamp_ns: 7_000_000_000, ..good.clone() };
    let mut of_another_account = good.clone();
    let Action::CreateInbox { signature: UnverifiedSignature::ContractWallet(contract), .. } =
        &mut of_another_account.actions[0]
    else {
        panic!("made so above")
    };
    contract.account_id = format!("eip155:1:{}", self::wallet());
    for (bad, expected) in [
        (of_another_text, Code::InvalidArgument),
        (of_another_account, Code::InvalidArgument),
        (creation(&wallet, 2), Code::InvalidArgument),
        (creation(&wallet, 3), Code::Unavailable),
    ] {
        assert_eq!(code(peer.publish(&bad).await), expected);
    }
    assert!(peer.log_of(good.inbox_id, 0).await.is_empty());
    peer.publish(&good).await.unwrap();
    node.shutdown().await.unwrap();
}

/// R-NET-141
#[tokio::test]
async fn clients_have_signatures_verified() {
    let (node, peer) = start(&Arc::default(), "sqlite::memory:".to_owned()).await;
    let wallet = wallet();
    let asked = |chain: u64, signature: [u8; 32], block_number| {
        wire::VerifySmartContractWalletSignatureRequestSignature {
            account_id: format!("eip155:{chain}:{wallet}"),
            block_number,
            signature: signature.to_vec(),
            hash: vec![1; 32],
        }
    };
    let verify = async |signatures| {
        let request = wire::VerifySmartContractWalletSignaturesRequest { signatures };
        peer.identity.clone().verify_smart_contract_wallet_signatures(request).await
    };
    let signatures = vec![
        asked(1, [1; 32], None),
        asked(1, [1; 32], Some(7)),
        asked(1, [2; 32], None),
        asked(2, [1; 32], None),
    ];
    let verdicts = verify(signatures).await.unwrap().into_inner().responses;
    let found: Vec<_> =
        verdicts.iter().map(|it| (it.is_valid, it.block_number, it.error.is_some())).collect();
    assert_eq!(
        found,
        [(true, Some(99), false), (true, Some(7), false), (false, Some(99), false), (false, None, true)]
    );
    // That a chain cannot be asked now says nothing about the signature.
    assert_eq!(code(verify(vec![asked(3, [1; 32], None)]).await), Code::Unavailable);
    let mut short = asked(1, [1; 32], None);
    short.hash.pop();
    assert_eq!(code(verify(vec![short]).await), Code::InvalidArgument);
    assert_eq!(code(verify(vec![asked(1, [1; 32], None); 101]).await), Code::InvalidArgument);
    assert!(verify(Vec::new()).await.unwrap().into_inner().responses.is_empty());
    node.shutdown().await.unwrap();
}
