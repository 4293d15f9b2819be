//! Durable tasks, and messages of the own devices that are to be dealt with.

use hexmtp_ports::store::{FeedPosition, RowChange, SyncProgress, SyncState, TaskId, TaskRecord};

use super::samples::{TEXT, at, message_id};
use super::samples_work::{around, sync_progress, task};
use super::{Stores, put};

fn insert(records: impl IntoIterator<Item = TaskRecord>) -> Vec<RowChange> {
    records.into_iter().map(RowChange::InsertTask).collect()
}

fn id(n: u8) -> TaskId {
    TaskId([n; 32])
}

fn full_task(n: u8, due_at: i64) -> TaskRecord {
    TaskRecord {
        kind: TEXT.to_owned(),
        data: vec![0; 100_000],
        created_at: at(i64::MAX),
        expires_at: Some(at(i64::MIN)),
        attempts: u32::MAX,
        error: Some(TEXT.to_owned()),
        ..task(n, due_at)
    }
}

/// With nothing and with everything; the first one with an id stays (R-STO-322).
pub async fn a_task_is_stored_once(stores: Stores) {
    let store = stores.open().await;
    let empty =
        TaskRecord { kind: String::new(), data: Vec::new(), error: Some(String::new()), ..task(3, 0) };
    let rows = insert([task(1, 5), full_task(2, i64::MIN), empty.clone(), full_task(1, 6)]);
    assert_eq!(put(&store, rows).await, FeedPosition(0));
    put(&store, insert([full_task(1, 7)])).await;
    assert_eq!(store.task(id(1)).await.unwrap(), Some(task(1, 5)));
    assert_eq!(store.task(id(2)).await.unwrap(), Some(full_task(2, i64::MIN)));
    assert_eq!(store.task(id(3)).await.unwrap(), Some(empty));
    assert_eq!(store.task(id(4)).await.unwrap(), None);
}

/// At their moment, those that are due longest first, ties by id (R-STO-323).
pub async fn tasks_come_when_they_are_due(stores: Stores) {
    let store = stores.open().await;
    assert_eq!(store.next_due().await.unwrap(), None);
    assert!(store.due_tasks(at(i64::MAX), 9).await.unwrap().is_empty());
    let records = [task(5, 20), task(3, i64::MAX), task(4, 20), full_task(2, 10), task(1, i64::MIN)];
    put(&store, insert(records)).await;
    let due = |now, limit| {
        let store = store.clone();
        async move {
            let found = store.due_tasks(now, limit).await.unwrap();
            found.into_iter().map(|task| task.id.0[0]).collect::<Vec<_>>()
        }
    };
    for (now, expected) in around(20).into_iter().zip([&[1, 2][..], &[1, 2, 4, 5], &[1, 2, 4, 5]]) {
        assert_eq!(due(now, usize::MAX).await, expected, "{now:?}");
    }
    assert_eq!(due(at(i64::MIN), 9).await, [1]);
    assert_eq!(due(at(i64::MAX), 9).await, [1, 2, 4, 5, 3]);
    assert_eq!(due(at(i64::MAX), 3).await, [1, 2, 4]);
    assert!(due(at(i64::MAX), 0).await.is_empty());
    assert_eq!(store.due_tasks(at(10), 9).await.unwrap(), [task(1, i64::MIN), full_task(2, 10)]);
    for (gone, next) in [(1, Some(10)), (2, Some(20)), (4, Some(20)), (5, Some(i64::MAX)), (3, None)] {
        put(&store, vec![RowChange::DeleteTask(id(gone))]).await;
        assert_eq!(store.next_due().await.unwrap(), next.map(at), "{gone}");
        assert_eq!(store.task(id(gone)).await.unwrap(), None);
    }
}

/// Only what belongs to trying it changes; what is unknown is passed over.
pub async fn tasks_are_put_off(stores: Stores) {
    let store = stores.open().await;
    put(&store, insert([task(1, 5), full_task(2, 6)])).await;
    let set = |n, attempts, due, error: Option<&str>| RowChange::SetTask {
        id: id(n),
        attempts,
        due_at: at(due),
        error: error.map(str::to_owned),
    };
    put(&store, vec![set(1, 1, 50, Some("first")), set(2, 0, i64::MIN, None), set(9, 1, 1, None)]).await;
    let tried = TaskRecord { attempts: 1, due_at: at(50), error: Some("first".to_owned()), ..task(1, 5) };
    assert_eq!(store.task(id(1)).await.unwrap(), Some(tried.clone()));
    let again = TaskRecord { attempts: 0, error: None, ..full_task(2, i64::MIN) };
    assert_eq!(store.task(id(2)).await.unwrap(), Some(again.clone()));
    assert_eq!(store.task(id(9)).await.unwrap(), None);
    assert_eq!(store.due_tasks(at(50), 9).await.unwrap(), [again, tried]);
    // Put off and given up in one change set, and wanted anew.
    put(&store, vec![set(1, u32::MAX, i64::MAX, Some("")), RowChange::DeleteTask(id(1))]).await;
    put(&store, vec![RowChange::DeleteTask(id(1)), set(1, 3, 3, None)]).await;
    assert_eq!(store.task(id(1)).await.unwrap(), None);
    put(&store, insert([task(1, 8)])).await;
    assert_eq!(store.task(id(1)).await.unwrap(), Some(task(1, 8)));
}

/// The last record of a message counts, and those that are pending come by id (R-STO-324).
pub async fn sync_progress_is_put_and_replaced(stores: Stores) {
    let store = stores.open().await;
    use SyncState::{Done, Failed, Pending};
    assert_eq!(store.sync_progress(message_id(1)).await.unwrap(), None);
    let rows = [
        sync_progress(5, Pending),
        sync_progress(1, Pending),
        sync_progress(255, Pending),
        sync_progress(2, Done),
        sync_progress(3, Failed),
        sync_progress(4, Pending),
        SyncProgress { attempts: u32::MAX, ..sync_progress(4, Done) },
    ];
    assert_eq!(put(&store, rows.map(RowChange::PutSyncProgress).to_vec()).await, FeedPosition(0));
    for progress in [rows[0], rows[1], rows[2], rows[3], rows[4], rows[6]] {
        assert_eq!(store.sync_progress(progress.message_id).await.unwrap(), Some(progress));
    }
    assert_eq!(store.pending_sync_messages().await.unwrap(), [rows[1], rows[0], rows[2]]);
    let again = SyncProgress { attempts: 0, ..sync_progress(3, Pending) };
    let rows_again = [sync_progress(1, Failed), again].map(RowChange::PutSyncProgress);
    put(&store, rows_again.to_vec()).await;
    assert_eq!(store.pending_sync_messages().await.unwrap(), [again, rows[0], rows[2]]);
}
