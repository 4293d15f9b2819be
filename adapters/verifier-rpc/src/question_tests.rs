use hexmtp_domain::identity::EthereumAddress;
use serde_json::json;

use crate::question::{Question, verdict};

fn account() -> EthereumAddress {
    EthereumAddress::parse("0x00112233445566778899aabbccddeeff00112233").unwrap()
}

/// The arguments behind the validator's code.
fn arguments(signature: &[u8]) -> String {
    let without = Question::new(&account(), &[0xab; 32], &[], 7).unwrap();
    let code = without.data.len() - 2 * 128;
    let question = Question::new(&account(), &[0xab; 32], signature, 7).unwrap();
    assert_eq!(question.block, 7);
    assert_eq!(question.data[..code], without.data[..code]);
    question.data[code..].to_owned()
}

/// R-EVM-001
#[test]
fn the_arguments_are_encoded_as_solidity_decodes_them() {
    let head = concat!(
        "00000000000000000000000000112233445566778899aabbccddeeff00112233",
        "abababababababababababababababababababababababababababababababab",
        "0000000000000000000000000000000000000000000000000000000000000060",
    );
    let number = |number: usize| format!("{number:064x}");
    assert_eq!(arguments(&[]), format!("{head}{}", number(0)));
    assert_eq!(arguments(&[1, 2]), format!("{head}{}0102{}", number(2), "00".repeat(30)));
    assert_eq!(arguments(&[9; 32]), format!("{head}{}{}", number(32), "09".repeat(32)));
    assert_eq!(arguments(&[9; 33]), format!("{head}{}{}{}", number(33), "09".repeat(33), "00".repeat(31)));
}

#[test]
fn what_is_too_long_for_a_chain_is_no_question() {
    let room = 49_152 - (Question::new(&account(), &[0; 32], &[], 0).unwrap().data.len() - 2) / 2;
    let longest = room / 32 * 32;
    assert!(Question::new(&account(), &[0; 32], &vec![0; longest], 0).is_some());
    assert!(Question::new(&account(), &[0; 32], &vec![0; longest + 1], 0).is_none());
}

/// R-EVM-001
#[test]
fn a_verdict_is_one_byte() {
    assert!(verdict(&json!("0x01")).unwrap());
    assert!(!verdict(&json!("0x00")).unwrap());
    let word = format!("0x{:064x}", 1);
    for other in ["", "0x", "0x1", "01", "0x02", "0xff", "0x0100", "0x0001", "0X01", " 0x01", &word] {
        assert!(verdict(&json!(other)).is_err(), "{other}");
    }
    for other in [json!(1), json!(true), json!(["0x01"]), json!({ "result": "0x01" })] {
        assert!(verdict(&other).is_err(), "{other}");
    }
}
