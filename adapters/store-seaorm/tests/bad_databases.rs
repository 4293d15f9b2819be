//! Files that must not be opened: each gets its own answer and stays as it is, byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{GroupId, InboxId, InstallationId, MessageId, Secret, Timestamp};
use hexmtp_ports::store::{
    ChangeSet, MessageFilter, MessageQuery, MessageRecord, RowChange, StoreError, UnitOfWork,
};
use hexmtp_store_seaorm::{Encryption, OpenProblem, SqlStore, SqliteOptions};
use sha2::{Digest, Sha256};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

const PAGE: usize = 4096;

fn key() -> Encryption {
    Encryption::Key(Secret::from([7; 32]))
}

fn wrong_key() -> Encryption {
    Encryption::Key(Secret::from([8; 32]))
}

async fn open(path: &Path, encryption: Encryption) -> Result<SqlStore, StoreError> {
    SqlStore::open_sqlite(SqliteOptions::file(path, encryption)).await
}

fn message(n: u16) -> MessageRecord {
    let mut id = [0; 32];
    id[..2].copy_from_slice(&n.to_be_bytes());
    MessageRecord {
        id: MessageId::new(id),
        group_id: GroupId::new([1; 16]),
        sender: LeafMember { inbox_id: InboxId::new([1; 32]), installation_id: InstallationId::new([2; 32]) },
        sent_at: Timestamp::from_nanos(n.into()),
        inserted_at: Timestamp::ZERO,
        expires_at: None,
        kind: MessageKind::Application,
        delivery: DeliveryStatus::Published,
        content_type: None,
        content: b"the plaintext of a message ".repeat(20),
        reference: None,
        idempotency_key: String::new(),
        cursor: None,
        epoch: None,
    }
}

/// A database with some hundred kilobytes of messages, closed.
async fn database(encryption: Encryption) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db3");
    let store = open(&path, encryption).await.unwrap();
    let rows = (0..500).map(|n| RowChange::InsertMessage(message(n))).collect();
    store.commit(ChangeSet { rows, ..ChangeSet::default() }).await.unwrap();
    store.close().await.unwrap();
    (folder, path)
}

fn before_length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// Opens what must not open; the file must be the same afterwards, and nothing may lie beside it.
async fn refused(path: &Path, encryption: Encryption) -> StoreError {
    let before = Sha256::digest(fs::read(path).unwrap());
    let length = before_length(path);
    let error = open(path, encryption.clone()).await.map(drop);
    let error = error.expect_err(&format!("{length} bytes must not open, {encryption:?}"));
    assert!(Sha256::digest(fs::read(path).unwrap()) == before, "the file was changed");
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "there are new files");
    error
}

fn problem(error: &StoreError) -> &OpenProblem {
    error.source().and_then(|source| source.downcast_ref()).unwrap_or_else(|| panic!("{error:?}"))
}

/// Runs statements on the file as another program would.
async fn run_sql(path: &Path, statements: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// R-STO-015
#[tokio::test]
async fn a_wrong_key_or_none_is_told_and_changes_nothing() {
    let (_folder, path) = database(key()).await;
    for encryption in [wrong_key(), Encryption::Unencrypted] {
        let error = refused(&path, encryption).await;
        assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
    }
    open(&path, key()).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_key_for_a_database_that_is_not_encrypted_is_told() {
    let (_folder, path) = database(Encryption::Unencrypted).await;
    assert!(matches!(problem(&refused(&path, key()).await), OpenProblem::NotEncrypted));
}

#[tokio::test]
async fn a_key_of_the_wrong_length_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for length in [0, 16, 31, 33, 64] {
        let encryption = Encryption::Key(Secret::new(vec![1; length]));
        let error = open(&folder.path().join("x.db3"), encryption).await.unwrap_err();
        assert!(matches!(problem(&error), OpenProblem::KeyLength(found) if *found == length));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a file was made");
}

#[tokio::test]
async fn what_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for content in [b"x".to_vec(), b"some text\n".repeat(2000), vec![0; 3 * PAGE]] {
        fs::write(&path, &content).unwrap();
        for encryption in [key(), Encryption::Unencrypted] {
            let error = refused(&path, encryption).await;
            assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
        }
    }
}

/// Also when the other program uses a write-ahead log, or its tables have our names.
#[tokio::test]
async fn a_database_of_another_program_is_told() {
    let cases: [&[&'static str]; 4] = [
        &["CREATE TABLE messages (id BLOB)"],
        &["PRAGMA journal_mode = WAL", "CREATE TABLE t (a)"],
        &["PRAGMA application_id = 1", "CREATE TABLE t (a)"],
        &[
            "CREATE TABLE seaql_migrations (version TEXT)",
            "INSERT INTO seaql_migrations VALUES ('m0001_initial')",
        ],
    ];
    for statements in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db3");
        run_sql(&path, statements).await;
        let error = refused(&path, Encryption::Unencrypted).await;
        assert!(matches!(error, StoreError::ForeignSchema), "{error:?}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_told() {
    let (_folder, path) = database(Encryption::Unencrypted).await;
    run_sql(&path, &["INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 1)"]).await;
    match refused(&path, Encryption::Unencrypted).await {
        StoreError::NewerSchema { found, supported } => {
            assert_eq!((found.as_str(), supported.as_str()), ("m9999_future", "m0004_writers"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_database_of_ours_without_a_schema_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db3");
    run_sql(&path, &["PRAGMA application_id = 1752722800"]).await;
    let error = refused(&path, Encryption::Unencrypted).await;
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

/// Cut within the first page, an encrypted file cannot be told from one with another key.
#[tokio::test]
async fn a_file_that_is_cut_off_is_told() {
    for encryption in [Encryption::Unencrypted, key()] {
        let (_folder, path) = database(encryption.clone()).await;
        let whole = fs::read(&path).unwrap();
        for length in [17, 100, 600, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE, whole.len() - PAGE, whole.len() - 1]
        {
            fs::write(&path, &whole[..length]).unwrap();
            let error = refused(&path, encryption.clone()).await;
            let hidden = length < PAGE && matches!(encryption, Encryption::Key(_));
            let expected = match &error {
                StoreError::WrongKeyOrNotADatabase => hidden,
                StoreError::Corrupt(_) => !hidden,
                _ => false,
            };
            assert!(expected, "{length} of {}, {encryption:?}: {error:?}", whole.len());
        }
        fs::write(&path, &whole).unwrap();
        open(&path, encryption).await.unwrap().close().await.unwrap();
    }
}

/// The fields of the first page that say how to read the file.
#[tokio::test]
async fn damage_at_the_start_is_told() {
    let (_folder, path) = database(Encryption::Unencrypted).await;
    let whole = fs::read(&path).unwrap();
    // Page size, fractions of a page for payloads, size in pages, kind of the first b-tree page.
    for place in [16, 21, 22, 23, 28, 100] {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x20;
        fs::write(&path, &damaged).unwrap();
        let error = refused(&path, Encryption::Unencrypted).await;
        assert!(matches!(error, StoreError::Corrupt(_)), "{place}: {error:?}");
    }
    let (_folder, path) = database(key()).await;
    let whole = fs::read(&path).unwrap();
    for place in [0, 16, 100, PAGE - 1] {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let error = refused(&path, key()).await;
        assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{place}: {error:?}");
    }
}

/// One flipped bit in any page is found when that page is read, if not before, and never taken for data.
#[tokio::test]
async fn damage_in_the_middle_of_an_encrypted_database_is_told() {
    let (_folder, path) = database(key()).await;
    let whole = fs::read(&path).unwrap();
    let expected: Vec<_> = (0..500).map(message).collect();
    let mut found = 0;
    let pages = whole.len() / PAGE;
    for page in 1..pages {
        let mut damaged = whole.clone();
        damaged[page * PAGE + 1000] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let messages = match open(&path, key()).await {
            Err(error) => Err(error),
            Ok(store) => {
                let messages = store.messages(&MessageFilter::default()).await;
                store.close().await.unwrap();
                messages
            }
        };
        match messages {
            // The page holds something else than messages.
            Ok(messages) => assert!(messages == expected, "page {page}"),
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt(_)), "page {page}: {error:?}");
                found += 1;
            }
        }
    }
    assert!(found > 80, "{found} of {pages} pages");
}

/// Pages that do not fit together.
#[tokio::test]
async fn damage_to_the_structure_of_a_plain_database_is_told() {
    let (_folder, path) = database(Encryption::Unencrypted).await;
    let mut damaged = fs::read(&path).unwrap();
    // The kind of every page but the first.
    for page in 1..damaged.len() / PAGE {
        damaged[page * PAGE] = 0x55;
    }
    fs::write(&path, &damaged).unwrap();
    let error = match open(&path, Encryption::Unencrypted).await {
        Err(error) => error,
        Ok(store) => store.messages(&MessageFilter::default()).await.map(drop).expect_err("damaged messages"),
    };
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn paths_that_cannot_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path(), Encryption::Unencrypted).await.unwrap_err();
    assert!(matches!(problem(&error), OpenProblem::NotAFile(_)), "{error:?}");
    let nowhere = folder.path().join("missing/store.db3");
    let error = open(&nowhere, Encryption::Unencrypted).await.unwrap_err();
    assert!(matches!(problem(&error), OpenProblem::Inaccessible { .. }), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
