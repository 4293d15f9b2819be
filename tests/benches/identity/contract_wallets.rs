//! Contract wallets on a chain on this machine, beside the same chain asked over a bare connection.

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use hexmtp_domain::identity::{ContractWalletSignature, EthereumAddress, IdentityUpdate, inbox_id};
use hexmtp_ports::contract_wallet::ContractWalletVerifier as _;
use hexmtp_tests::anvil::{Anvil, FACTORY, OWNED, Word, call_data, word, word_of, wrapped};
use hexmtp_verifier_rpc::{ChainList, RpcContractWalletVerifier, VerifierOptions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::log::{RawSignature, erc191, wallet};
use crate::ratios::Group;

pub(crate) fn measure(group: &mut Group<'_>) {
    let chain = Anvil::start();
    let owner = wallet(1);
    let update = IdentityUpdate {
        inbox_id: inbox_id(&owner.identifier(), 0),
        client_timestamp_ns: 1,
        actions: vec![],
    };
    let (hash, bytes) = (update.signature_hash(), erc191(&owner, &update.signature_text()));

    let deployed = chain.deploy(OWNED, &[word_of(&owner.address())]);
    let factory = chain.deploy(FACTORY, &[]);
    let arguments = [word_of(&owner.address()), word(1)];
    let undeployed = chain.ask(&factory, &call_data("addressOf(address,bytes32)", &arguments));
    let deploy = call_data("deploy(address,bytes32)", &arguments);
    let block = chain.newest_block();
    let of = |account: EthereumAddress, signature: &[u8], block_number| ContractWalletSignature {
        account_id: format!("eip155:{}:{account}", Anvil::CHAIN_ID),
        block_number,
        signature: signature.to_vec(),
    };

    let runtime = Runtime::new().expect("a runtime");
    let asking = verifier(&chain, 0);
    let ask = |verifier: &RpcContractWalletVerifier, signature: &ContractWalletSignature| {
        let verdict = runtime.block_on(verifier.verify(hash, black_box(signature))).expect("a verdict");
        assert!(verdict.is_valid);
    };

    let mut bare = Bare::connect(&chain);
    let question = is_valid_signature(&deployed, &hash, &bytes, block);
    let call = group.raw("eth_call of isValidSignature", || bare.ask(&question));
    let at_block = of(deployed, &bytes, block);
    group.ours("deployed (ERC-1271), at a block", call, || ask(&asking, &at_block));
    let newest = of(deployed, &bytes, 0);
    group.ours("deployed (ERC-1271), at the newest block", call, || ask(&asking, &newest));
    let prepared = of(undeployed, &wrapped(&factory, &deploy, &bytes), block);
    group.ours("not deployed yet (ERC-6492)", call, || ask(&asking, &prepared));

    let raw = RawSignature::by_wallet(hash, &bytes);
    let recovery = group.raw("its owner's recovery on secp256k1", || black_box(&raw).verify());
    let remembering = verifier(&chain, 1_000);
    ask(&remembering, &at_block);
    group.ours("deployed, remembered", recovery, || ask(&remembering, &at_block));
}

fn verifier(chain: &Anvil, remembered: usize) -> RpcContractWalletVerifier {
    let mut chains = ChainList::default();
    chains.add(Anvil::CHAIN_ID, &chain.url()).expect("a URL");
    let options = VerifierOptions { remembered, ..VerifierOptions::default() };
    RpcContractWalletVerifier::new(&chains, options).expect("a verifier")
}

/// The request that asks a deployed wallet itself.
fn is_valid_signature(wallet: &EthereumAddress, hash: &Word, signature: &[u8], block: u64) -> String {
    let mut bytes = signature.to_vec();
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    let length = word(u64::try_from(signature.len()).expect("a length"));
    let head = call_data("isValidSignature(bytes32,bytes)", &[*hash, word(64), length]);
    let data = format!("0x{}{}", hex::encode(head), hex::encode(bytes));
    let call = json!([{ "to": wallet.to_string(), "data": data }, format!("0x{block:x}")]);
    json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": call }).to_string()
}

/// A connection that is kept, with nothing around it.
struct Bare(BufReader<TcpStream>);

impl Bare {
    fn connect(chain: &Anvil) -> Self {
        let url = chain.url();
        let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the chain listens");
        stream.set_nodelay(true).expect("an option");
        Self(BufReader::new(stream))
    }

    /// Asks, and wants to hear that the signature is valid.
    fn ask(&mut self, body: &str) {
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
        let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        self.0.get_mut().write_all(request.as_bytes()).expect("the chain reads");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("the chain answers");
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(digits) = line.strip_prefix("content-length:") {
                length = digits.trim().parse().expect("a length");
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).expect("a body");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let accepted = answer["result"].as_str().is_some_and(|result| result.starts_with("0x1626ba7e"));
        assert!(accepted, "{answer}");
    }
}
