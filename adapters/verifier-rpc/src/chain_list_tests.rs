use std::error::Error;

use crate::{ChainList, ChainListError, RpcContractWalletVerifier, VerifierOptions};

const KEY: &str = "a-key-of-the-owner";

fn shown(list: &ChainList) -> String {
    format!("{list:?}")
}

#[test]
fn a_list_is_read_from_json() {
    let list = ChainList::from_json(
        r#"{ "1": "https://one.example/v3/key", "eip155:10": ["http://127.0.0.1:8545", "https://b.example:444"] }"#,
    )
    .unwrap();
    assert_eq!(list.chain_ids().collect::<Vec<_>>(), [1, 10]);
    assert_eq!(
        shown(&list),
        r#"{1: ["https://one.example"], 10: ["http://127.0.0.1:8545", "https://b.example:444"]}"#
    );
    assert!(ChainList::from_json("{}").unwrap().is_empty());
    for bad in ["", "[]", r#"{"1": 5}"#, r#"{"1": []}"#, r#"{"1": [[]]}"#, r#"{"1": null}"#, r#"{"1": "#] {
        assert!(matches!(ChainList::from_json(bad), Err(ChainListError::Json)), "{bad}");
    }
    for bad in ["", "+1", "-1", "0x1", "1 ", "eip155:", "eip155:eip155:1", "solana:1", "18446744073709551616"]
    {
        let text = serde_json::json!({ bad: "https://one.example" }).to_string();
        assert!(matches!(ChainList::from_json(&text), Err(ChainListError::ChainId(_))), "{bad}");
    }
    for bad in ["", "one.example", "ftp://one.example", "https://", "file:///etc/passwd", "unix:/x"] {
        let text = serde_json::json!({ "1": bad }).to_string();
        assert!(matches!(ChainList::from_json(&text), Err(ChainListError::Url(1))), "{bad}");
    }
}

#[test]
fn a_list_is_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chains.json");
    assert!(matches!(ChainList::read(&path), Err(ChainListError::File { .. })));
    std::fs::write(&path, r#"{ "8453": "https://base.example" }"#).unwrap();
    assert_eq!(ChainList::read(&path).unwrap().chain_ids().collect::<Vec<_>>(), [8453]);
}

#[test]
fn a_list_is_read_from_variables_and_replaces_another() {
    let variables = [
        ("CHAIN_RPC_1", " https://a.example , https://b.example/x,"),
        ("CHAIN_RPC_31337", "http://localhost:8545"),
        ("CHAIN_RPC", "not one of them"),
        ("PATH", "/bin"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let list = ChainList::from_variables(variables).unwrap();
    assert_eq!(
        shown(&list),
        r#"{1: ["https://a.example", "https://b.example"], 31337: ["http://localhost:8545"]}"#
    );
    let mut all =
        ChainList::from_json(r#"{"1": "https://old.example", "5": "https://five.example"}"#).unwrap();
    all.replace_by(list);
    assert_eq!(
        shown(&all),
        r#"{1: ["https://a.example", "https://b.example"], 5: ["https://five.example"], 31337: ["http://localhost:8545"]}"#
    );
    let misspelt = ChainList::from_variables([("CHAIN_RPC_ONE".to_owned(), "https://a.example".to_owned())]);
    assert!(matches!(misspelt, Err(ChainListError::ChainId(name)) if name == "CHAIN_RPC_ONE"));
}

/// R-EVM-005
#[test]
fn keys_in_urls_are_never_shown() {
    let mut list = ChainList::default();
    list.add(1, &format!("https://user:{KEY}@one.example/{KEY}?key={KEY}#{KEY}")).unwrap();
    assert_eq!(shown(&list), r#"{1: ["https://one.example"]}"#);
    let verifier = RpcContractWalletVerifier::new(&list, VerifierOptions::default()).unwrap();
    assert!(!format!("{verifier:?}").contains(KEY));
    let wrong = [
        ChainList::from_json(&format!(r#"{{"1": "ftp://{KEY}"}}"#)).unwrap_err(),
        ChainList::from_json(&format!(r#"{{"1": "{KEY}"#)).unwrap_err(),
        list.add(1, &format!("https://{KEY}:{KEY}")).unwrap_err(),
    ];
    for error in wrong {
        assert!(error.source().is_none() && !format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
}
