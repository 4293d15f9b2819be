//! Commit logs on the network, and re-adding.

use hexmtp_domain::{Epoch, EpochAuthenticator, SequenceId};
use hexmtp_ports::store::{CommitOutcome, FeedPosition, RemoteCommitLogRecord, RowChange};

use super::samples::{LARGEST, group};
use super::samples_work::{readd, remote_line};
use super::{Stores, put};

/// Ascending by number, whatever the order of storing; the first one of a number stays (R-STO-327).
pub async fn the_remote_commit_log_keeps_the_first_of_each_number(stores: Stores) {
    let store = stores.open().await;
    let line = |number, outcome| RemoteCommitLogRecord {
        outcome,
        epoch: Epoch(LARGEST),
        commit_sequence_id: SequenceId(LARGEST),
        authenticator: EpochAuthenticator::new([255; 32]),
        ..remote_line(group(1), number)
    };
    let lines = [
        line(9, CommitOutcome::WrongEpoch),
        line(2, CommitOutcome::Undecryptable),
        line(LARGEST, CommitOutcome::Invalid),
        remote_line(group(1), 5),
        remote_line(group(2), 5),
        line(5, CommitOutcome::Invalid),
    ];
    let rows: Vec<_> = lines.iter().cloned().map(RowChange::AppendRemoteCommitLog).collect();
    assert_eq!(put(&store, rows.clone()).await, FeedPosition(0));
    put(&store, vec![RowChange::AppendRemoteCommitLog(line(2, CommitOutcome::Applied))]).await;
    put(&store, rows).await;
    let [nine, two, last, five, ..] = lines;
    let expected = [two, five, nine, last];
    let read = |after, limit| store.remote_commit_log(group(1), SequenceId(after), limit);
    assert_eq!(read(0, usize::MAX).await.unwrap(), expected);
    assert_eq!(read(0, 2).await.unwrap(), expected[..2]);
    assert_eq!(read(2, 9).await.unwrap(), expected[1..]);
    assert_eq!(read(4, 1).await.unwrap(), expected[1..2]);
    assert_eq!(read(5, 1).await.unwrap(), expected[2..3]);
    assert_eq!(read(LARGEST - 1, 9).await.unwrap(), expected[3..]);
    assert!(read(LARGEST, 9).await.unwrap().is_empty());
    assert!(read(u64::MAX, 9).await.unwrap().is_empty());
    assert!(read(0, 0).await.unwrap().is_empty());
    let other = store.remote_commit_log(group(2), SequenceId(0), 9).await.unwrap();
    assert_eq!(other, [remote_line(group(2), 5)]);
    assert!(store.remote_commit_log(group(3), SequenceId(0), 9).await.unwrap().is_empty());
}

/// By installation, one record each, the last one counts (R-STO-328).
pub async fn readding_is_put_and_replaced(stores: Stores) {
    let store = stores.open().await;
    let rows = [
        readd(group(1), 9, None, None),
        readd(group(1), 2, Some(LARGEST), Some(0)),
        readd(group(2), 2, None, Some(7)),
        readd(group(1), 5, Some(3), None),
        readd(group(1), 5, None, Some(4)),
    ];
    assert_eq!(put(&store, rows.clone().map(RowChange::PutReadd).to_vec()).await, FeedPosition(0));
    let [nine, two, elsewhere, _, five] = rows;
    assert_eq!(store.readds(group(1)).await.unwrap(), [two.clone(), five.clone(), nine]);
    assert_eq!(store.readds(group(2)).await.unwrap(), [elsewhere]);
    assert!(store.readds(group(3)).await.unwrap().is_empty());
    let answered = readd(group(1), 9, Some(1), Some(LARGEST));
    put(&store, vec![RowChange::PutReadd(answered.clone())]).await;
    assert_eq!(store.readds(group(1)).await.unwrap(), [two, five, answered]);
}
