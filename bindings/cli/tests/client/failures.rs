//! What goes wrong is told by an exit code, a stable code, a sentence and a hint.

use crate::world::{World, files, lossy, string};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "kept"]);
    let (bobs, alice) = (bob.address(), alice.with_url("http://127.0.0.1:1"));
    for arguments in
        [&["sync"][..], &["messages", &bobs], &["can-message", &bobs], &["dm", &bobs], &["group", "list"]]
    {
        let (code, error) = alice.failure(arguments);
        assert_eq!((code, error["class"].as_str()), (3, Some("network")), "{arguments:?}");
        assert!(string(&error["code"]).ends_with(".unavailable"), "{error}");
        assert!(string(&error["hint"]).contains("--url"), "{error}");
    }
    // What is stored can be seen.
    let shown = alice.text(&["messages", &bobs, "--offline"]);
    assert!(shown.contains("you: kept"), "{shown}");
    assert_eq!(alice.json_lines(&["group", "list", "--offline"]).len(), 1);
    assert!(alice.text(&["info"]).contains("http://127.0.0.1:1"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_is_kept_and_sent_later() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "first"]);
    let (bobs, cut_off) = (bob.address(), alice.with_url("http://127.0.0.1:1"));
    let (code, error) = cut_off.failure(&["send", &bobs, "later"]);
    assert_eq!((code, error["code"].as_str()), (7, Some("cli.not_sent_yet")));
    assert!(string(&error["hint"]).contains("hexmtp sync") && !error["causes"][0].is_null(), "{error}");
    let shown = cut_off.text(&["messages", &bobs, "--offline"]);
    assert!(shown.contains("you: later (not sent yet)"), "{shown}");

    // A chat goes on without the network, and says at its end what it could not do.
    let mut chat = cut_off.start(&["chat", &bobs]);
    chat.say("and this");
    chat.say("and that");
    let (code, _, errors) = chat.end();
    assert_eq!(code, Some(7), "{errors:?}");

    assert_eq!(bob.texts(&alice.address()), ["first"]);
    alice.json(&["sync"]);
    let sent = ["first", "later", "and this", "and that"];
    assert_eq!(bob.texts(&alice.address()), sent);
    assert_eq!(alice.texts(&bobs), sent);
    alice.json(&["sync"]);
    assert_eq!(bob.texts(&alice.address()), sent, "nothing is sent twice");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_are_not_there() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let nobody = format!("0x{}", "12".repeat(20));
    let unknown = "34".repeat(32);
    alice.json(&["group", "create", "--name", "Weekend", &bob.address()]);
    for arguments in [
        vec!["dm", nobody.as_str()],
        vec!["dm", &unknown],
        vec!["send", &nobody, "Hi"],
        vec!["chat", &nobody],
        vec!["group", "create", &nobody],
        vec!["group", "add", "Weekend", &nobody],
    ] {
        let (code, error) = alice.failure(&arguments);
        assert_eq!((code, error["code"].as_str()), (4, Some("cli.not_registered")), "{arguments:?} {error}");
        let message = string(&error["message"]);
        assert!(message.contains(&nobody) || message.contains(&unknown), "{message}");
    }
    assert_eq!(alice.json_lines(&["group", "list"]).len(), 1, "nothing was created");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_that_are_not_there_or_not_clear() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let bobs = bob.address();
    let missing = "ab".repeat(16);
    for arguments in [
        vec!["messages", "Nothing"],
        vec!["messages", &missing],
        vec!["messages", &bobs],
        vec!["send", "Nothing", "Hi"],
        vec!["send", &missing, "Hi"],
        vec!["chat", "Nothing"],
        vec!["stream", "Nothing"],
        vec!["group", "rename", "Nothing", "Something"],
    ] {
        let (code, error) = alice.failure(&arguments);
        assert_eq!((code, error["code"].as_str()), (4, Some("cli.no_conversation")), "{arguments:?}");
    }
    for _ in 0..2 {
        alice.json(&["group", "create", "--name", "Twins", &bobs]);
    }
    let (code, error) = alice.failure(&["send", "Twins", "Hi"]);
    assert_eq!((code, error["code"].as_str()), (2, Some("cli.ambiguous_conversation")));
    let ids: Vec<String> =
        alice.json_lines(&["group", "list"]).iter().map(|line| string(&line["id"])).collect();
    assert!(ids.iter().all(|id| string(&error["message"]).contains(id)), "{error}");
    alice.json(&["send", &ids[0], "to one of them"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_without_an_account() {
    let world = World::new().await;
    let nobody = world.stranger("nobody");
    for arguments in [&["info"][..], &["sync"], &["stream"], &["send", "Weekend", "Hi"], &["group", "list"]] {
        let (code, error) = nobody.failure(arguments);
        assert_eq!((code, error["code"].as_str()), (4, Some("cli.not_initialised")), "{arguments:?}");
        assert!(string(&error["hint"]).contains("hexmtp init"));
    }
    assert!(!nobody.folder().exists(), "looking made a profile");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_wrong_missing_or_damaged() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let key = alice.folder().join("keys/database-key.secret");
    let good = std::fs::read(&key).unwrap();
    let before = files(&alice.folder());

    std::fs::write(&key, std::fs::read(bob.folder().join("keys/database-key.secret")).unwrap()).unwrap();
    let (code, error) = alice.failure(&["info"]);
    assert_eq!((code, error["code"].as_str()), (6, Some("store.wrong_key_or_not_a_database")));
    std::fs::write(&key, "hexmtp secret 1\n00").unwrap();
    let (code, error) = alice.failure(&["info"]);
    assert_eq!((code, error["code"].as_str()), (6, Some("secret_store.unusable")));
    let elsewhere = key.with_file_name("elsewhere");
    std::fs::rename(&key, &elsewhere).unwrap();
    for command in ["info", "init"] {
        let (code, error) = alice.failure(&[command]);
        assert_eq!((code, error["code"].as_str()), (6, Some("cli.key_missing")), "{command}");
    }

    // None of this changed anything.
    std::fs::rename(&elsewhere, &key).unwrap();
    std::fs::write(&key, &good).unwrap();
    let databases = |files: &[(std::path::PathBuf, Vec<u8>)]| -> Vec<Vec<u8>> {
        files
            .iter()
            .filter(|(path, _)| path.ends_with("messages.db"))
            .map(|(_, bytes)| bytes.clone())
            .collect()
    };
    assert_eq!(databases(&files(&alice.folder())), databases(&before));
    alice.json(&["info"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_on_the_command_line() {
    let world = World::new().await;
    let alice = world.person("alice");
    for arguments in [
        &["nonsense"][..],
        &["dm"],
        &["dm", "bob"],
        &["can-message", "0x12"],
        &["group", "add", "Weekend"],
        &["messages", "Weekend", "--limit", "many"],
        &["init", "--private-key", "00"],
        &["info", "--profile", "../elsewhere"],
        &["info", "--key-store", "paper"],
        &["send", "Weekend", "  "],
        &["sync", "--url", "example"],
    ] {
        let (code, error) = alice.failure(arguments);
        assert_eq!((code, error["class"].as_str()), (2, Some("usage")), "{arguments:?} {error}");
        let people = alice.output(arguments);
        assert_eq!(people.status.code(), Some(2));
        assert!(lossy(&people.stderr).starts_with("error: "), "{}", lossy(&people.stderr));
    }
    world.stop().await;
}

#[test]
fn help_documents_commands_options_environment_and_exit_codes() {
    let help = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_hexmtp")).args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    for text in [help(&["--help"]), help(&["-h"])] {
        for word in [
            "init",
            "info",
            "can-message",
            "dm",
            "group",
            "send",
            "messages",
            "sync",
            "stream",
            "chat",
            "demo",
            "HEXMTP_URL",
            "HEXMTP_HOME",
            "HEXMTP_PROFILE",
            "HEXMTP_KEY_STORE",
            "--json",
            "--verbose",
            "Exit codes",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    assert!(help(&["init", "--help"]).contains("wallet key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_a_sentence_a_code_and_a_hint() {
    let world = World::new().await;
    let nobody = world.stranger("nobody");
    let error = lossy(&nobody.output(&["info"]).stderr);
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("error: there is no account in profile \"nobody\""), "{error}");
    assert!(lines[0].ends_with("(cli.not_initialised)"), "{error}");
    assert!(lines.iter().any(|line| line.starts_with("  hint: `hexmtp init`")), "{error}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_tells_more_and_no_secrets() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let words = "the heron nests by the old mill";
    let output = alice.output(&["dm", &bob.address(), words, "--verbose"]);
    assert!(output.status.success());
    let log = lossy(&output.stderr);
    assert!(!log.contains("heron"), "{log}");
    for (_, bytes) in files(&alice.folder().join("keys")) {
        let secret = lossy(&bytes).lines().nth(1).unwrap().to_owned();
        assert!(!log.contains(&secret));
    }
    let cut_off = alice.with_url("http://127.0.0.1:1").output(&["sync", "-v"]);
    assert!(lossy(&cut_off.stderr).contains("DEBUG"), "{}", lossy(&cut_off.stderr));
    world.stop().await;
}
