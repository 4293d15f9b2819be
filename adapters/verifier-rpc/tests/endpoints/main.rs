//! Endpoints that behave, and endpoints that do not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod fake;

use std::error::Error;
use std::time::Duration;

use hexmtp_domain::identity::ContractWalletSignature;
use hexmtp_ports::Retry;
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_verifier_rpc::{ChainList, RpcContractWalletVerifier, VerifierOptions};
use serde_json::{Value, json};

use fake::{Fake, Reply};

const HASH: [u8; 32] = [7; 32];
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);

/// One attempt, and nothing that time alone brings about.
fn patient() -> VerifierOptions {
    VerifierOptions {
        connect_timeout: LONG,
        request_timeout: LONG,
        total: LONG,
        attempts: 1,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        rest: LONG,
        remembered_for: LONG,
        ..VerifierOptions::default()
    }
}

fn verifier(endpoints: &[&Fake], options: VerifierOptions) -> RpcContractWalletVerifier {
    let mut chains = ChainList::default();
    for endpoint in endpoints {
        chains.add(5, &endpoint.url).unwrap();
    }
    RpcContractWalletVerifier::new(&chains, options).unwrap()
}

fn signature(block_number: u64) -> ContractWalletSignature {
    ContractWalletSignature {
        account_id: format!("eip155:5:0x{}", "ab".repeat(20)),
        block_number,
        signature: b"signature".to_vec(),
    }
}

async fn ask(
    verifier: &RpcContractWalletVerifier,
    block: u64,
) -> Result<ContractVerdict, ContractWalletError> {
    verifier.verify(HASH, &signature(block)).await
}

fn yes() -> Reply {
    Reply::Result(json!("0x01"))
}

fn no() -> Reply {
    Reply::Result(json!("0x00"))
}

#[track_caller]
fn assert_unavailable(outcome: Result<ContractVerdict, ContractWalletError>, case: &str) {
    match outcome {
        Err(error @ ContractWalletError::Unavailable(_)) => {
            assert_eq!(error.retry(), Retry::SOON, "{case}");
            // A chain of causes is for logs; the endpoint's key is not.
            let mut text = format!("{error:?}");
            let mut cause: Option<&dyn Error> = Some(&error);
            while let Some(error) = cause {
                text.push_str(&error.to_string());
                cause = error.source();
            }
            assert!(!text.contains("a-key-of-the-owner"), "{case}: {text}");
        }
        other => panic!("{case}: {other:?}"),
    }
}

/// R-EVM-002
#[tokio::test]
async fn block_zero_is_the_newest_block() {
    let fake = Fake::start(yes()).await;
    let verifier = verifier(&[&fake], patient());
    assert_eq!(ask(&verifier, 0).await.unwrap(), ContractVerdict { is_valid: true, block_number: 99 });
    assert_eq!(ask(&verifier, 17).await.unwrap(), ContractVerdict { is_valid: true, block_number: 17 });
    fake.becomes(no());
    assert_eq!(ask(&verifier, 18).await.unwrap(), ContractVerdict { is_valid: false, block_number: 18 });
    let asked = fake.asked();
    let methods: Vec<&str> = asked.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["eth_blockNumber", "eth_call", "eth_call", "eth_call"]);
    let blocks: Vec<&Value> = asked.iter().map(|(_, params)| &params[1]).collect();
    assert_eq!(blocks, [&Value::Null, &json!("0x63"), &json!("0x11"), &json!("0x12")]);
    let call = asked[1].1[0].as_object().unwrap();
    assert_eq!(call.keys().collect::<Vec<_>>(), ["data"], "a call without a recipient");
    assert!(call["data"].as_str().unwrap().contains(&hex::encode(HASH)));
}

/// R-EVM-003
#[tokio::test]
async fn what_is_no_verdict_is_never_valid() {
    let of_another = r#"{"jsonrpc":"2.0","id":4711,"result":"0x01"}"#;
    for reply in [
        Reply::Result(json!("0x")),
        Reply::Result(json!("0x0101")),
        Reply::Result(json!(format!("0x{:064x}", 1))),
        Reply::Result(json!(true)),
        Reply::Result(json!(1)),
        Reply::Result(Value::Null),
        Reply::Result(json!("x".repeat(100_000))),
        Reply::Body(String::new()),
        Reply::Body("0x01".to_owned()),
        Reply::Body(of_another.to_owned()),
        Reply::Error(-32_000, "header not found"),
        Reply::Error(-32_601, "the method eth_call does not exist"),
        Reply::Error(-32_005, "limit exceeded"),
        Reply::Status("429 Too Many Requests"),
        Reply::Status("503 Service Unavailable"),
        Reply::Status("401 Unauthorized"),
        Reply::Status("302 Found"),
        Reply::Status("204 No Content"),
        Reply::Endless,
        Reply::Close,
    ] {
        let fake = Fake::start(reply.clone()).await;
        let verifier = verifier(&[&fake], patient());
        let case = format!("{reply:?}").chars().take(80).collect::<String>();
        assert_unavailable(ask(&verifier, 3).await, &case);
        // What has failed is not remembered.
        fake.becomes(yes());
        assert!(ask(&verifier, 3).await.unwrap().is_valid, "{case}");
    }
}

/// R-EVM-003
#[tokio::test]
async fn who_hangs_or_is_late_gives_no_verdict() {
    let short = VerifierOptions { request_timeout: Duration::from_millis(50), ..patient() };
    let short_in_all = VerifierOptions { total: Duration::from_millis(50), ..patient() };
    for reply in [Reply::Hang, Reply::Half] {
        let fake = Fake::start(reply.clone()).await;
        for options in [short, short_in_all] {
            assert_unavailable(ask(&verifier(&[&fake], options), 3).await, &format!("{reply:?}"));
        }
    }
    // Nothing listens there any more.
    let gone = Fake::start(yes()).await.url.clone();
    let mut chains = ChainList::default();
    chains.add(5, &gone).unwrap();
    let verifier = RpcContractWalletVerifier::new(&chains, patient()).unwrap();
    assert_unavailable(ask(&verifier, 3).await, "gone");
}

/// R-EVM-003
#[tokio::test]
async fn a_revert_is_a_refusal() {
    for reply in [
        Reply::Error(3, "execution reverted"),
        Reply::Error(-32_000, "execution reverted: no"),
        Reply::Error(-32_015, "VM execution error."),
    ] {
        let fake = Fake::start(reply).await;
        let verdict = ask(&verifier(&[&fake], patient()), 3).await.unwrap();
        assert_eq!(verdict, ContractVerdict { is_valid: false, block_number: 3 });
    }
}

/// R-EVM-003
#[tokio::test]
async fn a_lie_about_the_newest_block_gives_no_verdict() {
    let fake = Fake::start(yes()).await;
    for lie in
        [json!("0x0"), json!("latest"), json!("0x"), json!(99), json!("0x1ffffffffffffffff"), json!("-0x1")]
    {
        let reply = lie.clone();
        fake.behaves(Box::new(move |method, _| match method {
            "eth_blockNumber" => Reply::Result(reply.clone()),
            _ => yes(),
        }));
        assert_unavailable(ask(&verifier(&[&fake], patient()), 0).await, &lie.to_string());
    }
    // Nothing has run yet that could have reverted.
    fake.behaves(Box::new(|method, _| match method {
        "eth_blockNumber" => Reply::Error(3, "execution reverted"),
        _ => yes(),
    }));
    assert_unavailable(ask(&verifier(&[&fake], patient()), 0).await, "revert");
}

/// R-EVM-004
#[tokio::test]
async fn another_endpoint_stands_in_until_the_first_has_recovered() {
    let options = VerifierOptions { remembered: 0, ..patient() };
    let (first, second) = (Fake::start(Reply::Close).await, Fake::start(yes()).await);
    let both = verifier(&[&first, &second], options);
    assert!(ask(&both, 3).await.unwrap().is_valid);
    let failed = first.requests();
    assert!(failed > 0 && second.requests() == 1);
    // The one that has just failed is not waited for.
    assert!(ask(&both, 3).await.unwrap().is_valid);
    assert_eq!((first.requests(), second.requests()), (failed, 2));
    // It is asked when the other one fails, and has its place again once it has answered.
    first.becomes(no());
    second.becomes(Reply::Status("500 Internal Server Error"));
    assert!(!ask(&both, 3).await.unwrap().is_valid);
    second.becomes(yes());
    assert!(!ask(&both, 3).await.unwrap().is_valid);
    assert_eq!(second.requests(), 3);
    // Without a rest it is asked first every time.
    first.becomes(Reply::Close);
    let restless = verifier(&[&first, &second], VerifierOptions { rest: Duration::ZERO, ..options });
    assert!(ask(&restless, 3).await.unwrap().is_valid);
    first.becomes(no());
    assert!(!ask(&restless, 3).await.unwrap().is_valid);
}

/// R-EVM-004
#[tokio::test]
async fn an_endpoint_that_lacks_the_block_is_passed_over_but_stays_the_first() {
    let options = VerifierOptions { remembered: 0, ..patient() };
    let (behind, ahead) =
        (Fake::start(Reply::Error(-32_000, "header not found")).await, Fake::start(yes()).await);
    let both = verifier(&[&behind, &ahead], options);
    assert!(ask(&both, 100).await.unwrap().is_valid);
    behind.becomes(no());
    assert!(!ask(&both, 3).await.unwrap().is_valid);
    assert_eq!((behind.requests(), ahead.requests()), (2, 1));
}

/// R-EVM-004
#[tokio::test]
async fn what_may_pass_is_tried_again_and_has_an_end() {
    let thrice = VerifierOptions { attempts: 3, ..patient() };
    for (reply, requests) in [
        (Reply::Status("503 Service Unavailable"), 3),
        (Reply::Error(-32_000, "header not found"), 3),
        (Reply::Body("busy".to_owned()), 3),
        (Reply::Status("403 Forbidden"), 1),
        (Reply::Error(-32_601, "no such method"), 1),
        (Reply::Endless, 1),
    ] {
        let fake = Fake::start(reply.clone()).await;
        assert_unavailable(ask(&verifier(&[&fake], thrice), 3).await, &format!("{reply:?}"));
        assert_eq!(fake.requests(), requests, "{reply:?}");
    }
    let fake = Fake::start(yes()).await;
    let calls = std::sync::atomic::AtomicUsize::new(0);
    fake.behaves(Box::new(move |_, _| match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 | 1 => Reply::Status("502 Bad Gateway"),
        _ => yes(),
    }));
    assert!(ask(&verifier(&[&fake], thrice), 3).await.unwrap().is_valid);
}

/// R-EVM-006
#[tokio::test]
async fn a_verdict_is_asked_for_once() {
    let fake = Fake::start(yes()).await;
    let verifier = verifier(&[&fake], patient());
    assert_eq!(ask(&verifier, 0).await.unwrap().block_number, 99);
    assert_eq!(fake.requests(), 2);
    fake.becomes(no());
    // The verdict at the newest block is one at its number.
    assert!(ask(&verifier, 99).await.unwrap().is_valid);
    let mut other_spelling = signature(99);
    other_spelling.account_id =
        other_spelling.account_id.to_uppercase().replace("EIP", "eip").replace("0X", "0x");
    assert!(verifier.verify(HASH, &other_spelling).await.unwrap().is_valid);
    assert_eq!(fake.requests(), 2);
    // Refusals are remembered as well.
    assert!(!ask(&verifier, 98).await.unwrap().is_valid);
    assert!(!ask(&verifier, 98).await.unwrap().is_valid);
    assert_eq!(fake.requests(), 3);
    // What is newest now is asked for every time.
    assert!(ask(&verifier, 0).await.is_ok());
    assert_eq!(fake.requests(), 5);
}

/// R-EVM-007
#[tokio::test]
async fn what_no_chain_can_be_asked_about_is_told_apart() {
    let fake = Fake::start(yes()).await;
    let verifier = verifier(&[&fake], patient());
    let of = |account_id: &str| ContractWalletSignature { account_id: account_id.to_owned(), ..signature(3) };
    let address = format!("0x{}", "ab".repeat(20));
    for malformed in [
        String::new(),
        address.clone(),
        format!("5:{address}"),
        format!("solana:5:{address}"),
        format!("eip155:five:{address}"),
        format!("eip155:5:{address}:1"),
        "eip155:5:0xab".to_owned(),
        format!("eip155:5:0x{}", "é".repeat(20)),
    ] {
        let error = verifier.verify(HASH, &of(&malformed)).await.unwrap_err();
        assert!(matches!(error, ContractWalletError::Malformed(_)), "{malformed}: {error:?}");
        assert_eq!((error.code(), error.retry()), ("contract_wallet.malformed", Retry::Never));
    }
    let long = ContractWalletSignature { signature: vec![0; 50_000], ..signature(3) };
    let error = verifier.verify(HASH, &long).await.unwrap_err();
    assert!(matches!(error, ContractWalletError::Malformed(_)), "{error:?}");
    let error = verifier.verify(HASH, &of(&format!("eip155:6:{address}"))).await.unwrap_err();
    assert!(matches!(error, ContractWalletError::UnsupportedChain), "{error:?}");
    assert!(error.retry().is_worth_it());
    assert_eq!(fake.requests(), 0);
}

/// A crowd waits for its turn instead of being refused.
#[tokio::test]
async fn more_questions_than_turns_are_all_answered() {
    let fake = Fake::start(yes()).await;
    let one_by_one = VerifierOptions { at_once: 0, ..patient() };
    let verifier = std::sync::Arc::new(verifier(&[&fake], one_by_one));
    let asked: Vec<_> = (1..=20)
        .map(|block| {
            let verifier = std::sync::Arc::clone(&verifier);
            tokio::spawn(async move { ask(&verifier, block).await.map(|verdict| verdict.block_number) })
        })
        .collect();
    for (task, block) in asked.into_iter().zip(1..) {
        assert_eq!(task.await.unwrap().unwrap(), block);
    }
}
