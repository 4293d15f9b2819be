use serde_json::json;

use crate::failure::Failure;
use crate::json_rpc::{quantity, request, result};

#[test]
fn a_request_has_what_the_protocol_asks_for() {
    let text = request(7, "eth_call", &json!([{ "data": "0x" }, "0x10"]));
    let expected =
        json!({ "jsonrpc": "2.0", "id": 7, "method": "eth_call", "params": [{ "data": "0x" }, "0x10"] });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
}

#[test]
fn only_the_answer_to_the_request_is_taken() {
    for good in [
        r#"{"jsonrpc":"2.0","id":7,"result":"0x01"}"#,
        r#" {"id":7,"error":null,"result":"0x01","jsonrpc":"2.0","more":[1]} "#,
    ] {
        assert_eq!(result(7, good.as_bytes()).unwrap(), json!("0x01"));
    }
    for bad in [
        "",
        "<html>busy</html>",
        r#""0x01""#,
        r#"[{"jsonrpc":"2.0","id":7,"result":"0x01"}]"#,
        r#"{"jsonrpc":"2.0","id":8,"result":"0x01"}"#,
        r#"{"jsonrpc":"2.0","id":"7","result":"0x01"}"#,
        r#"{"jsonrpc":"2.0","result":"0x01"}"#,
        r#"{"jsonrpc":"1.0","id":7,"result":"0x01"}"#,
        r#"{"id":7,"result":"0x01"}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":null}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":"0x01","error":{"code":1,"message":""}}"#,
        r#"{"jsonrpc":"2.0","id":7,"error":"execution reverted"}"#,
        r#"{"jsonrpc":"2.0","id":7,"error":{"code":"3","message":"execution reverted"}}"#,
    ] {
        assert!(matches!(result(7, bad.as_bytes()), Err(Failure::Garbage(_))), "{bad}");
    }
    // No depth of nesting takes the parser down.
    let deep = "[".repeat(100_000);
    assert!(matches!(result(7, deep.as_bytes()), Err(Failure::Garbage(_))));
}

#[test]
fn a_revert_is_told_from_other_errors() {
    for (code, message, expected) in [
        (3, "execution reverted: no", true),
        (3, "", true),
        (-32_000, "execution reverted", true),
        (-32_000, "Execution reverted", true),
        (-32_015, "VM execution error.", true),
        (-32_000, "header not found", false),
        (-32_000, "out of gas", false),
        (-32_000, "the last execution reverted the database", false),
        (-32_602, "execution reverted", false),
        (-32_005, "limit exceeded", false),
    ] {
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message } });
        match result(1, answer.to_string().as_bytes()) {
            Err(Failure::Refused { code: found, is_revert }) => {
                assert_eq!((found, is_revert), (code, expected), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_number_has_a_prefix_and_digits_only() {
    assert_eq!(quantity(&json!("0x0")), Some(0));
    assert_eq!(quantity(&json!("0x1aF")), Some(0x1af));
    assert_eq!(quantity(&json!("0xffffffffffffffff")), Some(u64::MAX));
    for bad in
        [json!("0x"), json!("17"), json!("0x+1"), json!("0x1g"), json!("0x10000000000000000"), json!(17)]
    {
        assert_eq!(quantity(&bad), None, "{bad}");
    }
}
