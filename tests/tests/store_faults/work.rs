//! Work for stores, such that every commit leaves a trace that shows whether it happened once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hexmtp_domain::{Cursor, MessageId, Originator, Secret, SequenceId, Timestamp, Topic};
use hexmtp_ports::store::{
    ChangeFeed, ChangeSet, DiagnosticsQuery, FeedPosition, MessageFilter, MessageQuery, MessageRecord,
    MlsRowChange, RejectedRecord, RowChange, Scope, StoreError, UnitOfWork,
};
use hexmtp_store_seaorm::{Encryption, PostgresOptions, SqlStore, SqliteOptions};
use hexmtp_tests::conformance::store::samples::{self, group};
use hexmtp_tests::postgres::TemporaryPostgres;
use tokio::time::timeout;

/// How long anything may take that ends at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// Waits for what has to happen.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens")
}

/// A key that differs with its number.
pub(crate) fn key(n: u8) -> Secret {
    Secret::from([n; 32])
}

/// A name that nobody else has.
pub(crate) fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("faults {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The database that the tests of this program share.
pub(crate) fn shared() -> String {
    TemporaryPostgres::shared().url("faults")
}

/// The installation of that name under the first key.
pub(crate) fn postgres(url: &str, installation: &str) -> PostgresOptions {
    PostgresOptions::new(url, installation, key(1)).unwrap()
}

/// A file.
pub(crate) async fn sqlite(path: &std::path::Path, encryption: Encryption) -> Result<SqlStore, StoreError> {
    let options = SqliteOptions::file(path, encryption).busy_timeout(Duration::from_millis(50));
    SqlStore::open_sqlite(options).await
}

/// A message with a number.
pub(crate) fn message(n: u64) -> MessageRecord {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&n.to_be_bytes());
    MessageRecord {
        id: MessageId::new(id),
        content: format!("message {n}").into_bytes(),
        ..samples::message(1, group(1), i64::try_from(n).unwrap())
    }
}

/// Commits one message: a scope moves on, a row of the MLS engine, a message, and a line that would be there twice if
/// this happened twice.
pub(crate) async fn attempt(store: &SqlStore, n: u64) -> Result<FeedPosition, StoreError> {
    let scope = Scope::Installation;
    let revision = store.load(&[scope]).await?.remove(0).revision;
    let line = RejectedRecord {
        topic: Topic::Group(group(1)),
        cursor: Cursor::new(Originator(0), SequenceId(n)),
        code: "code".to_owned(),
        detail: n.to_string(),
        at: Timestamp::ZERO,
    };
    let changes = ChangeSet {
        mls: vec![MlsRowChange { scope, key: n.to_be_bytes().to_vec(), value: Some(vec![1; 100]) }],
        rows: vec![RowChange::InsertMessage(message(n)), RowChange::RecordRejected(line)],
        ..ChangeSet::expecting(scope, revision)
    };
    store.commit(changes).await
}

/// Commits one message, as often as it takes. Whoever gets an error takes it that nothing has happened.
pub(crate) async fn push(store: &SqlStore, n: u64) {
    loop {
        match attempt(store, n).await {
            Ok(_) => return,
            Err(StoreError::Conflict { .. } | StoreError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// There is what so many acknowledged commits leave, and no more.
pub(crate) async fn check(store: &SqlStore, commits: u64) {
    let loaded = store.load(&[Scope::Installation]).await.unwrap().remove(0);
    assert_eq!(loaded.revision.0, commits);
    assert_eq!(loaded.rows.len() as u64, commits);
    assert_eq!(store.rejected(usize::MAX).await.unwrap().len() as u64, commits);
    let messages = store.messages(&MessageFilter::default()).await.unwrap();
    let contents: Vec<_> = messages.into_iter().map(|message| message.content).collect();
    let mut expected: Vec<_> = (0..commits).map(|n| message(n).content).collect();
    expected.sort_unstable();
    let mut sorted = contents.clone();
    sorted.sort_unstable();
    assert!(sorted == expected, "{} messages instead of {commits}", contents.len());
    let feed = store.changes_after(FeedPosition(0), usize::MAX).await.unwrap();
    let positions: Vec<_> = feed.iter().map(|entry| entry.position.0).collect();
    assert_eq!(positions, (1..=commits).collect::<Vec<_>>());
}
