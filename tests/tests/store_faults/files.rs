//! SQLite files that are locked, cannot be written, or have no room.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures_util::StreamExt;
use hexmtp_domain::Secret;
use hexmtp_ports::store::{ChangeFeed, Maintenance, StoreError, UnitOfWork};
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::work::{attempt, check, key, sqlite};

fn encrypted() -> Encryption {
    Encryption::Key(key(1))
}

async fn read_only(path: &Path, encryption: Encryption) -> Result<SqlStore, StoreError> {
    SqlStore::open_sqlite(SqliteOptions::file(path, encryption).read_only()).await
}

/// A closed file with so many commits in it.
async fn file(folder: &Path, encryption: Encryption, commits: u64) -> PathBuf {
    let path = folder.join("store.db3");
    let store = sqlite(&path, encryption).await.unwrap();
    for n in 0..commits {
        attempt(&store, n).await.unwrap();
    }
    store.close().await.unwrap();
    path
}

/// Whoever only reads is not kept waiting (R-STO-412).
#[tokio::test]
async fn a_lock_that_another_process_holds_is_told_after_the_time_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), Encryption::Unencrypted, 1).await;
    let store = sqlite(&path, Encryption::Unencrypted).await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    for _ in 0..2 {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let error = attempt(&store, 1).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        check(&store, 1).await;
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    }
    attempt(&store, 1).await.unwrap();
    check(&store, 2).await;
    other.close().await.unwrap();
}

/// R-STO-413
#[tokio::test]
async fn a_store_that_only_reads_answers_and_changes_nothing() {
    for encryption in [Encryption::Unencrypted, encrypted()] {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), encryption.clone(), 2).await;
        let before = std::fs::read(&path).unwrap();
        let store = read_only(&path, encryption.clone()).await.unwrap();
        check(&store, 2).await;
        for error in [attempt(&store, 2).await.unwrap_err(), store.wipe().await.unwrap_err()] {
            assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
        }
        let error = store.rekey(Encryption::Unencrypted).await.unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
        // It sees what somebody else writes, and is woken.
        let mut wake_ups = store.wake_ups();
        let writer = sqlite(&path, encryption.clone()).await.unwrap();
        attempt(&writer, 2).await.unwrap();
        assert_eq!(wake_ups.next().await, Some(()));
        check(&store, 3).await;
        writer.close().await.unwrap();
        store.release().await.unwrap();
        store.reconnect().await.unwrap();
        check(&store, 3).await;
        store.close().await.unwrap();
        assert_ne!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn nothing_is_made_for_who_only_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db3");
    let error = read_only(&path, encrypted()).await.unwrap_err();
    assert!(matches!(error, StoreError::Backend(_)), "{error:?}");
    assert!(!path.exists());
    let path = file(folder.path(), encrypted(), 1).await;
    let error = read_only(&path, Encryption::Key(Secret::from([9; 32]))).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
}

/// The variable that makes a test the process that has less than others; it names the file.
const POOR: &str = "HEXMTP_POOR_PROCESS";

/// Runs a test of this module once more, in a process that `wrap` makes poor.
fn run_poor(wrap: &[&str], executable: &Path, test: &str, path: &Path) {
    let (program, arguments) = wrap.split_first().unwrap();
    let output = Command::new(program)
        .args(arguments)
        .arg(executable)
        .args(["--exact", &format!("files::{test}"), "--nocapture"])
        .env(POOR, path)
        .current_dir("/")
        .output()
        .unwrap();
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{failed}");
}

/// Files may not grow beyond a size: what the disk says when it is full, from another mouth. Nothing is half-written,
/// and with room it goes on (R-STO-414).
#[tokio::test]
async fn a_file_that_cannot_grow_fails_commits_and_stays_whole() {
    const ROOM: u64 = 400;
    if let Some(path) = std::env::var_os(POOR) {
        return outgrow(Path::new(&path)).await;
    }
    for encryption in [Encryption::Unencrypted, encrypted()] {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), encryption.clone(), 1).await;
        // In units of 512 bytes, or of 1024 in some shells. The signal would end the process.
        let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", ROOM * 2);
        let executable = std::env::current_exe().unwrap();
        let test = "a_file_that_cannot_grow_fails_commits_and_stays_whole";
        run_poor(&["sh", "-c", &limit, "sh"], &executable, test, &path);
        let acknowledged: u64 =
            std::fs::read_to_string(path.with_extension("count")).unwrap().parse().unwrap();
        assert!(acknowledged > 1);
        let store = sqlite(&path, encryption).await.unwrap();
        check(&store, acknowledged).await;
        attempt(&store, acknowledged).await.unwrap();
        check(&store, acknowledged + 1).await;
        store.close().await.unwrap();
    }
}

/// Commits until there is no room, and notes what was acknowledged.
async fn outgrow(path: &Path) {
    let store = match sqlite(path, encrypted()).await {
        Ok(store) => store,
        Err(_) => sqlite(path, Encryption::Unencrypted).await.unwrap(),
    };
    let mut acknowledged = 1;
    let error = loop {
        match attempt(&store, acknowledged).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 100_000, "there is a limit");
    };
    assert!(matches!(error, StoreError::Full | StoreError::Unavailable(_)), "{error:?}");
    // What is there can be read.
    check(&store, acknowledged).await;
    std::fs::write(path.with_extension("count"), acknowledged.to_string()).unwrap();
}

/// By another user where this one may do everything (R-STO-415).
#[cfg(unix)]
#[tokio::test]
async fn a_file_and_a_folder_that_cannot_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;

    if let Some(path) = std::env::var_os(POOR) {
        return look(Path::new(&path)).await;
    }
    let programs = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // The other user cannot run a program in a folder of ours.
    let executable = programs.path().join("poor");
    std::fs::copy(std::env::current_exe().unwrap(), &executable).unwrap();
    let path = file(folder.path(), encrypted(), 2).await;
    set_mode(programs.path(), 0o755);
    set_mode(&executable, 0o755);
    set_mode(&path, 0o444);
    set_mode(folder.path(), 0o555);
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    let wrap: &[&str] = match is_root {
        true => &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        false => &["env"],
    };
    run_poor(wrap, &executable, "a_file_and_a_folder_that_cannot_be_written_can_be_read", &path);
    set_mode(folder.path(), 0o755);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

async fn look(path: &Path) {
    let store = read_only(path, encrypted()).await.unwrap();
    check(&store, 2).await;
    let error = attempt(&store, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
    store.close().await.unwrap();
    // Who wants to write learns it, at the latest when he does.
    let options = SqliteOptions::file(path, encrypted()).busy_timeout(Duration::from_millis(50));
    match SqlStore::open_sqlite(options).await {
        Err(StoreError::ReadOnly) => {}
        Err(error) => panic!("{error:?}"),
        Ok(store) => {
            let error = attempt(&store, 2).await.unwrap_err();
            assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
        }
    }
}
