//! Another key for a SQLite file, also with the process killed in the middle.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hexmtp_ports::store::{ChangeFeed, Maintenance, StoreError, UnitOfWork};
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};

use super::work::{attempt, check, key, push, sqlite};

fn under(n: u8) -> Encryption {
    if n == 0 { Encryption::Unencrypted } else { Encryption::Key(key(n)) }
}

/// R-STO-410
#[tokio::test]
async fn a_file_goes_from_key_to_key_and_back_to_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it's a store.db3");
    let store = sqlite(&path, under(0)).await.unwrap();
    let keys = [1, 2, 2, 0, 0, 3];
    attempt(&store, 0).await.unwrap();
    for (n, to) in (1..).zip(keys) {
        store.rekey(under(to)).await.unwrap();
        check(&store, n).await;
        attempt(&store, n).await.unwrap();
        assert_eq!(store.position().await.unwrap().0, n + 1);
        store.release().await.unwrap();
        for other in 0..4_u8 {
            let opened = sqlite(&path, under(other)).await;
            assert_eq!(opened.is_ok(), other == to, "{other} {to}");
            if let Ok(opened) = opened {
                opened.close().await.unwrap();
            }
        }
        store.reconnect().await.unwrap();
        check(&store, n + 1).await;
    }
    store.close().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something is left beside the file");
    let error = store.rekey(under(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error:?}");
}

#[tokio::test]
async fn a_file_that_somebody_else_has_open_keeps_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db3");
    let store = sqlite(&path, under(1)).await.unwrap();
    let other = sqlite(&path, under(1)).await.unwrap();
    attempt(&other, 0).await.unwrap();
    let error = store.rekey(under(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    push(&store, 1).await;
    push(&other, 2).await;
    other.close().await.unwrap();
    store.rekey(under(2)).await.unwrap();
    check(&store, 3).await;
}

#[tokio::test]
async fn what_has_no_key_to_be_changed_says_so() {
    let memory = SqlStore::open_sqlite(SqliteOptions::in_memory()).await.unwrap();
    attempt(&memory, 0).await.unwrap();
    let error = memory.rekey(under(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Backend(_)), "{error:?}");
    check(&memory, 1).await;
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(&folder.path().join("store.db3"), under(1)).await.unwrap();
    attempt(&store, 0).await.unwrap();
    let short = Encryption::Key(hexmtp_domain::Secret::new(vec![1; 16]));
    let error = store.rekey(short).await.unwrap_err();
    assert!(matches!(error, StoreError::Backend(_)), "{error:?}");
    check(&store, 1).await;
}

/// The variable that makes the test below the process that is killed; it names the file.
const VICTIM: &str = "HEXMTP_REKEY_VICTIM";

/// Changes the key for ever.
async fn be_killed(path: &Path) {
    let store = match sqlite(path, under(1)).await {
        Ok(store) => store,
        Err(_) => sqlite(path, under(2)).await.unwrap(),
    };
    say(AT_WORK);
    loop {
        for to in [2, 1] {
            store.rekey(under(to)).await.unwrap();
            say(CHANGED);
        }
    }
}

/// What the process that is killed says once the file is open, and after each change.
const AT_WORK: &str = "rekey: at work";
const CHANGED: &str = "rekey: changed";

#[allow(clippy::print_stdout, reason = "what the parent reads")]
fn say(line: &str) {
    println!("{line}");
}

/// Reads what it says up to a line, which may follow upon something that the test harness has written.
fn hear(output: &mut impl BufRead, wanted: &str) {
    let mut line = String::new();
    while !line.trim_end().ends_with(wanted) {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended without saying {wanted:?}");
    }
}

/// One of the two keys opens it, and everything is there (R-STO-411).
#[tokio::test]
async fn a_file_is_whole_after_a_crash_in_the_middle_of_a_change_of_key() {
    const COMMITS: u64 = 40;
    if let Some(path) = std::env::var_os(VICTIM) {
        return be_killed(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db3");
    let store = sqlite(&path, under(1)).await.unwrap();
    for n in 0..COMMITS {
        attempt(&store, n).await.unwrap();
    }
    store.close().await.unwrap();
    for round in 0..40_u64 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "keys::a_file_is_whole_after_a_crash_in_the_middle_of_a_change_of_key"])
            .arg("--nocapture")
            .env(VICTIM, &path)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(victim.stdout.take().unwrap());
        hear(&mut output, if round % 4 == 0 { CHANGED } else { AT_WORK });
        tokio::time::sleep(Duration::from_millis(round * 17 % 61)).await;
        victim.kill().unwrap();
        victim.wait().unwrap();
        let opened = [sqlite(&path, under(1)).await, sqlite(&path, under(2)).await];
        let [one, other] = opened.map(|opened| match opened {
            Ok(store) => Some(store),
            Err(StoreError::WrongKeyOrNotADatabase) => None,
            Err(error) => panic!("{error:?}"),
        });
        assert!(one.is_some() != other.is_some(), "both keys, or none");
        let store = one.or(other).unwrap();
        check(&store, COMMITS).await;
        store.close().await.unwrap();
        // A journal that is over may be left: SQLite removes it when it makes the next one.
        let copy = folder.path().join("store.db3-rekey");
        assert!(!copy.exists(), "a copy under another key is left behind in round {round}");
    }
}
