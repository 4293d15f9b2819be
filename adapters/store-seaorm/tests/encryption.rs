//! What lies on the disk, and who may read it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use hexmtp_domain::Secret;
use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::{GroupId, InboxId, Timestamp, Topic};
use hexmtp_ports::store::{
    ChangeSet, ConsentQuery, DiagnosticsQuery, MlsRowChange, RejectedRecord, Revision, RowChange, Scope,
    UnitOfWork,
};
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};

const NEEDLE: &[u8] = b"something that nobody else may read";

fn key() -> Encryption {
    Encryption::Key(Secret::from([0xab; 32]))
}

fn changes() -> ChangeSet {
    let scope = Scope::Group(GroupId::new([1; 16]));
    ChangeSet {
        mls: vec![MlsRowChange { scope, key: b"row".to_vec(), value: Some(NEEDLE.repeat(100)) }],
        rows: vec![RowChange::RecordRejected(RejectedRecord {
            topic: Topic::Group(GroupId::new([1; 16])),
            cursor: hexmtp_domain::Cursor::new(hexmtp_domain::Originator(0), hexmtp_domain::SequenceId(1)),
            code: "code".to_owned(),
            detail: String::from_utf8(NEEDLE.to_vec()).unwrap(),
            at: Timestamp::ZERO,
        })],
        ..ChangeSet::expecting(scope, Revision(0))
    }
}

/// The bytes of all files of a folder: database, write-ahead log, index of the log.
fn on_disk(folder: &Path) -> Vec<u8> {
    fs::read_dir(folder).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// R-STO-016
#[tokio::test]
async fn an_encrypted_database_holds_nothing_readable() {
    for (encryption, readable) in [(key(), false), (Encryption::Unencrypted, true)] {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::file(folder.path().join("store.db3"), encryption);
        let store = SqlStore::open_sqlite(options).await.unwrap();
        store.commit(changes()).await.unwrap();
        for open in [true, false] {
            if !open {
                store.close().await.unwrap();
            }
            let bytes = on_disk(folder.path());
            assert_eq!(contains(&bytes, NEEDLE), readable, "open: {open}");
            assert_eq!(contains(&bytes, b"CREATE TABLE"), readable, "open: {open}");
            assert_eq!(contains(&bytes, b"SQLite format 3"), readable, "open: {open}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::file(folder.path().join("store.db3"), key());
    let store = SqlStore::open_sqlite(options).await.unwrap();
    store.commit(changes()).await.unwrap();
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() > 1, "there is a write-ahead log beside the database");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
}

/// A file made beforehand, for example with other permissions.
#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    for encryption in [key(), Encryption::Unencrypted] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db3");
        fs::write(&path, b"").unwrap();
        let store = SqlStore::open_sqlite(SqliteOptions::file(&path, encryption)).await.unwrap();
        store.commit(changes()).await.unwrap();
        store.close().await.unwrap();
        assert!(fs::metadata(&path).unwrap().len() > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "closing leaves one file");
    }
}

#[test]
fn the_key_is_not_shown() {
    let shown = format!("{:?}", SqliteOptions::file("store.db3", key()));
    assert!(shown.contains("store.db3"), "{shown}");
    assert!(!shown.to_lowercase().contains("abab") && !shown.contains("171"), "{shown}");
}

#[tokio::test]
async fn a_database_in_memory_works_without_a_file() {
    let store = SqlStore::open_sqlite(SqliteOptions::in_memory()).await.unwrap();
    let entity = ConsentEntity::Inbox(InboxId::new([1; 32]));
    let record = ConsentRecord { entity, state: ConsentState::Denied, at: Timestamp::ZERO };
    let rows = vec![RowChange::PutConsent(record.clone())];
    store.commit(ChangeSet { rows, ..changes() }).await.unwrap();
    assert_eq!(store.consent(&entity).await.unwrap(), Some(record));
    assert!(store.rejected(1).await.unwrap().is_empty());
    store.close().await.unwrap();
}

/// What a killed process leaves: the store goes away without being closed, its write-ahead log stays.
#[tokio::test]
async fn commits_survive_without_closing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db3");
    let store = SqlStore::open_sqlite(SqliteOptions::file(&path, key())).await.unwrap();
    store.commit(changes()).await.unwrap();
    // A copy of the files while they are open is what the next process finds.
    let copies = tempfile::tempdir().unwrap();
    for name in ["store.db3", "store.db3-wal"] {
        fs::copy(folder.path().join(name), copies.path().join(name)).unwrap();
    }
    let copy =
        SqlStore::open_sqlite(SqliteOptions::file(copies.path().join("store.db3"), key())).await.unwrap();
    assert_eq!(copy.rejected(5).await.unwrap().len(), 1);
    let loaded = copy.load(&[Scope::Group(GroupId::new([1; 16]))]).await.unwrap();
    assert_eq!(loaded[0].revision, Revision(1));
    assert_eq!(loaded[0].rows.len(), 1);
}
