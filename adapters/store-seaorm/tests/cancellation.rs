//! Callers that go away in the middle of a call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use futures_util::{FutureExt, StreamExt};
use hexmtp_domain::Secret;
use hexmtp_domain::group::LeafMember;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{GroupId, InboxId, InstallationId, MessageId, Timestamp};
use hexmtp_ports::store::{
    ChangeFeed, ChangeSet, FeedPosition, MessageQuery, MessageRecord, RowChange, UnitOfWork,
};
use hexmtp_store_seaorm::{Encryption, SqlStore, SqliteOptions};

fn message(n: u8) -> MessageRecord {
    MessageRecord {
        id: MessageId::new([n; 32]),
        group_id: GroupId::new([1; 16]),
        sender: LeafMember { inbox_id: InboxId::new([1; 32]), installation_id: InstallationId::new([2; 32]) },
        sent_at: Timestamp::ZERO,
        inserted_at: Timestamp::ZERO,
        expires_at: None,
        kind: MessageKind::Application,
        delivery: DeliveryStatus::Published,
        content_type: None,
        content: Vec::new(),
        reference: None,
        idempotency_key: String::new(),
        cursor: None,
        epoch: None,
    }
}

/// A commit that was begun is finished, and tells the readers of the feed.
#[tokio::test]
async fn a_commit_whose_caller_goes_away_is_whole_and_wakes() {
    let folder = tempfile::tempdir().unwrap();
    let encryption = Encryption::Key(Secret::from([1; 32]));
    let options = SqliteOptions::file(folder.path().join("store.db3"), encryption);
    let store = SqlStore::open_sqlite(options).await.unwrap();
    let mut wake_ups = store.wake_ups();
    for n in 1..=5_u8 {
        let rows = vec![RowChange::InsertMessage(message(n))];
        let commit = store.commit(ChangeSet { rows, ..ChangeSet::default() });
        assert!(commit.now_or_never().is_none(), "the first poll does not finish a commit");
        assert_eq!(wake_ups.next().await, Some(()));
        assert_eq!(store.position().await.unwrap(), FeedPosition(n.into()));
        assert_eq!(store.message(message(n).id).await.unwrap(), Some(message(n)));
    }
    store.close().await.unwrap();
}
