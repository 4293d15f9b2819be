//! The few lines of JSON-RPC 2.0 that are needed.

use serde_json::{Value, json};

use crate::failure::Failure;

/// The number by which most nodes say that code has reverted (geth and those that follow it).
const REVERTED: i64 = 3;

/// The request with this number.
pub(crate) fn request(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

/// The result in the answer to the request of this number.
///
/// # Errors
/// [`Failure::Refused`] when the answer is an error, [`Failure::Garbage`] when it is no answer to this request.
pub(crate) fn result(id: u64, answer: &[u8]) -> Result<Value, Failure> {
    let mut answer: Value = serde_json::from_slice(answer).map_err(|_| Failure::Garbage("it is not JSON"))?;
    if answer.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(Failure::Garbage("it is not JSON-RPC 2.0"));
    }
    if answer.get("id").and_then(Value::as_u64) != Some(id) {
        return Err(Failure::Garbage("it answers another request"));
    }
    // Some nodes send both fields, with null for the one that does not apply.
    let error = answer.get("error").filter(|error| !error.is_null());
    let result = answer.get("result").filter(|result| !result.is_null());
    match (error, result) {
        (Some(error), None) => Err(refusal(error)),
        (None, Some(_)) => Ok(answer["result"].take()),
        (Some(_), Some(_)) => Err(Failure::Garbage("it has a result and an error")),
        (None, None) => Err(Failure::Garbage("it has no result")),
    }
}

fn refusal(error: &Value) -> Failure {
    let Some(code) = error.get("code").and_then(Value::as_i64) else {
        return Failure::Garbage("its error has no number");
    };
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    // Other nodes have one number for all that goes wrong with a call, and say it in words.
    let in_words = message.starts_with("execution reverted") || message.starts_with("vm execution error");
    let is_revert = code == REVERTED || (in_words && matches!(code, -32_000 | -32_015));
    Failure::Refused { code, is_revert }
}

/// A number as JSON-RPC of Ethereum writes it: `0x` and hexadecimal digits.
pub(crate) fn quantity(value: &Value) -> Option<u64> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    // The parser would take a sign as well.
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}
