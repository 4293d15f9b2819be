//! `hexmtp-node` on the command line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "semantics/peer.rs"]
#[allow(dead_code, reason = "each test program uses another part")]
mod peer;
#[allow(dead_code, reason = "each test program uses another part")]
mod process;

use std::process::Stdio;

use hexmtp_proto::xmtp::identity::api::v1 as wire;
use tonic::Code;

use peer::{Peer, fresh, text};
use process::{Process, program};

async fn output(arguments: &[&str]) -> (bool, String, String) {
    let output = program(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn help_documents_every_setting_with_its_variable() {
    let (success, help, _) = output(&["--help"]).await;
    assert!(success);
    let flags: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && !matches!(*word, "--help" | "--version"))
        .collect();
    for flag in ["--listen", "--database-url", "--log-format", "--max-page-size", "--shutdown-grace"] {
        assert!(flags.contains(&flag), "{flag} in\n{help}");
    }
    let variables = help.matches("[env: HEXMTP_NODE_").count();
    assert_eq!(variables, flags.len(), "each flag has a variable\n{help}");
    assert!(help.contains("postgres://") && help.contains("sqlite::memory:") && help.contains("sqlite://"));
    let (success, version, _) = output(&["--version"]).await;
    assert!(success && version.starts_with("hexmtp-node "));
}

#[tokio::test]
async fn it_says_one_line_serves_and_stops_in_order_on_both_signals() {
    for signal in ["TERM", "INT"] {
        let mut command =
            program(&["--listen", "127.0.0.1:0", "--log-format", "json", "--log", "hexmtp_node=debug"]);
        command.stderr(Stdio::piped());
        let node = Process::start(command).await;
        assert!(node.url.starts_with("http://127.0.0.1:"));
        let peer = Peer::connect(&node.url).await;
        let group = fresh();
        peer.send(&[text(group, "a secret of the group")]).await.unwrap();
        assert_eq!(peer.read(group).await.len(), 1);
        drop(peer);
        node.signal(signal).await;
        let (status, lines, log) = node.end().await;
        assert!(status.success(), "{signal}: {status}");
        assert!(lines.is_empty(), "nothing but the one line: {lines:?}");
        let mut messages = Vec::new();
        for line in log.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
            messages.push(line["fields"]["message"].as_str().unwrap().to_owned());
        }
        assert!(messages.contains(&"the node is ready".to_owned()) && messages.contains(&"call".to_owned()));
        assert_eq!(messages.last().unwrap(), "the node has stopped");
        assert!(!log.contains("a secret of the group"));
    }
}

#[tokio::test]
async fn settings_come_from_flags_and_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.db");
    let mut command = program(&["--listen", "127.0.0.1:0"]);
    command.env("HEXMTP_NODE_DATABASE_URL", format!("sqlite://{}", file.display()));
    command.env("HEXMTP_NODE_LISTEN", "not an address, but the flag wins").stderr(Stdio::null());
    let node = Process::start(command).await;
    assert!(file.exists());
    node.kill().await;
    let mut command = program(&[]);
    command.env("HEXMTP_NODE_MAX_PAGE_SIZE", "many").stdout(Stdio::null());
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--max-page-size"));
}

/// R-EVM-015
#[tokio::test]
async fn chains_come_from_a_file_from_variables_and_from_flags() {
    // Nobody listens there, so that a chain that is known cannot be asked.
    let nowhere = "http://127.0.0.1:1";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chains.json");
    std::fs::write(&file, format!(r#"{{ "5": ["{nowhere}"], "eip155:6": "{nowhere}" }}"#)).unwrap();
    let mut command = program(&["--listen", "127.0.0.1:0", "--chain-rpc", &format!("8={nowhere}")]);
    command.env("HEXMTP_NODE_CHAINS_FILE", &file).env("CHAIN_RPC_7", nowhere).stderr(Stdio::null());
    let node = Process::start(command).await;
    let peer = Peer::connect(&node.url).await;
    for chain in 5..=9 {
        let signature = wire::VerifySmartContractWalletSignatureRequestSignature {
            account_id: format!("eip155:{chain}:0x{}", "ab".repeat(20)),
            block_number: None,
            signature: vec![1],
            hash: vec![2; 32],
        };
        let request = wire::VerifySmartContractWalletSignaturesRequest { signatures: vec![signature] };
        let answer = peer.identity.clone().verify_smart_contract_wallet_signatures(request).await;
        if chain == 9 {
            let answer = answer.unwrap().into_inner().responses;
            assert!(!answer[0].is_valid && answer[0].error.is_some());
        } else {
            assert_eq!(answer.unwrap_err().code(), Code::Unavailable, "chain {chain}");
        }
    }
    node.kill().await;
}

#[tokio::test]
async fn a_failed_start_is_explained_without_secrets() {
    for (flag, value, words) in [
        ("--chain-rpc", "https://rpc.example/top-secret", "<chain id>=<url>"),
        ("--chain-rpc", "https://rpc.example/?key=top-secret", "<chain id>=<url>"),
        ("--chain-rpc", "1=ftp://rpc.example/top-secret", "chain 1"),
        ("--chains-file", "/no/such/chains.json", "/no/such/chains.json"),
    ] {
        let (success, stdout, stderr) = output(&["--listen", "127.0.0.1:0", flag, value]).await;
        assert!(!success && stdout.is_empty());
        assert!(stderr.contains(words), "{stderr}");
        assert!(!stderr.contains("top-secret"), "{stderr}");
    }
    for (url, words) in [
        ("mysql://me:top-secret@db/x", "unknown kind of database"),
        ("postgres://me:top-secret@127.0.0.1:no-port/x", "malformed"),
        ("sqlite:///no/such/folder/node.db", "/no/such/folder/node.db"),
    ] {
        let (success, stdout, stderr) = output(&["--listen", "127.0.0.1:0", "--database-url", url]).await;
        assert!(!success && stdout.is_empty());
        assert!(stderr.contains(words), "{stderr}");
        assert!(!stderr.contains("top-secret"), "{stderr}");
    }
    let (success, _, stderr) = output(&["--log", "=nonsense=="]).await;
    assert!(!success && !stderr.is_empty());
}
