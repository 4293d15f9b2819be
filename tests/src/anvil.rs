//! An EVM chain for tests: anvil on a free loopback port, gone when its user is gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that has no chain cannot go on"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use hexmtp_domain::identity::EthereumAddress;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};

/// Runs the chain; it ends when the input that we hold for it closes, so also when this process is killed.
const SUPERVISOR: &str = include_str!("anvil.sh");

/// The creation code of a wallet that has one owner, whom its constructor takes.
pub const OWNED: &str = include_str!("../contracts/OwnedWallet.hex");
/// The creation code of a factory that makes such wallets at addresses that are known before.
pub const FACTORY: &str = include_str!("../contracts/WalletFactory.hex");

/// What a wrapped signature ends with, sixteen times (ERC-6492).
pub const WRAPPED: [u8; 2] = [0x64, 0x92];

/// A word of the EVM.
pub type Word = [u8; 32];

/// A running chain. Dropping it stops it.
#[derive(Debug)]
pub struct Anvil {
    supervisor: Child,
    input: Option<ChildStdin>,
    address: String,
    sender: String,
    /// Transactions of one sender have numbers, and those that come at the same time would get the same one.
    turn: Mutex<()>,
}

impl Anvil {
    /// The number that all chains here have.
    pub const CHAIN_ID: u64 = 31_337;

    /// Starts a chain.
    ///
    /// # Panics
    /// When anvil cannot be installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "sh"])
            .arg(program())
            .arg(Self::CHAIN_ID.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell runs");
        let input = supervisor.stdin.take();
        let mut address = String::new();
        let output = supervisor.stdout.take().expect("the output is a pipe");
        BufReader::new(output).read_line(&mut address).expect("the supervisor writes");
        assert!(!address.is_empty(), "anvil does not start; its log is above");
        let mut chain = Self {
            supervisor,
            input,
            address: address.trim().to_owned(),
            sender: String::new(),
            turn: Mutex::default(),
        };
        chain.sender = chain.call("eth_accounts", &json!([]))[0].as_str().expect("an account").to_owned();
        chain
    }

    /// A chain that all tests of this program share. It ends with the program.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Anvil> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Calls a method that has to succeed.
    ///
    /// # Panics
    /// When it fails.
    pub fn call(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let mut stream = TcpStream::connect(&self.address).expect("the chain listens");
        let head = "POST / HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("the chain reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the chain answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
        let mut answer: Value = serde_json::from_str(body).expect("the answer is JSON");
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// The number of the newest block.
    ///
    /// # Panics
    /// When the chain does not say.
    pub fn newest_block(&self) -> u64 {
        let number = self.call("eth_blockNumber", &json!([]));
        let digits = number.as_str().and_then(|text| text.strip_prefix("0x")).expect("a number");
        u64::from_str_radix(digits, 16).expect("a number")
    }

    /// Deploys a contract from its creation code in hexadecimal and the words that its constructor takes.
    ///
    /// # Panics
    /// When that fails.
    pub fn deploy(&self, code: &str, arguments: &[Word]) -> EthereumAddress {
        let data = format!("0x{}{}", code.trim(), hex::encode(arguments.concat()));
        let receipt = self.transact(json!({ "from": self.sender, "gas": "0x400000", "data": data }));
        EthereumAddress::parse(receipt["contractAddress"].as_str().expect("an address")).expect("an address")
    }

    /// Sends data to a contract, which puts it into a block.
    ///
    /// # Panics
    /// When that fails.
    pub fn send(&self, to: &EthereumAddress, data: &[u8]) {
        let data = format!("0x{}", hex::encode(data));
        self.transact(json!({ "from": self.sender, "to": hex_of(to), "gas": "0x400000", "data": data }));
    }

    /// The address that a contract answers with.
    ///
    /// # Panics
    /// When it does not answer with one.
    pub fn ask(&self, to: &EthereumAddress, data: &[u8]) -> EthereumAddress {
        let call = json!([{ "to": hex_of(to), "data": format!("0x{}", hex::encode(data)) }, "latest"]);
        let answer = self.call("eth_call", &call);
        let answer = hex::decode(answer.as_str().expect("bytes").trim_start_matches("0x")).expect("bytes");
        EthereumAddress::new(*answer.last_chunk().expect("a word"))
    }

    fn transact(&self, transaction: Value) -> Value {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = self.call("eth_sendTransaction", &json!([transaction]));
        // The block is made at once, but beside the answer.
        let receipt = loop {
            let receipt = self.call("eth_getTransactionReceipt", &json!([hash]));
            if !receipt.is_null() {
                break receipt;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        assert_eq!(receipt["status"], "0x1", "the transaction succeeds");
        receipt
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // The supervisor stops the chain when its input closes.
        self.input.take();
        let _ = self.supervisor.wait();
    }
}

/// An address as contracts take it.
#[must_use]
pub fn word_of(address: &EthereumAddress) -> Word {
    let mut word = [0; 32];
    word[12..].copy_from_slice(address.as_bytes());
    word
}

/// A number as contracts take it.
#[must_use]
pub fn word(number: u64) -> Word {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

/// The data that call a function, such as `transfer(address,uint256)`, with words.
#[must_use]
pub fn call_data(function: &str, arguments: &[Word]) -> Vec<u8> {
    let selector = Keccak256::digest(function);
    [&selector[..4], &arguments.concat()].concat()
}

/// A signature with the call that prepares its wallet (ERC-6492).
///
/// # Panics
/// When there are more bytes than a number counts.
#[must_use]
pub fn wrapped(factory: &EthereumAddress, preparation: &[u8], inner: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| word(u64::try_from(bytes.len()).expect("a length"));
    let bytes = |bytes: &[u8]| {
        let mut encoded = [&length(bytes), bytes].concat();
        encoded.resize(encoded.len().next_multiple_of(32), 0);
        encoded
    };
    let (preparation, inner) = (bytes(preparation), bytes(inner));
    // The signature comes behind the preparation, which comes behind these three words.
    let place = word(96 + u64::try_from(preparation.len()).expect("a length"));
    let head = [word_of(factory), word(96), place].concat();
    [head, preparation, inner, WRAPPED.repeat(16)].concat()
}

fn hex_of(address: &EthereumAddress) -> String {
    format!("0x{}", hex::encode(address.as_bytes()))
}

/// Anvil, which is installed when it is not.
fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let output = Command::new(root.join("dev/setup-evm")).output().expect("dev/setup-evm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    Path::new(text.lines().last().expect("it prints the folder"))
        .join(format!("node_modules/@foundry-rs/anvil-{system}-{machine}/bin/anvil"))
}
