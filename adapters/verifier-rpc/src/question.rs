//! What a chain is asked: the validator's code with its arguments.

use hexmtp_domain::identity::EthereumAddress;
use serde_json::Value;

use crate::failure::Failure;

/// The validator's creation code in hexadecimal, as `dev/build-validator` makes it of its source.
const VALIDATOR: &str = include_str!("../contracts/OffchainValidator.hex").trim_ascii_end();

/// The longest code that chains create a contract by (EIP-3860). It holds the arguments, so the signature too.
const LONGEST_CODE: usize = 49_152;

/// A word of the EVM, in bytes.
const WORD: usize = 32;

/// One question: does the account stand by the signature over the hash?
#[derive(Debug)]
pub(crate) struct Question {
    /// The block to ask at; zero for the newest.
    pub(crate) block: u64,
    /// The data of the call, as JSON-RPC takes them.
    pub(crate) data: String,
}

impl Question {
    /// The question in the form that chains take; none when the signature is too long for that.
    pub(crate) fn new(
        account: &EthereumAddress,
        hash: &[u8; 32],
        signature: &[u8],
        block: u64,
    ) -> Option<Self> {
        let arguments = arguments(account, hash, signature)?;
        if VALIDATOR.len() / 2 + arguments.len() > LONGEST_CODE {
            return None;
        }
        Some(Self { block, data: format!("0x{VALIDATOR}{}", hex::encode(arguments)) })
    }
}

/// `abi.encode(address, bytes32, bytes)`; none when the bytes have no length that can be written.
fn arguments(account: &EthereumAddress, hash: &[u8; 32], signature: &[u8]) -> Option<Vec<u8>> {
    let padding = signature.len().next_multiple_of(WORD) - signature.len();
    let mut encoded = Vec::with_capacity(4 * WORD + signature.len() + padding);
    encoded.extend_from_slice(&[0; 12]);
    encoded.extend_from_slice(account.as_bytes());
    encoded.extend_from_slice(hash);
    // The bytes come after these three words; before them their length.
    encoded.extend_from_slice(&word(3 * WORD)?);
    encoded.extend_from_slice(&word(signature.len())?);
    encoded.extend_from_slice(signature);
    encoded.resize(encoded.len() + padding, 0);
    Some(encoded)
}

fn word(number: usize) -> Option<[u8; WORD]> {
    let mut word = [0; WORD];
    word.last_chunk_mut::<8>()?.copy_from_slice(&u64::try_from(number).ok()?.to_be_bytes());
    Some(word)
}

/// The validator's verdict: one byte, 1 or 0. Everything else is no verdict.
pub(crate) fn verdict(answer: &Value) -> Result<bool, Failure> {
    match answer.as_str() {
        Some("0x01") => Ok(true),
        Some("0x00") => Ok(false),
        _ => Err(Failure::Garbage("it is no verdict")),
    }
}
