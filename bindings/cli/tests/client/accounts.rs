//! `init`, `info` and `can-message`; what is kept where.

use std::io::Write;
use std::process::Stdio;

use crate::world::{World, files, lossy, string};

/// A throw-away key and its address.
const KEY: &str = "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d";
const ADDRESS: &str = "0x90f8bf6a479f320ead074411a4b0e7944ea8c9c1";

#[tokio::test(flavor = "multi_thread")]
async fn init_makes_an_account_that_info_shows_and_others_can_message() {
    let world = World::new().await;
    let alice = world.stranger("alice");
    let made = alice.json(&["init"]);
    let address = string(&made["address"]);
    assert!(address.len() == 42 && address.starts_with("0x"), "{address}");
    for id in ["inbox_id", "installation_id"] {
        assert_eq!(string(&made[id]).len(), 64, "{id}");
    }
    assert_eq!(
        (made["key_store"].as_str(), made["url"].as_str()),
        (Some("file"), Some(world.url().as_str()))
    );
    let info = alice.json(&["info"]);
    for field in ["address", "inbox_id", "installation_id", "url", "profile", "folder"] {
        assert_eq!(info[field], made[field], "{field}");
    }
    assert_eq!(info["conversations"], 0);
    let text = alice.text(&["info"]);
    assert!(text.contains(&address) && text.contains("files that only you can read"), "{text}");

    let bob = world.person("bob");
    let nobody = format!("0x{}", "12".repeat(20));
    let reach =
        bob.json_lines(&["can-message", &address, &nobody, &address.to_uppercase().replace("0X", "0x")]);
    let answers: Vec<Option<bool>> = reach.iter().map(|line| line["can_message"].as_bool()).collect();
    assert_eq!(answers, [Some(true), Some(false), Some(true)]);
    assert_eq!(bob.text(&["can-message", &nobody]), format!("{nobody}  no\n"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn init_again_changes_nothing() {
    let world = World::new().await;
    let alice = world.stranger("alice");
    let made = alice.json(&["init"]);
    assert_eq!(alice.json(&["init"]), made);
    assert!(alice.text(&["init"]).starts_with("There is an account already."));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_imported_from_a_file_and_from_standard_input() {
    let world = World::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("0x{KEY}\n")).unwrap();
    let alice = world.stranger("alice");
    let made = alice.json(&["init", "--private-key-file", file.path().to_str().unwrap()]);
    assert_eq!(made["address"], ADDRESS);

    // The same wallet in another profile is another device of the same inbox.
    let tablet = world.stranger("tablet");
    let mut command = tablet.command(&["init", "--private-key-file", "-", "--json"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", lossy(&output.stderr));
    let second: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(second["inbox_id"], made["inbox_id"]);
    assert_ne!(second["installation_id"], made["installation_id"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_stays_with_its_wallet_and_key_store() {
    let world = World::new().await;
    let alice = world.person("alice");
    let before = alice.json(&["info"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), KEY).unwrap();
    let (code, error) = alice.failure(&["init", "--private-key-file", file.path().to_str().unwrap()]);
    assert_eq!((code, error["code"].as_str()), (5, Some("cli.other_wallet")));
    assert!(!error.to_string().contains(KEY));
    let (code, error) = alice.failure(&["info", "--key-store", "os"]);
    assert_eq!((code, error["code"].as_str()), (2, Some("cli.other_key_store")));
    assert_eq!(alice.json(&["info"]), before);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_init_is_completed() {
    let world = World::new().await;
    let alice = world.stranger("alice");
    // Nobody listens there: the keys are made, the account is not.
    let (code, error) = alice.with_url("http://127.0.0.1:1").failure(&["init"]);
    assert_eq!((code, error["class"].as_str()), (3, Some("network")));
    let (code, error) = alice.failure(&["info"]);
    assert_eq!((code, error["class"].as_str()), (4, Some("not_found")));
    let keys = |folder: &std::path::Path| files(&folder.join("keys"));
    let before = keys(&alice.folder());
    assert_eq!(before.len(), 2);
    let made = alice.json(&["init"]);
    assert_eq!(keys(&alice.folder()), before);
    // The server that worked is the profile's.
    assert_eq!(made["url"], world.url());
    let mut command = alice.command(&["info", "--json"]);
    let output = command.env_remove("HEXMTP_URL").output().unwrap();
    let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(info["url"], world.url());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_key_leaves_nothing_behind_and_is_not_repeated() {
    let world = World::new().await;
    let alice = world.stranger("alice");
    let file = tempfile::NamedTempFile::new().unwrap();
    let mistyped = &KEY[..63];
    std::fs::write(file.path(), mistyped).unwrap();
    let (code, error) = alice.failure(&["init", "--private-key-file", file.path().to_str().unwrap()]);
    assert_eq!((code, error["code"].as_str()), (2, Some("identity.invalid_private_key")));
    assert!(!error.to_string().contains(&mistyped[..16]));
    assert!(!alice.folder().exists());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_auto_takes_files_and_os_says_so() {
    let world = World::new().await;
    let nowhere = tempfile::tempdir().unwrap();
    let run = |name: &str, store: &str| {
        let mut command = world.stranger(name).command(&["init", "--json"]);
        let bus = format!("unix:path={}/bus", nowhere.path().display());
        command.env("HEXMTP_KEY_STORE", store).env("DBUS_SESSION_BUS_ADDRESS", bus).output().unwrap()
    };
    // Only there a keychain can be taken away from a test.
    if cfg!(target_os = "linux") {
        let output = run("alice", "auto");
        assert!(output.status.success(), "{}", lossy(&output.stderr));
        let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(made["key_store"], "file");
        let output = run("bob", "os");
        assert_eq!(output.status.code(), Some(6));
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["code"], "secret_store.backend");
        assert!(string(&error["error"]["hint"]).contains("--key-store file"));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_readable_and_no_key_is_outside_the_key_store() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let words = "the heron nests by the old mill";
    alice.json(&["dm", &bob.address(), words]);
    alice.json(&["group", "create", "--name", "Heronry committee", &bob.address()]);
    bob.json(&["sync"]);
    for person in [&alice, &bob] {
        assert!(person.json_lines(&["group", "list"]).iter().any(|line| line["name"] == "Heronry committee"));
        let mut secrets = Vec::new();
        for (path, bytes) in files(&person.folder().join("keys")) {
            let text = String::from_utf8(bytes).unwrap();
            let digits = text.lines().nth(1).unwrap_or_else(|| panic!("{}", path.display())).to_owned();
            secrets.push(hex::decode(&digits).unwrap());
            secrets.push(digits.into_bytes());
        }
        assert_eq!(secrets.len(), 4);
        let needles = [b"heron nests".to_vec(), b"Heronry".to_vec(), b"SQLite format 3".to_vec()];
        let mut looked_at = 0;
        for (path, bytes) in files(&person.folder()) {
            if path.parent().is_some_and(|folder| folder.ends_with("keys")) {
                continue;
            }
            looked_at += 1;
            for needle in needles.iter().chain(&secrets) {
                let found = bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!found, "{} holds {:?}", path.display(), lossy(needle));
            }
        }
        assert!(looked_at >= 2, "the database and the record at least");
    }
    world.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_a_profile() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new().await;
    let alice = world.person("alice");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&alice.folder()), 0o700);
    assert_eq!(mode(&alice.folder().join("keys")), 0o700);
    for (path, _) in files(&alice.folder().join("keys")) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&alice.folder().join("messages.db")), 0o600);

    // What others may have read is not used any more.
    let key = alice.folder().join("keys/database-key.secret");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, error) = alice.failure(&["info"]);
    assert_eq!((code, error["code"].as_str()), (6, Some("secret_store.unusable")));
    assert!(string(&error["causes"][0]).contains("others can read the file"), "{error}");
    assert!(string(&error["message"]).contains("keys"), "{error}");
    world.stop().await;
}
