//! A machine without a keychain. On other systems than these the keychain cannot be taken away from a test.

#![cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]

use std::error::Error as _;
use std::process::Command;

use hexmtp_domain::Secret;
use hexmtp_keystore_os::OsSecretStore;
use hexmtp_ports::secret_store::SecretStore as _;

const INNER: &str = "without_a_bus_for_the_session";
const MARK: &str = "HEXMTP_TEST_WITHOUT_BUS";

/// Runs the test below in a process of its own: the environment of this one is not changed while others read it.
#[test]
fn a_machine_without_a_keychain_is_recognised_and_everything_fails_cleanly() {
    let nowhere = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    for address in
        [None, Some(format!("unix:path={}/bus", nowhere.path().display())), Some("nonsense".to_owned())]
    {
        let mut command = Command::new(&program);
        command.args(["--exact", INNER, "--nocapture"]).env(MARK, "1").env("XDG_RUNTIME_DIR", nowhere.path());
        match &address {
            Some(address) => command.env("DBUS_SESSION_BUS_ADDRESS", address),
            None => command.env_remove("DBUS_SESSION_BUS_ADDRESS"),
        };
        let output = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("nothing kept"), "{address:?}: {out}{err}");
    }
}

#[tokio::test]
async fn without_a_bus_for_the_session() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    let store = OsSecretStore::new("hexmtp test");
    assert_eq!(store.probe().await.unwrap_err().code(), "secret_store.backend");
    let error = store.save("key", &Secret::from([1])).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "the keychain cannot be reached");
    assert!(store.load("key").await.is_err() && store.delete("key").await.is_err());
    println!("nothing kept");
}
